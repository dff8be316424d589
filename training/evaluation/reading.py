"""Read an evaluation back from the plain data that a bundle holds.

The other way is :meth:`training.evaluation.evaluation.Evaluation.to_json`.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import TYPE_CHECKING, Any

from training.evaluation.bootstrap import Estimate
from training.evaluation.evaluation import (
    Evaluation,
    GainsPoint,
    HistogramBar,
    Profit,
    ProfitPoint,
    Rival,
)
from training.evaluation.profit import Campaign
from training.evaluation.promises import PromiseBin
from training.evaluation.slices import LeftOut, Slice

if TYPE_CHECKING:
    from collections.abc import Mapping


def evaluation_from_json(read: Mapping[str, Any]) -> Evaluation:
    """Return an evaluation; what could not be measured, null in the data, is NaN.

    Parameters
    ----------
    read : as :meth:`~training.evaluation.evaluation.Evaluation.to_json` wrote it.

    Raises
    ------
    KeyError, TypeError, ValueError
        If there is another thing in it.
    """
    return Evaluation(
        as_of=None if read["as_of"] is None else datetime.fromisoformat(read["as_of"]),
        n=read["n"],
        n_churned=read["n_churned"],
        capacity_share=read["capacity_share"],
        measures={name: _estimate(each) for name, each in read["measures"].items()},
        calibration_error_by_chance=read["calibration_error_by_chance"],
        rivals={
            name: Rival(auc=_estimate(each["auc"]), difference=_estimate(each["difference"]))
            for name, each in read["rivals"].items()
        },
        best_rule=read["best_rule"],
        profit=_profit(read["profit"]),
        gains=tuple(GainsPoint(**each) for each in read["gains"]),
        bins=tuple(PromiseBin(**each) for each in read["bins"]),
        histogram=tuple(HistogramBar(**each) for each in read["histogram"]),
        slices=tuple(_slice(each) for each in read["slices"]),
        left_out=tuple(LeftOut(**each) for each in read["left_out"]),
        slices_missing=tuple(read["slices_missing"]),
        resamples=read["resamples"],
        seed=read["seed"],
    )


def _profit(read: Mapping[str, Any]) -> Profit:
    of_rule, difference = read["empc_of_rule"], read["empc_difference"]
    return Profit(
        mpc=_estimate(read["mpc"]),
        mpc_share=_estimate(read["mpc_share"]),
        empc=_estimate(read["empc"]),
        empc_share=_estimate(read["empc_share"]),
        empc_of_rule=None if of_rule is None else _estimate(of_rule),
        empc_difference=None if difference is None else _estimate(difference),
        curve=tuple(ProfitPoint(**each) for each in read["curve"]),
        assumptions=Campaign(**read["assumptions"]),
    )


def _slice(read: Mapping[str, Any]) -> Slice:
    estimates = {name: _estimate(read[name]) for name in ("gap", "auc", "selected", "found")}
    differences = {
        name: _number(read[name])
        for name in ("auc_difference", "selected_difference", "found_difference")
    }
    return Slice(**{**read, **estimates, **differences})


def _estimate(read: Mapping[str, float | None]) -> Estimate:
    return Estimate(
        value=_number(read["value"]), low=_number(read["low"]), high=_number(read["high"])
    )


def _number(read: float | None) -> float:
    return math.nan if read is None else read
