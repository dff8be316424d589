"""The pictures of a report: what was measured, handed to the charts of all pages."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ebbtide.pages.calibration_chart import PromisedBin, calibration_chart
from ebbtide.pages.charts import line_chart
from ebbtide.pages.driver_chart import DriverBar, driver_chart
from ebbtide.pages.interval_chart import Dot, interval_chart
from training.pages.wording import rule_in_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from training.evaluation.bootstrap import Estimate
    from training.evaluation.evaluation import Evaluation, Profit
    from training.pages.report_input import Period, ShownDriver

MODEL, RULE, BEST_RULE, BY_LOT = "model", "simple rule", "best simple rule", "drawn by lot"

AUC_AXIS = "how often a leaver is ranked above a stayer (AUC)"


def ranking_chart(evaluation: Evaluation) -> str:
    """Return the model's AUC beside that of every rule, the best first; chance has no dot."""
    rivals = sorted(evaluation.rivals.items(), key=lambda each: each[1].auc.value, reverse=True)
    dots = [_dot("this model", MODEL, evaluation.measures["auc"])]
    dots += [
        _dot(rule_in_words(name), RULE, rival.auc) for name, rival in rivals if name != "dummy"
    ]
    best = evaluation.best_rule
    return interval_chart(
        dots,
        x_title=AUC_AXIS,
        x_format=".3~f",
        rule_at=None if best is None else evaluation.rivals[best].auc.value,
        rule_label="best rule",
    )


def periods_chart(periods: Sequence[Period]) -> str:
    """Return the AUC of each period, beside the best rule there."""
    dots = []
    for period in periods:
        dots.append(_dot(period.day, MODEL, period.auc))
        if period.best_rule_auc is not None:
            dots.append(_dot(period.day, BEST_RULE, period.best_rule_auc))
    return interval_chart(dots, x_title=AUC_AXIS, x_format=".3~f")


def promises_chart(evaluation: Evaluation) -> str:
    """Return promised against realised share, and how many were promised what."""
    bins = [
        PromisedBin(n=b.n, promised=b.promised, realised=b.came, low=b.low, high=b.high)
        for b in evaluation.bins
    ]
    return calibration_chart(bins, [(bar.low, bar.high, bar.n) for bar in evaluation.histogram])


def gains_chart(evaluation: Evaluation) -> str:
    """Return the share of leavers found by the share of customers contacted."""
    series = {MODEL: [(point.contacted, point.found) for point in evaluation.gains]}
    by_rule = [
        (point.contacted, point.found_by_rule)
        for point in evaluation.gains
        if point.found_by_rule is not None
    ]
    if by_rule:
        series[BEST_RULE] = by_rule
    series[BY_LOT] = [(0.0, 0.0), (1.0, 1.0)]
    return line_chart(
        series,
        x_title="share of customers contacted, riskiest first",
        y_title="share of all leavers found",
        x_format=".0%",
        y_format=".0%",
        faint={BY_LOT},
    )


def profit_chart(profit: Profit, currency: str) -> str:
    """Return the profit for each customer by the share contacted, with the best cut."""
    best = profit.mpc_share.value
    return line_chart(
        {"profit": [(point.contacted, point.profit) for point in profit.curve]},
        x_title="share of customers contacted, riskiest first",
        y_title=f"profit for each customer of all{f', {currency}' if currency else ''}",
        x_format=".0%",
        y_format=",~r",
        rule_at=best,
        rule_label=f"best: {best:.0%}",
    )


def drivers_chart(drivers: Sequence[ShownDriver], *, has_direction: bool) -> str:
    """Return what moves the scores, the strongest first."""
    return driver_chart(
        [DriverBar(label=d.name, share=d.share, direction=d.direction) for d in drivers],
        has_direction=has_direction,
    )


def _dot(row: str, series: str, of: Estimate) -> Dot:
    known = math.isfinite(of.low) and math.isfinite(of.high)
    return Dot(
        row=row,
        series=series,
        value=of.value,
        low=of.low if known else None,
        high=of.high if known else None,
    )
