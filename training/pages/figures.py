"""The pictures of a report: what was measured, handed to the charts of all pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ebbtide.pages.calibration_chart import calibration_chart
from ebbtide.pages.charts import line_chart
from ebbtide.pages.driver_chart import DriverBar, driver_chart
from ebbtide.pages.interval_chart import Dot, interval_chart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from training.pages.measured import Measured, Profit, Value
    from training.pages.report_input import Period, ShownDriver

MODEL, RULE, BY_LOT = "model", "simple rule", "drawn by lot"
MOST_BARS = 12
"""Drivers that one chart shows; the table beside it names as many."""


def ranking_chart(measured: Measured) -> str:
    """Return the model's AUC beside that of every rule, the best first."""
    rivals = sorted(measured.rivals, key=lambda rival: rival.auc.value, reverse=True)
    dots = [_dot("this model", MODEL, measured.measures["auc"])]
    dots += [_dot(rival.name, RULE, rival.auc) for rival in rivals]
    best = measured.best_rival
    return interval_chart(
        dots,
        x_title="how often a leaver is ranked above a stayer (AUC)",
        x_format=".2f",
        rule_at=None if best is None else best.auc.value,
        rule_label="best rule",
    )


def periods_chart(periods: Sequence[Period]) -> str:
    """Return the AUC of each period, beside the best rule there."""
    dots = []
    for period in periods:
        dots.append(_dot(period.day, MODEL, period.auc))
        if period.best_rule_auc is not None:
            dots.append(_dot(period.day, "best simple rule", period.best_rule_auc))
    return interval_chart(
        dots, x_title="how often a leaver is ranked above a stayer (AUC)", x_format=".2f"
    )


def slices_chart(measured: Measured, attribute: str) -> str:
    """Return the AUC of each part of the customers by one attribute, and of all."""
    dots = [_dot("all customers", "all", measured.measures["auc"])]
    dots += [
        _dot(part.level, "part", part.auc)
        for part in measured.slices
        if part.attribute == attribute and part.auc is not None
    ]
    return interval_chart(
        dots,
        x_title="how often a leaver is ranked above a stayer (AUC)",
        x_format=".2f",
        rule_at=measured.measures["auc"].value,
        rule_label="all",
    )


def promises_chart(measured: Measured) -> str:
    """Return promised against realised share."""
    return calibration_chart(measured.bins, measured.histogram)


def gains_chart(measured: Measured) -> str:
    """Return the share of leavers found by the share of customers contacted."""
    series = {MODEL: [(point.contacted, point.found) for point in measured.gains]}
    by_rule = [
        (point.contacted, point.found_by_rule)
        for point in measured.gains
        if point.found_by_rule is not None
    ]
    if by_rule:
        series["best simple rule"] = by_rule
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
    return line_chart(
        {"profit": list(profit.curve)},
        x_title="share of customers contacted, riskiest first",
        y_title=f"profit per customer of all{f', {currency}' if currency else ''}",
        x_format=".0%",
        y_format=",.2f",
        rule_at=profit.best_share,
        rule_label=f"best: {profit.best_share:.0%}",
    )


def drivers_chart(drivers: Sequence[ShownDriver], *, has_direction: bool) -> str:
    """Return what moves the scores, the strongest first."""
    return driver_chart(
        [
            DriverBar(label=driver.name, share=driver.share, direction=driver.direction)
            for driver in drivers[:MOST_BARS]
        ],
        has_direction=has_direction,
    )


def _dot(row: str, series: str, value: Value) -> Dot:
    return Dot(row=row, series=series, value=value.value, low=value.low, high=value.high)
