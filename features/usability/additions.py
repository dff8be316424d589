"""What each table and column that is not there would add: families and numbers of features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ebbtide.contracts.tables import TABLES
from features.catalogue.catalogue import CATALOGUE, features_present

if TYPE_CHECKING:
    from collections.abc import Mapping, Set


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """A table, or columns of one, and what they would add."""

    table: str
    columns: tuple[str, ...]
    """Empty where the whole table is absent."""
    meaning: str
    families: tuple[str, ...]
    """Of features that would be there."""
    n_features: int


def additions(columns: Mapping[str, Set[str]]) -> list[Addition]:
    """Return what absent tables and columns would add, the most first.

    Parameters
    ----------
    columns : the columns of each table that is there.

    Examples
    --------
    >>> had = {"transactions": {"customer_id", "occurred_at", "amount"}}
    >>> "complaints" in [addition.table for addition in additions(had)]
    True
    """
    there = {feature.name for feature in features_present(columns)}
    absent: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for feature in CATALOGUE:
        if feature.name in there:
            continue
        table = feature.contract.table
        lacking = set(feature.columns) - columns[table] if table in columns else set()
        absent.setdefault((table, tuple(sorted(lacking))), []).append(feature.contract.family)
    found = [
        Addition(
            table=table,
            columns=lacking,
            meaning=_meaning(table, lacking),
            families=tuple(dict.fromkeys(families)),
            n_features=len(families),
        )
        for (table, lacking), families in absent.items()
    ]
    return sorted(found, key=lambda addition: -addition.n_features)


def _meaning(table: str, lacking: tuple[str, ...]) -> str:
    contract = TABLES[table]
    if not lacking:
        return contract.meaning
    return "; ".join(contract.column(name).meaning for name in lacking if name in contract.names)
