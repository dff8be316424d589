"""Sections of the report that say how good the model is, and at what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ebbtide.pages.page import Badge, Chart, Facts, Grid, Mark, Marks, Paragraph, Section
from training.pages import figures, wording
from training.pages.measure_words import NONE, interval, written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.pages.page import Block, Cell, Level
    from training.evaluation.evaluation import Evaluation, GainsPoint
    from training.pages.report_input import ReportInput
    from training.pages.wording import Standing

LEVEL_OF: dict[Standing, Level] = {"better": "good", "unclear": "careful", "worse": "bad"}
"""How a verdict on a difference is coloured."""

_SHOWN_SHARES = (0.05, 0.1, 0.2, 0.3, 0.5)
_TRIED_MEASURES = ("auc", "log_loss", "top_decile_lift", "calibration_error")


def quality_sections(report: ReportInput) -> list[Section]:
    """Return what was measured, from the grade down to the curves."""
    sections = [
        Section("In short", _short(report)),
        Section("Against simple rules", _rules(report.evaluation)),
    ]
    if len(report.tried) > 1:
        sections.append(Section("What else was tried", [_tried(report)]))
    if len(report.periods) > 1:
        title = "Over time" if report.is_dated else "Part by part"
        sections.append(Section(title, _periods(report)))
    return [
        *sections,
        Section("Do the promises hold?", _promises(report)),
        Section("Whom to contact first", _gains(report.evaluation)),
    ]


def grade_mark(report: ReportInput, *, over: str = "") -> Mark:
    """Return the grade of a model with its reasons.

    Parameters
    ----------
    report : the model.
    over : stands above it: which model it is, where several are on one page.
    """
    letter, (meaning, *reasons) = report.grade.letter, report.grade.reasons
    return Mark(
        letter=letter or NONE,
        level=wording.LEVELS.get(letter, "bad"),
        over=over or "Grade, from A (best) to F",
        title=f"{meaning}.",
        texts=[f"{reason}." for reason in reasons],
    )


def _short(report: ReportInput) -> list[Block]:
    blocks: list[Block] = [
        Marks([grade_mark(report)]),
        Facts(_headline_figures(report.evaluation)),
        Paragraph(wording.headline(report.evaluation)),
        Paragraph(f"Churn here means: {wording.in_words(report.churn_is)}."),
        Paragraph(f"{wording.basis(report.evaluation, day=report.day)} {wording.INTERVALS}"),
    ]
    if report.gate is not None:
        blocks.append(Paragraph(gate_sentence(report.gate)))
    return blocks


def gate_sentence(gate: str) -> str:
    """Say whether a model may be promoted.

    Examples
    --------
    >>> gate_sentence("passed")
    'The gate had nothing against promoting this model when it was registered.'
    """
    if gate == "passed":
        return "The gate had nothing against promoting this model when it was registered."
    return f"The gate would not let this model be promoted when it was registered: {gate}"


def _headline_figures(evaluation: Evaluation) -> list[tuple[str, Cell, str]]:
    measures = evaluation.measures

    def ranged(name: str, before: str = "") -> str:
        within = interval(name, measures[name])
        return before if within == NONE else f"{before} ({within})" if before else within

    items: list[tuple[str, Cell, str]] = [
        ("ranking (AUC; 0.5 is chance)", written("auc", measures["auc"].value), ranged("auc"))
    ]
    if evaluation.difference is not None:
        between = wording.signed_interval(evaluation.difference)
        items.append(
            (
                "above the best simple rule by",
                wording.signed(evaluation.difference.value),
                "" if between == NONE else between,
            )
        )
    lift = written("top_decile_lift", measures["top_decile_lift"].value)
    error = measures["calibration_error"].value
    chance = evaluation.calibration_error_by_chance
    items += [
        (
            "leavers in the riskiest tenth",
            f"{lift}×",
            ranged("top_decile_lift", "as many as by lot"),
        ),
        (
            "left, of all customers",
            written("churned_share", measures["churned_share"].value),
            f"promised: {written('p_churn_mean', measures['p_churn_mean'].value)}",
        ),
        (
            "promises miss by",
            f"{100 * error:.1f} points",
            f"on average; chance alone: {100 * chance:.1f}",
        ),
        (
            "leavers on the contact list",
            written("precision_at_capacity", measures["precision_at_capacity"].value),
            f"the riskiest {evaluation.capacity_share:.0%}",
        ),
    ]
    return items


def _rules(evaluation: Evaluation) -> list[Block]:
    blocks: list[Block] = [
        Paragraph(
            "A model earns its place only if it ranks customers better than a rule that fits in "
            "one line. All of these were judged on the same customers."
        )
    ]
    if not evaluation.rivals:
        return [*blocks, Paragraph("No simple rule could be computed from these tables.")]
    rivals = sorted(evaluation.rivals.items(), key=lambda each: each[1].auc.value, reverse=True)
    rows = [
        (
            wording.rule_in_words(name),
            written("auc", rival.auc.value),
            wording.signed(rival.difference.value),
            wording.signed_interval(rival.difference),
            Badge(
                level=LEVEL_OF[wording.standing(rival.difference)],
                text=wording.verdict_on(rival.difference),
            ),
        )
        for name, rival in rivals
    ]
    return [
        *blocks,
        Chart(
            figures.ranking_chart(evaluation),
            "The further right, the better. Bars are 95% intervals, the dashed line marks the best "
            "simple rule. Bars that overlap may still differ clearly: that is for the table to "
            "say.",
        ),
        Grid(
            ("simple rule", "AUC", "model less rule", "95% interval", "verdict"),
            rows,
            "Model and rule are compared on the same customers, who are drawn again and again. "
            "The model is called better where the whole interval lies above zero.",
        ),
    ]


def _tried(report: ReportInput) -> Grid:
    rows: list[Sequence[Cell]] = [
        (
            wording.kind_in_words(tried.kind),
            Badge(level="good", text="chosen") if tried.is_served else _why_not(tried.failed),
            written("auc", tried.mean_auc),
            *(written(name, tried.measures.get(name)) for name in _TRIED_MEASURES),
        )
        for tried in report.tried
    ]
    parts = "periods" if report.is_dated else "parts of the table"
    return Grid(
        ("kind of model", "", "mean AUC", "AUC", "log loss", "lift", "calibration error"),
        rows,
        f"The model was chosen by its mean AUC over all {parts}, where a blend gives way only to a "
        f"kind that is surely ahead of it; the other figures are those of the latest one, where "
        f"another kind may look better. They are not corrected for the choice.",
    )


def _why_not(failed: str) -> str:
    return f"left out: {failed}" if failed else ""


def _periods(report: ReportInput) -> list[Block]:
    first = report.periods[0]
    note = (
        ""
        if first.best_rule_auc is not None or not report.is_dated
        else (
            f" On {first.day} only the model's ranking is known: no earlier period was there to "
            f"learn probabilities from."
        )
    )
    return [
        Paragraph(
            "The same recipe, tried in the past: on each day a model learned only from what was "
            "known then, and ranked the customers of that day."
            if report.is_dated
            else "The same recipe, tried on parts of the table that it had not seen."
        ),
        Chart(
            figures.periods_chart(report.periods),
            f"A good recipe is good every time, not once.{note}",
        ),
    ]


def _promises(report: ReportInput) -> list[Block]:
    evaluation = report.evaluation
    slope = evaluation.measures["calibration_slope"]
    blocks: list[Block] = [
        Paragraph(
            "If a hundred customers are each promised a risk of 30%, about thirty should leave. "
            f"{wording.promised_and_came(evaluation)}"
        ),
        Chart(
            figures.promises_chart(evaluation),
            "Each dot is a group of customers of like risk, with the 95% interval of the share "
            "that left (Wilson). On the dashed line a promise is kept exactly. Below: how many "
            "customers were promised what.",
        ),
        Grid(
            ("customers", "promised", "left", "95% interval", "kept?"),
            [
                (
                    f"{each.n:,}",
                    f"{each.promised:.1%}",
                    f"{each.came:.1%}",
                    f"{each.low:.1%} to {each.high:.1%}",
                    Badge(level="good", text="yes")
                    if each.low <= each.promised <= each.high
                    else Badge(
                        level="careful",
                        text="more left" if each.came > each.promised else "fewer left",
                    ),
                )
                for each in evaluation.bins
            ],
            f"Calibration slope {written('calibration_slope', slope.value)} "
            f"({interval('calibration_slope', slope)}): 1 is right, below 1 the probabilities are "
            f"too extreme, above 1 too timid. Checked on {report.checked_on}.",
        ),
    ]
    if report.level:
        blocks.append(Paragraph(f"What is expected of the coming window: {report.level}"))
    return blocks


def _gains(evaluation: Evaluation) -> list[Block]:
    points = [_at(evaluation.gains, share) for share in _SHOWN_SHARES]
    rows = [
        (
            f"{point.contacted:.0%}",
            f"{round(point.contacted * evaluation.n):,}",
            f"{point.found:.1%}",
            f"{point.found / point.contacted:.2f}×",
            NONE if point.found_by_rule is None else f"{point.found_by_rule:.1%}",
        )
        for point in points
    ]
    return [
        Paragraph(
            "Nobody can call everybody. If those at highest risk are contacted first, so many of "
            "all leavers are reached by contacting so many customers."
        ),
        Chart(
            figures.gains_chart(evaluation),
            "Gains curve. By lot, a tenth of the customers holds a tenth of the leavers; the "
            "further a line bulges above that, the better the list.",
        ),
        Grid(
            ("contacted", "customers", "leavers reached", "lift", "reached by the best rule"),
            rows,
            "Lift: how many times more leavers than among as many customers drawn by lot.",
        ),
    ]


def _at(points: Sequence[GainsPoint], share: float) -> GainsPoint:
    return min(points, key=lambda point: abs(point.contacted - share))
