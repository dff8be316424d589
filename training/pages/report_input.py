"""Everything that the report of a model shows, as plain data.

Where it comes from is for ``training.pages.from_bundle``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from training.evaluation.bootstrap import Estimate
    from training.evaluation.evaluation import Evaluation


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
    auc : of the model; without an interval where probabilities could not be judged.
    best_rule_auc : of the best simple rule there; None where it is not known.
    """

    day: str
    auc: Estimate
    best_rule_auc: Estimate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownDriver:
    """Something that moves the scores.

    Parameters
    ----------
    name : of a feature, a family or a cause, in words.
    share : of all that moves scores, in [0, 1].
    direction : 1 where risk rises with the value, -1 where it falls, 0 where neither.
    meaning : of a feature, in a sentence; empty for a group.
    is_category : whether its values are words, which are neither high nor low.
    """

    name: str
    share: float
    direction: int = 0
    meaning: str = ""
    is_category: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownDrivers:
    """What moves the scores, the strongest first.

    Parameters
    ----------
    n_rows : customers that it was found on.
    features : the strongest features.
    families, causes : groups of features, all of them; no families where each is one feature.
    """

    n_rows: int
    features: Sequence[ShownDriver]
    families: Sequence[ShownDriver]
    causes: Sequence[ShownDriver]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataWindow:
    """What a model learned from.

    Parameters
    ----------
    trained_as_of : day up to which the data were used; empty without dates.
    snapshots : days of the snapshots with a known outcome, earliest first; empty without dates.
    rows, customers : rows of all snapshots, and different customers.
    features, families : how many features, and the names of their families, if they have any.
    lookback_days : how far back they look; 0 where the company computed them.
    newest_customers : how many lived at the newest snapshot.
    tables : rows, first and last day of each table, by name.
    """

    trained_as_of: str
    snapshots: Sequence[str]
    rows: int
    customers: int
    features: int
    families: Sequence[str]
    lookback_days: int
    newest_customers: int
    tables: Sequence[tuple[str, int, str, str]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportInput:
    """A model and what is known of it.

    Parameters
    ----------
    project : its name.
    version : of the registry; empty where it is not registered.
    bundle_version : of the artefact.
    kind : of the model.
    made_by : its recipe, or the weights of a blend, by name.
    churn_is : the churn definition in a sentence.
    definition : its code.
    grade : what it is worth.
    gate : ``passed``, why it may not serve, or None where it was not judged.
    evaluation : at the latest period.
    day : of that period; empty without dates.
    checked_on : whose outcomes the probabilities were checked on.
    window : what it learned from.
    tried : every kind of model of the same training.
    periods : earliest first.
    drivers : what moves its scores.
    level : which level is expected of the coming window, and why; empty where none was foreseen.
    limits : beyond those of every model, in words.
    lineage : names and values, in the order shown.
    currency : of money.
    """

    project: str
    version: str
    bundle_version: str
    kind: str
    made_by: Mapping[str, object]
    churn_is: str
    definition: str
    grade: ShownGrade
    gate: str | None
    evaluation: Evaluation
    day: str
    checked_on: str
    window: DataWindow
    tried: Sequence[Tried]
    periods: Sequence[Period]
    drivers: ShownDrivers
    level: str = ""
    limits: Sequence[str] = ()
    lineage: Sequence[tuple[str, str]] = ()
    currency: str = ""

    @property
    def is_dated(self) -> bool:
        """Whether rows have dates, so that later customers could be tested on."""
        return bool(self.day)
