"""What was measured of a model on customers of one period: the record that others read.

It goes as plain data into the bundle's manifest, MLflow and the report; ``docs/evaluation.md`` says
what each figure means.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from training.evaluation.bootstrap import Estimate
    from training.evaluation.profit import Campaign
    from training.evaluation.promises import PromiseBin
    from training.evaluation.slices import LeftOut, Slice

_DECIMALS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """A simple rule beside the model: its AUC, and that of the model less its own, paired."""

    auc: Estimate
    difference: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class GainsPoint:
    """How many of the leavers are found where so many customers are contacted.

    Parameters
    ----------
    contacted : share of customers, those at highest risk first.
    found : share of the leavers among them.
    found_by_rule : the same by the best rule; None where there is no rule.
    """

    contacted: float
    found: float
    found_by_rule: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfitPoint:
    """What it earns to contact a share of customers, currency for each customer of all."""

    contacted: float
    profit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Profit:
    """What a campaign led by the model earns, currency for each customer of all.

    Parameters
    ----------
    mpc, mpc_share : maximum profit at the save rate to be expected, and the share contacted.
    empc, empc_share : expectation of the maximum profit over save rates, and of that share.
    empc_of_rule, empc_difference : the same led by the best rule, and model less rule, paired.
    curve : profit by share contacted, at the save rate to be expected.
    assumptions : the campaign.
    """

    mpc: Estimate
    mpc_share: Estimate
    empc: Estimate
    empc_share: Estimate
    empc_of_rule: Estimate | None
    empc_difference: Estimate | None
    curve: tuple[ProfitPoint, ...]
    assumptions: Campaign


@dataclass(frozen=True, slots=True, kw_only=True)
class HistogramBar:
    """How many customers were promised a probability within an interval."""

    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """A model on customers of one period, whose outcomes it did not know.

    Parameters
    ----------
    as_of : instant of the period; None for a table without dates.
    n, n_churned : customers, and how many of them left.
    capacity_share : share of customers on a list of the usual length.
    measures : of the model, by name.
    calibration_error_by_chance : the error that promises without fault would show.
    rivals : every simple rule, by name.
    best_rule : the one with the highest AUC; None without rules.
    profit : what the model earns.
    gains : how much it finds.
    bins : promised beside realised shares.
    histogram : of the promises.
    slices, left_out : some of the customers.
    slices_missing : attributes that were asked for and are not there.
    resamples, seed : behind the intervals.
    """

    as_of: datetime | None
    n: int
    n_churned: int
    capacity_share: float
    measures: Mapping[str, Estimate]
    calibration_error_by_chance: float
    rivals: Mapping[str, Rival]
    best_rule: str | None
    profit: Profit
    gains: tuple[GainsPoint, ...]
    bins: tuple[PromiseBin, ...]
    histogram: tuple[HistogramBar, ...]
    slices: tuple[Slice, ...]
    left_out: tuple[LeftOut, ...]
    slices_missing: tuple[str, ...]
    resamples: int
    seed: int

    @property
    def difference(self) -> Estimate | None:
        """AUC of the model less that of the best rule, paired; None without rules."""
        return None if self.best_rule is None else self.rivals[self.best_rule].difference

    def to_json(self) -> dict[str, Any]:
        """Return plain data; what could not be measured is null, figures have six decimals."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {key: _plain(each) for key, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
        case float():
            return round(value, _DECIMALS) if math.isfinite(value) else None
        case datetime():
            return value.isoformat()
        case _:
            return value
