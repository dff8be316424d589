"""Everything that the report of a model shows, as plain data.

Where it comes from is for ``training.pages.from_bundle``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from training.pages.measured import Measured, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownGrade:
    """The grade of a model.

    Parameters
    ----------
    letter : A to F; None where none could be given.
    reasons : why, in words.
    """

    letter: str | None
    reasons: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A kind of model that was tried.

    Parameters
    ----------
    kind : of the model.
    is_served : whether it was the one chosen.
    mean_auc : over the periods at which it was tested; None if it failed.
    measures : at the latest period, by name.
    failed : why there is none; empty if it was fitted.
    """

    kind: str
    is_served: bool
    mean_auc: float | None = None
    measures: Mapping[str, float] = field(default_factory=dict)
    failed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """How well customers of a period were ranked by a model that knew no outcome after it.

    Parameters
    ----------
    day : of the period.
    auc : of the model.
    best_rule_auc : of the best simple rule there; None where it is not known.
    """

    day: str
    auc: Value
    best_rule_auc: Value | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownDriver:
    """Something that moves the scores.

    Parameters
    ----------
    name : of a feature, a family or a cause, in words.
    share : of all that moves scores, in [0, 1].
    direction : 1 where risk rises with the value, -1 where it falls, 0 where neither.
    meaning, family, cause : of a feature; empty for a group.
    """

    name: str
    share: float
    direction: int = 0
    meaning: str = ""
    family: str = ""
    cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drivers:
    """What moves the scores, the strongest first: single features, and groups of them."""

    features: Sequence[ShownDriver] = ()
    families: Sequence[ShownDriver] = ()
    causes: Sequence[ShownDriver] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DataWindow:
    """What a model learned from.

    Parameters
    ----------
    trained_as_of : day up to which the data were used, or that there are no dates.
    snapshots : days of the snapshots with a known outcome, earliest first; empty without dates.
    rows, customers : rows of all snapshots, and different customers.
    features, families : how many features, and the names of their families.
    lookback_days : how far back they look.
    newest_customers : how many lived at the newest snapshot.
    """

    trained_as_of: str
    snapshots: Sequence[str]
    rows: int
    customers: int
    features: int
    families: Sequence[str]
    lookback_days: int
    newest_customers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportInput:
    """A model and what is known of it.

    Parameters
    ----------
    project : its name.
    version : of the registry; empty where it is not registered.
    bundle_version : of the artefact.
    kind : of the model.
    churn_is : the churn definition in a sentence.
    definition : its code.
    grade : None where the bundle holds none.
    gate : ``passed``, why it may not serve, or None where it was not judged.
    measured : out of time; its measures alone are always there.
    checked_on : whose outcomes the probabilities were checked on.
    is_dated : whether rows have dates.
    level : what is expected of the season, in words; empty where nothing was recorded.
    limits : beyond those of every model, in words.
    lineage : names and values, in the order shown.
    currency : of money.
    """

    project: str
    version: str
    bundle_version: str
    kind: str
    churn_is: str
    definition: str
    grade: ShownGrade | None
    gate: str | None
    measured: Measured
    checked_on: str
    window: DataWindow
    tried: Sequence[Tried] = ()
    periods: Sequence[Period] = ()
    drivers: Drivers | None = None
    is_dated: bool = True
    level: str = ""
    limits: Sequence[str] = ()
    lineage: Sequence[tuple[str, str]] = ()
    currency: str = ""
