"""A study as one HTML page with its pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from ebbtide.pages.charts import bar_chart, line_chart
from ebbtide.pages.page import Badge, Chart, Facts, Grid, Paragraph, Section, Verdict, render_page
from training.definition_lab import wording
from training.definition_lab.wording import NONE, share

if TYPE_CHECKING:
    from collections.abc import Callable

    from ebbtide.pages.page import Block, Level
    from training.definition_lab.cost import RoundCost
    from training.definition_lab.recommendation import VerdictKind
    from training.definition_lab.study import Studied, Study


class _Mark(TypedDict):
    rule_at: int | None
    rule_label: str


LEVELS: dict[VerdictKind, Level] = {"recommended": "good", "rule_only": "careful", "none": "bad"}


def render_study(study: Study) -> str:
    """Return the report of a study as HTML that needs no other file.

    Parameters
    ----------
    study : what the lab found out.
    """
    return render_page(
        title="What churn should mean",
        subtitle=f"{study.project_name}: {wording.basis(study)}",
        sections=[
            Section("Recommendation", _recommendation(study)),
            Section("Who comes back after a silence", _returns(study)),
            Section("What each horizon says", _labels(study)),
            Section("What a model makes of it", _quality(study)),
            Section("What acting on it costs", _costs(study)),
            Section("Who is in the population", _population(study)),
            Section("How it was measured", _method(study)),
        ],
    )


def _recommendation(study: Study) -> list[Block]:
    advice = study.recommendation
    blocks: list[Block] = [Verdict(LEVELS[advice.verdict], advice.headline)]
    chosen = next(
        (each for each in study.at_present_gap if each.labels.horizon_days == _advised(study)), None
    )
    if chosen is not None:
        labels, quality = chosen.labels, chosen.quality
        blocks.append(
            Facts(
                [
                    ("horizon", f"{labels.horizon_days} days"),
                    ("false goodbyes among the newly churned", share(labels.false_news_share)),
                    ("of the customers churn", share(labels.churned_share)),
                    ("AUC of a quick model", f"{quality.auc.mean:.3f}" if quality else NONE),
                    ("labels unlike the present ones", share(labels.flips_from_present)),
                ]
            )
        )
    blocks.append(Grid(("Why",), [(line,) for line in advice.why]))
    blocks.append(_demands(study))
    if advice.definition is not None:
        keys = ", ".join(advice.churn_lines.splitlines()[1:])
        blocks.append(Paragraph(f"Write into the project file, under [churn]: {keys}."))
    if advice.would_change:
        blocks.append(Grid(("What would change this",), [(line,) for line in advice.would_change]))
    return blocks


def _demands(study: Study) -> Grid:
    of = {each.labels.horizon_days: each for each in study.at_present_gap}
    rows = []
    for each in study.recommendation.judged:
        labels, quality = of[each.horizon_days].labels, of[each.horizon_days].quality
        few = NONE if quality is None else f"{min(quality.leavers, quality.stayers):,}"
        gain = NONE if quality is None else f"{quality.gain.mean:+.3f}"
        rows.append(
            (
                f"{each.horizon_days} days",
                _badge(each.lasts, f"{share(labels.false_news_share)} false"),
                _badge(each.enough, few),
                _badge(each.beats_rule, gain, otherwise="careful"),
                "advised" if each.horizon_days == _advised(study) else "",
            )
        )
    limits = study.limits
    return Grid(
        ("horizon", "goodbyes last", "leavers or stayers in a test", "AUC beyond the rule", ""),
        rows,
        caption=(
            f"The shortest horizon that meets the first two demands is advised: at most "
            f"{limits.max_false_goodbyes:.0%} of the newly churned back in the "
            f"{limits.follow_up_days} days after the window, and at least {limits.min_of_each:,} "
            f"leavers and as many stayers in every test. The last column says whether a model "
            f"should do the ranking, or a simple rule."
        ),
    )


def _returns(study: Study) -> list[Block]:
    columns, rows = wording.return_rows(study)
    follow_ups = sorted({r.follow_up_days for r in study.returns if r.follow_up_days is not None})
    series = {
        f"within {days} days": [
            (rate.idle_days, rate.share) for rate in study.returns if rate.follow_up_days == days
        ]
        for days in follow_ups
    }
    chart = line_chart(
        series,
        x_title="silent for so many days already",
        y_title="share that comes back",
        y_format=".0%",
        bands={
            f"within {days} days": [
                (rate.idle_days, rate.low, rate.high)
                for rate in study.returns
                if rate.follow_up_days == days and rate.low is not None and rate.high is not None
            ]
            for days in follow_ups
        },
        **_mark(study),
    )
    return [
        Paragraph(
            "Of the silences that reached so many days, the share that ended with a purchase. "
            "Silences that still run at the end of the log count for as long as they were seen."
        ),
        Chart(
            chart,
            "Kaplan-Meier estimate with its 95% interval (Greenwood). A line ends where fewer than "
            "twenty silences could be followed.",
        ),
        Grid(
            columns,
            rows,
            "The last column is the least that the share can be: who is silent at the end of the "
            "log may still come back.",
        ),
    ]


def _labels(study: Study) -> list[Block]:
    days = study.limits.follow_up_days
    shares: dict[str, Callable[[Studied], float | None]] = {
        "false, newly churned": lambda e: e.labels.false_news_share,
        "false, all churned": lambda e: e.labels.false_goodbye_share,
        "churned, of all customers": lambda e: e.labels.churned_share,
    }
    columns, rows = wording.flip_rows(study)
    return [
        Chart(
            line_chart(
                {name: _by_horizon(study, of) for name, of in shares.items()},
                x_title="horizon, days",
                y_title="share",
                y_format=".0%",
                **_mark(study),
            ),
            f"A longer horizon calls fewer customers churned, and is wrong less often. False: "
            f"bought in the {days} days after the window.",
        ),
        Grid(wording.LABEL_COLUMNS, wording.label_rows(study), _LABELS_CAPTION),
        Chart(
            line_chart(
                {
                    f"gap {gap} days": [
                        (each.labels.horizon_days, each.labels.flips_from_present)
                        for each in study.studied
                        if each.labels.gap_days == gap
                    ]
                    for gap in study.grid.gaps
                },
                x_title="horizon, days",
                y_title="labels unlike the present ones",
                y_format=".0%",
                **_mark(study),
            ),
            f"Share of labels that differ from the present definition ({study.present.sentence}).",
        ),
        Grid(columns, rows, "The same shares as a table."),
    ]


_LABELS_CAPTION = (
    "At the project's gap. False: bought in the follow-up after the window; newly churned are "
    "those who had bought within a horizon before the snapshot. Another horizon is longer for "
    "longer horizons, so that column need not fall. Unlike: share of customers whose label differs "
    "from the present definition, and from the next longer horizon."
)


def _quality(study: Study) -> list[Block]:
    tested = [each for each in study.at_present_gap if each.quality is not None]
    if not tested:
        return [Verdict("bad", "No model could be tested for any horizon.")]
    columns, rows = wording.quality_rows(study)
    return [
        Chart(
            line_chart(
                {
                    "quick model": _by_horizon(
                        study, lambda e: None if e.quality is None else e.quality.auc.mean
                    ),
                    "best one-line rule": _by_horizon(
                        study, lambda e: None if e.quality is None else e.quality.rule_auc
                    ),
                },
                x_title="horizon, days",
                y_title="AUC on later customers",
                y_format=".2f",
                from_zero=False,
                bands={
                    "quick model": [
                        (e.labels.horizon_days, e.quality.auc.low, e.quality.auc.high)
                        for e in tested
                        if e.quality is not None
                    ]
                },
                **_mark(study),
            ),
            "Mean over up to three test snapshots a gap and horizon apart, with the 95% interval "
            "of the model (DeLong). Test dates differ between horizons, so small steps between "
            "them may be the season.",
        ),
        Grid(columns, rows, "AUC of the quick model, and in brackets its gain over the best rule."),
        Grid(
            ("horizon", "tested on", "best rule", "gain, 95% interval", "calibration error"),
            [
                (
                    f"{each.labels.horizon_days} days",
                    ", ".join(each.quality.tested_on),
                    each.quality.rule.replace("_", " "),
                    f"{each.quality.gain.low:+.3f} to {each.quality.gain.high:+.3f}",
                    f"{each.quality.calibration_error:.3f}",
                )
                for each in tested
                if each.quality is not None
            ],
            "Calibration error: mean gap between promised and realised share at the latest test, "
            "by a line that was learned on an earlier period where there is one.",
        ),
    ]


def _costs(study: Study) -> list[Block]:
    model = study.cost_model
    priced = [(each.labels, each.cost) for each in study.at_present_gap if each.cost is not None]
    if model is None:
        return [Paragraph("Without a model there are no decisions, so nothing is said of costs.")]
    if not priced:
        return [Paragraph("Nothing is known of false goodbyes yet, so nothing is said of costs.")]
    columns, rows = wording.cost_rows(study)
    parts: dict[str, Callable[[RoundCost], float]] = {
        "wasted on false goodbyes": lambda cost: cost.wasted_on_false_goodbyes,
        "wasted on stayers": lambda cost: cost.wasted_on_stayers,
        "missed leavers": lambda cost: cost.missed,
    }
    return [
        Chart(
            bar_chart(
                {
                    name: [(str(labels.horizon_days), part(cost)) for labels, cost in priced]
                    for name, part in parts.items()
                },
                x_title="horizon, days",
                y_title=f"loss per 1,000 customers and round, {model.currency}",
                y_format=",.0f",
                rule_at=str(_advised(study)) if _advised(study) else None,
                rule_label="advised",
            ),
            "What one round of decisions loses against perfect knowledge.",
        ),
        Grid(columns, rows, f"Sums in {model.currency} per round of 1,000 customers."),
        Grid(("These sums rest on",), [(line,) for line in model.assumptions]),
    ]


def _population(study: Study) -> list[Block]:
    columns, rows = wording.population_rows(study)
    if not rows:
        return [Paragraph("The log is too short to compare populations.")]
    return [
        Paragraph(wording.population_advice(study)),
        Grid(
            columns,
            rows,
            "Returners: of the earlier customers who bought within the window, the share that the "
            "population holds. Who is left out is never scored, and so never kept.",
        ),
    ]


def _method(study: Study) -> list[Block]:
    blocks: list[Block] = [Paragraph(line) for line in wording.how_measured(study)]
    if study.grid.left_out:
        blocks.append(Grid(("Left out",), [(line,) for line in study.grid.left_out]))
    return blocks


def _advised(study: Study) -> int | None:
    definition = study.recommendation.definition
    return None if definition is None else definition.horizon_days


def _mark(study: Study) -> _Mark:
    advised = _advised(study)
    return {"rule_at": advised, "rule_label": "" if advised is None else f"advised: {advised} days"}


def _by_horizon(
    study: Study, of: Callable[[Studied], float | None]
) -> list[tuple[float, float | None]]:
    return [(each.labels.horizon_days, of(each)) for each in study.at_present_gap]


def _badge(passed: bool, text: str, *, otherwise: Level = "bad") -> Badge:
    return Badge(level="good" if passed else otherwise, text=text)
