"""Sections of the report that say how good the model is, and at what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ebbtide.pages.page import Badge, Chart, Facts, Grid, Mark, Marks, Paragraph, Points, Section
from training.pages import figures, wording
from training.pages.measure_words import NONE, interval, words_of, written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.pages.page import Block, Cell
    from training.pages.measured import GainsPoint, Measured
    from training.pages.report_input import ReportInput

_SHOWN_SHARES = (0.05, 0.1, 0.2, 0.3, 0.5)
_STANDING_LEVEL = {"better": "good", "unclear": "careful", "worse": "bad"}


def quality_sections(report: ReportInput) -> list[Section]:
    """Return what was measured, from the grade down to every figure."""
    measured = report.measured
    sections = [
        Section("In short", _short(report)),
        Section("Against simple rules", _rules(report)),
    ]
    if len(report.periods) > 1:
        sections.append(Section("Over time", _periods(report)))
    if measured.bins:
        sections.append(Section("Do the promises hold?", _promises(report)))
    if measured.gains:
        sections.append(Section("Whom to contact first", _gains(measured)))
    if measured.profit is not None:
        sections.append(Section("What contacting is worth", _profit(report)))
    return sections


def measures_section(measured: Measured) -> Section:
    """Return every measure with its interval and what it means."""
    rows = [
        (words_of(name).name, written(name, of.value), interval(name, of), words_of(name).says)
        for name, of in measured.measures.items()
    ]
    return Section(
        "Every measure, and what it says",
        [Grid(("measure", "value", "95% interval", "what it says"), rows)],
    )


def _short(report: ReportInput) -> list[Block]:
    measured, grade = report.measured, report.grade
    blocks: list[Block] = []
    letter = None if grade is None else grade.letter
    reasons = ["This bundle holds no grade."] if grade is None else list(grade.reasons)
    blocks.append(
        Marks(
            [
                Mark(
                    letter=letter or NONE,
                    level=wording.LEVELS.get(letter, "bad"),
                    over="Grade, from A (best) to F" if letter else "No grade could be given",
                    title=wording.headline(measured),
                    texts=reasons,
                )
            ]
        )
    )
    blocks.append(Facts(_headline_figures(measured)))
    blocks.append(Paragraph(f"Churn here means {in_words(report.churn_is)}."))
    blocks.append(
        Paragraph(f"{wording.basis(measured, is_dated=report.is_dated)} {wording.INTERVALS}")
    )
    if report.gate is not None:
        blocks.append(Paragraph(_gate(report.gate)))
    return blocks


def in_words(definition: str) -> str:
    """Return the sentence of a churn definition for people who never saw a snapshot.

    Examples
    --------
    >>> in_words("no purchase in the 90 days from as_of")
    'no purchase in the 90 days from the day of scoring'
    """
    return definition.replace("as_of", "the day of scoring")


def _gate(gate: str) -> str:
    if gate == "passed":
        return "The gate lets this model be promoted."
    return f"The gate does not let this model be promoted: {gate}."


def _headline_figures(measured: Measured) -> list[tuple[str, Cell, str]]:
    measures = measured.measures
    auc = measures["auc"]
    items: list[tuple[str, Cell, str]] = [
        ("ranking (AUC; 0.5 is chance)", written("auc", auc.value), _range("auc", measured))
    ]
    best = measured.best_rival
    if best is not None:
        between = wording.signed_interval(best.difference)
        items.append(
            (
                "better than the best rule by",
                wording.signed(best.difference),
                "" if between == NONE else between,
            )
        )
    if "top_decile_lift" in measures:
        lift = written("top_decile_lift", measures["top_decile_lift"].value)
        note = "times as many as by lot"
        within = _range("top_decile_lift", measured)
        items.append(
            ("leavers in the riskiest tenth", f"{lift} ×", f"{note}; {within}" if within else note)
        )
    if "p_churn_mean" in measures:
        items.append(
            (
                "left, of all customers",
                f"{measured.churned_share:.1%}",
                f"promised: {measures['p_churn_mean'].value:.1%}",
            )
        )
    if "calibration_error" in measures:
        error = measures["calibration_error"]
        within = (
            ""
            if error.low is None or error.high is None
            else (f"; {100 * error.low:.1f} to {100 * error.high:.1f}")
        )
        items.append(
            (
                "promises miss by",
                f"{100 * error.value:.1f} points",
                f"on average over ten groups{within}",
            )
        )
    if "precision_at_capacity" in measures:
        hit = measures["precision_at_capacity"]
        size = (
            "of the customers on the list"
            if measured.capacity_share is None
            else f"of the riskiest {measured.capacity_share:.0%}"
        )
        items.append(
            ("leavers on the contact list", written("precision_at_capacity", hit.value), size)
        )
    return items


def _range(name: str, measured: Measured) -> str:
    within = interval(name, measured.measures[name])
    return "" if within == NONE else within


def _rules(report: ReportInput) -> list[Block]:
    measured = report.measured
    blocks: list[Block] = [
        Paragraph(
            "A model earns its place only if it ranks customers better than a rule that fits in "
            "one line. All of these were judged on the same customers."
        )
    ]
    if measured.rivals:
        blocks.append(
            Chart(
                figures.ranking_chart(measured),
                "The further right, the better. Lines are 95% intervals; the dashed line marks the "
                "best simple rule. Whether two of them differ is not for these lines to say but "
                "for the paired difference below.",
            )
        )
        rows = [
            (
                rival.name,
                written("auc", rival.auc.value),
                wording.signed(rival.difference),
                wording.signed_interval(rival.difference),
                Badge(
                    level=_STANDING_LEVEL[wording.standing(rival.difference)],  # type: ignore[arg-type]
                    text=wording.rival_sentence(rival),
                ),
            )
            for rival in sorted(measured.rivals, key=lambda each: each.auc.value, reverse=True)
        ]
        blocks.append(
            Grid(
                ("simple rule", "AUC", "model less rule", "95% interval", "verdict"),
                rows,
                "Paired: model and rule are compared on the same customers, drawn again and again. "
                "The model is called better where the whole interval lies above zero.",
            )
        )
    else:
        blocks.append(Paragraph("No simple rule was measured."))
    if report.tried:
        blocks.append(_tried(report))
    return blocks


def _tried(report: ReportInput) -> Grid:
    names = [
        name
        for name in ("auc", "average_precision", "log_loss", "top_decile_lift", "calibration_error")
        if any(name in tried.measures for tried in report.tried)
    ]
    rows: list[Sequence[Cell]] = []
    for tried in report.tried:
        rows.append(
            (
                wording.kind_in_words(tried.kind),
                written("auc", tried.mean_auc),
                *(written(name, tried.measures.get(name)) for name in names),
                Badge(level="good", text="chosen")
                if tried.is_served
                else (f"left out: {tried.failed}" if tried.failed else ""),
            )
        )
    return Grid(
        ("kind of model", "mean AUC of all periods", *(words_of(n).name for n in names), ""),
        rows,
        "What else was tried. The model was chosen by its mean over all periods, so at the latest "
        "period alone another may look better; the figures are not corrected for the choice.",
    )


def _periods(report: ReportInput) -> list[Block]:
    return [
        Paragraph(
            "The same recipe, tried in the past: on each day a model learned only from what was "
            "known then, and ranked the customers of that day."
        ),
        Chart(
            figures.periods_chart(report.periods),
            "Days on which the recipe was tried. A good recipe is good every time, not once.",
        ),
    ]


def _promises(report: ReportInput) -> list[Block]:
    measured = report.measured
    blocks: list[Block] = [
        Paragraph(
            "If a hundred customers are each promised a risk of 30%, about thirty should leave. "
            f"{wording.promised_and_came(measured)}"
        ),
        Chart(
            figures.promises_chart(measured),
            "Each dot is a group of customers of like risk, with the 95% interval of the share "
            "that left (Wilson). On the dashed line a promise is kept exactly."
            + (" Below: how many customers were promised what." if measured.histogram else ""),
        ),
        Grid(
            ("customers", "promised", "left", "95% interval", "kept"),
            [
                (
                    f"{each.n:,}",
                    f"{each.promised:.1%}",
                    f"{each.realised:.1%}",
                    f"{each.low:.1%} to {each.high:.1%}",
                    Badge(level="good", text="yes")
                    if each.low <= each.promised <= each.high
                    else Badge(
                        level="careful",
                        text="more left" if each.realised > each.promised else "fewer left",
                    ),
                )
                for each in measured.bins
            ],
        ),
    ]
    if report.checked_on:
        blocks.append(Paragraph(f"The probabilities were checked on {report.checked_on}."))
    if report.level:
        blocks.append(Paragraph(f"The coming season: {report.level}"))
    return blocks


def _gains(measured: Measured) -> list[Block]:
    rows = [
        (
            f"{point.contacted:.0%}",
            f"{round(point.contacted * measured.n):,}",
            f"{point.found:.1%}",
            f"{point.found / point.contacted:.2f} ×",
            NONE if point.found_by_rule is None else f"{point.found_by_rule:.1%}",
        )
        for point in (_nearest(measured.gains, share) for share in _SHOWN_SHARES)
        if point is not None
    ]
    return [
        Paragraph(
            "Nobody can call everybody. Whoever is contacted first should be whoever is likeliest "
            "to leave: so many of all leavers are reached by contacting so many customers."
        ),
        Chart(
            figures.gains_chart(measured),
            "Gains curve. By lot, a tenth of the customers holds a tenth of the leavers; the "
            "further a line bulges above that, the better the list.",
        ),
        Grid(
            ("contacted", "customers", "leavers found", "of by lot", "by the best rule"),
            rows,
            "Of by lot: the lift, how many times more leavers than among as many drawn by lot.",
        ),
    ]


def _nearest(points: Sequence[GainsPoint], share: float) -> GainsPoint | None:
    """Return the point at a share, if the curve has one there."""
    return next((point for point in points if abs(point.contacted - share) < 1e-6), None)


def _profit(report: ReportInput) -> list[Block]:
    profit = report.measured.profit
    assert profit is not None, "asked for a curve that was not measured"
    money = f" {report.currency}" if report.currency else ""
    facts: list[tuple[str, Cell, str]] = [
        ("contact the riskiest", f"{profit.best_share:.0%}", "with the highest profit"),
        ("profit there", f"{profit.best_profit:,.2f}{money}", "per customer of all"),
    ]
    if profit.empc is not None:
        within = interval("empc", profit.empc)
        facts.append(
            (
                "expected maximum profit (EMPC)",
                f"{profit.empc.value:,.2f}{money}",
                "" if within == NONE else f"{within}",
            )
        )
    if profit.mpc is not None:
        facts.append(
            (
                "maximum profit (MPC)",
                f"{profit.mpc.value:,.2f}{money}",
                "if the acceptance rate were known",
            )
        )
    blocks: list[Block] = [
        Paragraph(
            "A contact costs money, an offer costs more, and only some of those who would leave "
            "accept it. Under the assumptions below, contacting more customers pays up to a point."
        ),
        Facts(facts),
    ]
    if profit.curve:
        blocks.append(
            Chart(
                figures.profit_chart(profit, report.currency),
                "Below zero, the campaign costs more than it keeps.",
            )
        )
    if profit.assumptions:
        blocks.append(
            Points([f"{name}: {value:,.6g}" for name, value in profit.assumptions.items()])
        )
    return blocks
