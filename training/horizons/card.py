"""What a model card says of risk by day: the check, and what could not be learned."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ebbtide.clock import day_in_words

if TYPE_CHECKING:
    from training.horizons.check import DayCheck
    from training.horizons.fit import HorizonFit


def horizon_lines(fit: HorizonFit, *, time_zone: str) -> list[str]:
    """Return the lines of a section in Markdown; none where risk by day was not asked for.

    Parameters
    ----------
    fit : what was learned.
    time_zone : IANA name of the zone in which days are shown.

    Examples
    --------
    >>> from training.horizons.fit import HorizonFit
    >>> horizon_lines(HorizonFit(model=None, left_out={"day 30": "too few left"}), time_zone="UTC")
    ['## Risk by day', '', 'Not learned: day 30 (too few left).']
    >>> horizon_lines(HorizonFit(model=None), time_zone="UTC")
    []
    """
    if fit.model is None and not fit.left_out:
        return []
    lines = ["## Risk by day", ""]
    if fit.model is not None:
        days = ", ".join(str(day) for day in fit.model.days)
        lines += [
            f"By days {days} after the start of the outcome window; the risk by day "
            f"{fit.model.anchor_day} is the probability of churn.",
            "",
        ]
    if fit.checks:
        judged = day_in_words(fit.checks[0].as_of, time_zone=time_zone)
        lines += [
            f"Checked on customers as of {judged}, by a model of what had matured before:",
            "",
            "| day | among | customers | promised | came | AUC |",
            "|---|---|---|---|---|---|",
            *(_row(check) for check in fit.checks),
            "",
        ]
    elif fit.model is not None:
        lines += ["Not checked at a later period: the log is too short.", ""]
    if fit.left_out:
        named = "; ".join(f"{what} ({why})" for what, why in fit.left_out.items())
        lines.append(f"Not learned: {named}.")
    return lines


def _row(check: DayCheck) -> str:
    rank = "-" if math.isnan(check.auc) else f"{check.auc:.3f}"
    return (
        f"| {check.day} | {check.among} | {check.customers:,} | {check.promised:.1%} | "
        f"{check.came:.1%} | {rank} |"
    )
