"""The tables and sentences of a study, in the words that the terminal and the page share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from training.definition_lab.recommendation import covering

if TYPE_CHECKING:
    from collections.abc import Sequence

    from training.definition_lab.cost import RoundCost
    from training.definition_lab.quality import Quality
    from training.definition_lab.study import Study

Row = tuple[str, ...]

NONE = "–"

HORIZON_COLUMNS = (
    "horizon",
    "churned",
    "false goodbyes",
    "unlike now",
    "unlike longer",
    "leavers in test",
    "AUC",
    "best rule",
    "calib. error",
    "loss",
    "days until known",
)
LABEL_COLUMNS = (
    "horizon, days",
    "churned",
    "between snapshots",
    "false, newly churned",
    "false, all churned",
    "back in another horizon",
    "unlike now",
    "unlike next longer",
)


def share(value: float | None, *, digits: int = 1) -> str:
    """Return a share as a percentage, or a dash.

    Examples
    --------
    >>> share(0.1234), share(None)
    ('12.3%', '–')
    """
    return NONE if value is None else f"{value:.{digits}%}"


def horizon_rows(study: Study) -> list[Row]:
    """Return a row for each horizon at the project's gap, with everything in short."""
    return [
        (
            str(each.labels.horizon_days),
            share(each.labels.churned_share),
            share(each.labels.false_news_share),
            share(each.labels.flips_from_present),
            share(each.labels.flips_from_longer),
            *_quality_cells(each.quality),
            NONE if each.cost is None else f"{each.cost.total:,.0f}",
            str(each.labels.days_until_known),
        )
        for each in study.at_present_gap
    ]


def label_rows(study: Study) -> list[Row]:
    """Return a row for each horizon at the project's gap: what it says of the customers."""
    return [
        (
            str(labels.horizon_days),
            share(labels.churned_share),
            f"{share(labels.churned_low, digits=0)} to {share(labels.churned_high, digits=0)}",
            share(labels.false_news_share),
            share(labels.false_goodbye_share),
            share(labels.back_within_another_horizon),
            share(labels.flips_from_present),
            share(labels.flips_from_longer),
        )
        for labels in (each.labels for each in study.at_present_gap)
    ]


def _quality_cells(quality: Quality | None) -> Row:
    if quality is None:
        return (NONE,) * 4
    return (
        f"{quality.leavers:,}",
        f"{quality.auc.mean:.3f}",
        f"{quality.rule_auc:.3f}",
        f"{quality.calibration_error:.3f}",
    )


def flip_rows(study: Study) -> tuple[Row, list[Row]]:
    """Return columns and rows of the share of labels unlike the project's, by horizon and gap."""
    found = {
        (each.labels.horizon_days, each.labels.gap_days): each.labels.flips_from_present
        for each in study.studied
    }
    columns = ("horizon, days", *(f"gap {gap} days" for gap in study.grid.gaps))
    return columns, [
        (str(horizon), *(share(found[horizon, gap]) for gap in study.grid.gaps))
        for horizon in study.grid.horizons
    ]


def quality_rows(study: Study) -> tuple[Row, list[Row]]:
    """Return columns and rows of the AUC of a quick model, by horizon and gap."""
    found = {
        (each.labels.horizon_days, each.labels.gap_days): each.quality for each in study.studied
    }
    columns = ("horizon, days", *(f"gap {gap} days" for gap in study.grid.gaps))

    def cell(horizon: int, gap: int) -> str:
        quality = found[horizon, gap]
        return NONE if quality is None else f"{quality.auc.mean:.3f} ({quality.gain.mean:+.3f})"

    return columns, [
        (str(horizon), *(cell(horizon, gap) for gap in study.grid.gaps))
        for horizon in study.grid.horizons
    ]


def cost_rows(study: Study) -> tuple[Row, list[Row]]:
    """Return columns and rows of the cost of one round, by horizon."""
    columns = (
        "horizon, days",
        "contacted",
        "wasted on false goodbyes",
        "wasted on stayers",
        "missed leavers",
        "all losses",
        "if nobody is contacted",
    )
    return columns, [
        (str(each.labels.horizon_days), *_cost_cells(each.cost))
        for each in study.at_present_gap
        if each.quality is not None
    ]


def _cost_cells(cost: RoundCost | None) -> Row:
    if cost is None:
        return (NONE,) * 6
    sums = (
        cost.wasted_on_false_goodbyes,
        cost.wasted_on_stayers,
        cost.missed,
        cost.total,
        cost.by_nobody_contacted,
    )
    return (share(cost.contacted_share, digits=0), *(f"{sum_:,.0f}" for sum_ in sums))


def return_rows(study: Study) -> tuple[Row, list[Row]]:
    """Return columns and rows of the return rates, by idle days and follow-up."""
    follow_ups = sorted({r.follow_up_days for r in study.returns if r.follow_up_days is not None})
    found = {(rate.idle_days, rate.follow_up_days): rate for rate in study.returns}
    columns = (
        "silent for, days",
        "spells",
        *(f"back within {days} days" for days in follow_ups),
        "seen back by the end of the log",
    )

    def cell(idle: int, follow_up: int | None) -> str:
        rate = found.get((idle, follow_up))
        if rate is None or rate.low is None or rate.high is None:
            return share(None if rate is None else rate.share)
        return f"{share(rate.share)} ({share(rate.low, digits=0)} to {share(rate.high, digits=0)})"

    idle_days = sorted({rate.idle_days for rate in study.returns})
    return columns, [
        (
            str(idle),
            f"{found[idle, None].spells:,}",
            *(cell(idle, days) for days in follow_ups),
            cell(idle, None),
        )
        for idle in idle_days
    ]


def population_rows(study: Study) -> tuple[Row, list[Row]]:
    """Return columns and rows of the populations, by ``active_within``."""
    columns = ("alive if bought within, days", "customers", "churned", "returners in it")
    return columns, [
        (
            str(each.active_within_days),
            f"{each.customers:,.0f}",
            share(each.churned_share),
            share(each.returners_covered),
        )
        for each in study.populations
    ]


def population_advice(study: Study) -> str:
    """Say whether fewer days of ``active_within`` would do."""
    least, present = covering(study.populations), study.present.active_within_days
    if least is None:
        return "No population that was tried holds 95% of the customers who come back."
    if least.active_within_days == present:
        return f"active_within_days = {present} is right: fewer would lose returning customers."
    return (
        f"active_within_days = {least.active_within_days} would hold "
        f"{share(least.returners_covered)} of the customers who come back."
    )


def basis(study: Study) -> str:
    """Say what was looked at, in one line."""
    instants = len(study.grid.as_of_days)
    return (
        f"{study.customers:,} customers, {study.purchase_days:,} purchase days from "
        f"{study.log_starts_on} to {study.log_ends_on}; {instants} snapshots, "
        f"{len(study.studied)} definitions"
    )


def how_measured(study: Study) -> Sequence[str]:
    """Return what has to be known to read the figures, in sentences."""
    days = study.limits.follow_up_days
    return (
        "Labels are read from windows that lie wholly within the log. Churn shares and flips are "
        f"means over the same {len(study.grid.as_of_days)} snapshots for every definition.",
        "False goodbyes are those of the newly churned (who had bought within a horizon before the "
        f"snapshot) that bought in the {days} days after the window.",
        "Models are quick logistic regressions on a sample of the log, tested on later snapshots "
        "than they learned from; they compare definitions and are not what would be served.",
    )
