"""The contract of a snapshot table: what kind each column is of, and which values it may hold.

It is inferred once from data (``features.snapshot_table.inference``), written to a file that a
person may edit (``ebbtide.contracts.snapshot_table_file``), and later data are checked against it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

from ebbtide.contracts.feature import FeatureContract
from ebbtide.contracts.learned import Learned
from ebbtide.words import Words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ebbtide.causes import Cause
    from ebbtide.contracts.learned import LearnedKind

ColumnKind = Literal["number", "category", "flag", "ignored"]

KINDS: tuple[ColumnKind, ...] = get_args(ColumnKind)

TABLE = "snapshot_table"
"""Name of the table in findings and features."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnContract:
    """What one column holds.

    Parameters
    ----------
    name : of the column, as in the table.
    kind : ``number``, ``category``, ``flag`` (a category of no and yes), or ``ignored``.
    null_share : share of rows without a value, in [0, 1].
    low, high : limits of a number; inferred ones are rounded outwards.
    categories : rows of each category, by its text; no before yes for a flag.
    unit : of a number, where a person gave one.
    cause : what the evidence may point at, where a person said so.
    why : why it is ignored.
    """

    name: str
    kind: ColumnKind
    null_share: float = 0.0
    low: float | None = None
    high: float | None = None
    categories: Mapping[str, int] = field(default_factory=dict)
    unit: str = ""
    cause: Cause = "rival_or_unknown"
    why: str = ""

    @property
    def learned(self) -> Learned:
        """The values that may be learned from."""
        assert self.kind != "ignored", "an ignored column has no values"
        kind: LearnedKind = self.kind
        return Learned(
            kind=kind,
            categories=tuple(self.categories),
            low=self.low,
            high=self.high,
            had_null=self.null_share > 0,
        )

    @property
    def feature(self) -> FeatureContract:
        """The column as a feature of a model."""
        shown = self.name.replace("{", "{{").replace("}", "}}")
        if self.kind == "number":
            unit = f" {self.unit}".replace("{", "{{").replace("}", "}}") if self.unit else ""
            reason = Words(f"{shown} is {{value}}{unit}", f"{shown} 为 {{value}}{unit}")
        else:
            reason = Words(f"{shown} is {{value}}", f"{shown} 为 {{value}}")
        return FeatureContract(
            name=self.name,
            family=self.name,
            table=TABLE,
            unit=self.unit or self.kind,
            meaning=f"Column {self.name} of the snapshot table.",
            reason=reason,
            cause=self.cause,
            when_null=Words(f"{self.name} is not known", f"{self.name} 未知"),
            learned=self.learned,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TableContract:
    """The contract of a snapshot table.

    Parameters
    ----------
    rows : how many rows it was inferred from.
    columns : every column without a role, in the order of the table.
    """

    rows: int
    columns: tuple[ColumnContract, ...]

    @property
    def used(self) -> tuple[ColumnContract, ...]:
        """The columns that models see."""
        return tuple(column for column in self.columns if column.kind != "ignored")

    @property
    def features(self) -> tuple[FeatureContract, ...]:
        """The columns that models see, as features."""
        return tuple(column.feature for column in self.used)


def features_version(features: Sequence[FeatureContract]) -> str:
    """Return a hash that is equal exactly where rows of values mean the same."""
    said = [[f.name, asdict(f.learned) if f.learned else None] for f in features]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:12]
