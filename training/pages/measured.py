"""What was measured of a model, as a page shows it: plain data, read from a bundle's manifest.

Nothing is measured here; ``training.evaluation`` does that and says what each number means.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ebbtide.pages.calibration_chart import PromisedBin


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A measure, with its 95% interval where one was computed."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """A simple rule beside the model, on the same customers.

    Parameters
    ----------
    name : of the rule.
    auc : its own.
    difference : AUC of the model less its own, paired.
    """

    name: str
    auc: Value
    difference: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class GainsPoint:
    """How much is found where the customers at highest risk are contacted first.

    Parameters
    ----------
    contacted : share of all customers.
    found : share of all leavers that is among them.
    found_by_rule : the same by the best rule; None where it is not known.
    """

    contacted: float
    found: float
    found_by_rule: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Profit:
    """What contacting is worth under the assumptions stated.

    Parameters
    ----------
    curve : share contacted, and profit per customer of all.
    best_share, best_profit : the cut with the highest profit.
    mpc, empc : maximum profit, and its expectation over what is uncertain.
    assumptions : such as the value of a customer and the cost of a contact, by name.
    """

    curve: Sequence[tuple[float, float]]
    best_share: float
    best_profit: float
    mpc: Value | None = None
    empc: Value | None = None
    assumptions: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Some of the customers, such as those of a region.

    Parameters
    ----------
    attribute, level : what they share.
    n : how many.
    is_too_small : whether nothing more is said of them.
    churned, promised : share that left, and mean probability.
    auc : how well they are ranked among themselves.
    selected : share of them among those that a list of the usual length would hold.
    found : share of their leavers that such a list holds.
    """

    attribute: str
    level: str
    n: int
    is_too_small: bool = False
    churned: float | None = None
    promised: float | None = None
    auc: Value | None = None
    selected: float | None = None
    found: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A model on customers of one period, whose outcomes it did not know.

    Parameters
    ----------
    period : their day, or a word where rows have no dates.
    n, n_churned : how many, and how many of them left.
    measures : by name.
    rivals : every simple rule.
    bins : promised and realised, by groups of like promise.
    histogram : lower end, upper end and customers of each interval of probability.
    gains, profit, slices : as far as they were measured.
    capacity_share : share of customers that a list of the usual length holds.
    """

    period: str
    n: int
    n_churned: int
    measures: Mapping[str, Value]
    rivals: Sequence[Rival] = ()
    bins: Sequence[PromisedBin] = ()
    histogram: Sequence[tuple[float, float, float]] = ()
    gains: Sequence[GainsPoint] = ()
    profit: Profit | None = None
    slices: Sequence[Slice] = ()
    capacity_share: float | None = None

    @property
    def best_rival(self) -> Rival | None:
        """The rule with the highest AUC; None where no rule was tried."""
        return max(self.rivals, key=lambda rival: rival.auc.value, default=None)

    @property
    def churned_share(self) -> float:
        """Share of the customers that left."""
        return self.n_churned / self.n if self.n else 0.0
