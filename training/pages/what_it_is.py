"""Sections of the report that say what the model is: drivers, data, limits, origin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ebbtide.pages.page import Chart, Facts, Grid, Paragraph, Points, Section
from training.pages import figures, wording
from training.pages.measure_words import NONE, interval, place_of, words_of, written

if TYPE_CHECKING:
    from ebbtide.pages.page import Block, Cell
    from training.evaluation.evaluation import Evaluation
    from training.pages.report_input import ReportInput, ShownDriver, ShownDrivers

INTENDED = (
    "Ranking customers by their risk of leaving, and telling how large it is.",
    "Choosing who is contacted first, and which retention action a person or a policy approves.",
    "Watching how the risk of a whole customer base moves.",
)
FORBIDDEN = (
    "Refusing service to anybody, or making it worse.",
    "Prices that differ between like customers because of their score.",
    "Any decision that weighs heavily on a person without a person's review.",
    "Claims about why a customer leaves: a reason is a fact that raised the score, not its cause.",
    "Customers unlike those it learned from, such as another country or another line of business.",
)
LIMITS = (
    "The past repeats itself only in part. A new rival, a new price or a crisis is nowhere in "
    "the data; the probabilities then move later than the truth.",
    "It says who is at risk, not whom a contact would keep. That is measured with a hold-out.",
    "The served model was fitted again, by the same recipe, on everything with a known outcome; "
    "the figures of this page are those of its twins that knew less.",
)

_DIRECTIONS = {1: "↑ risk rises", -1: "↓ risk falls", 0: "both ways"}


def driver_section(drivers: ShownDrivers) -> Section:
    """Return what moves the scores."""
    blocks: list[Block] = [
        Paragraph(
            "What the scores rest on, by how far facts move them up or down. A strong driver tells "
            "leavers from stayers; it need not be why they leave."
        )
    ]
    if len(drivers.causes) > 1:
        blocks.append(
            Chart(
                figures.drivers_chart(drivers.causes, has_direction=False),
                "By cause: what the evidence may point at, in the groups that a business can act "
                "on. A label for evidence, never a claim.",
            )
        )
    if len(drivers.families) > 1:
        blocks.append(
            Chart(
                figures.drivers_chart(drivers.families, has_direction=False),
                "By family: facts that say much the same, taken together.",
            )
        )
    blocks += [
        Chart(
            figures.drivers_chart(drivers.features, has_direction=True),
            f"The strongest single facts, by their share of all movement of the scores of "
            f"{drivers.n_rows:,} customers.",
        ),
        Grid(
            ("fact", "what it is", "with a higher value", "share"),
            [
                (each.name, each.meaning, _direction(each), f"{each.share:.1%}")
                for each in drivers.features
            ],
        ),
    ]
    return Section("What drives the risk", blocks)


def _direction(driver: ShownDriver) -> str:
    return "depends on the word" if driver.is_category else _DIRECTIONS[driver.direction]


def data_section(report: ReportInput) -> Section:
    """Return what the model learned from, and what churn means."""
    window = report.window
    facts: list[tuple[str, Cell] | tuple[str, Cell, str]] = [
        ("rows", window.rows, "one for each customer alive at a snapshot")
        if window.snapshots
        else ("rows", window.rows),
        ("different customers", window.customers),
        ("facts about each", window.features),
    ]
    if window.snapshots:
        facts = [
            ("data up to", window.trained_as_of),
            ("snapshots with a known outcome", len(window.snapshots)),
            *facts,
            ("alive at the newest snapshot", window.newest_customers),
        ]
    words = [f"Churn is: {wording.in_words(report.churn_is)} ({report.definition})."]
    if window.snapshots:
        words.append(
            f"Snapshots from {window.snapshots[0]} to {window.snapshots[-1]}. At each, a customer "
            f"is described by what was known strictly before it, and judged by what came after."
        )
    if window.families:
        families = wording.listed([name.replace("_", " ") for name in window.families])
        words.append(f"Families of facts, looking back {window.lookback_days:,} days: {families}.")
    blocks: list[Block] = [Facts(facts), *[Paragraph(text) for text in words]]
    if window.tables:
        blocks.append(Grid(("table", "rows", "first day", "last day"), window.tables))
    return Section("What it learned from", blocks)


def limits_section(report: ReportInput) -> Section:
    """Return what the model is for, what not, and where it ends."""
    return Section(
        "Use and limits",
        [
            Paragraph("Meant for:"),
            Points(INTENDED),
            Paragraph("Not to be used for:"),
            Points(FORBIDDEN),
            Paragraph("Limits:"),
            Points([*report.limits, *LIMITS]),
        ],
    )


def measures_section(evaluation: Evaluation) -> Section:
    """Return every measure with its interval and what it means."""
    measured = {
        **evaluation.measures,
        "mpc": evaluation.profit.mpc,
        "empc": evaluation.profit.empc,
    }
    measures = {name: measured[name] for name in sorted(measured, key=place_of)}
    return Section(
        "All measures",
        [
            Grid(
                ("measure", "value", "95% interval", "what it says"),
                [
                    (
                        words_of(name).name,
                        written(name, of.value),
                        interval(name, of),
                        words_of(name).says,
                    )
                    for name, of in measures.items()
                ],
                f"Intervals by the bootstrap: {evaluation.resamples:,} times as many customers "
                f"were drawn with replacement.",
            )
        ],
    )


def lineage_section(report: ReportInput) -> Section:
    """Return where the model comes from: with the same of all of these it comes out the same."""
    rows = [
        ("version in the registry", report.version or NONE),
        ("bundle", report.bundle_version),
        ("kind of model", wording.kind_in_words(report.kind)),
        ("made by", ", ".join(f"{name} {_plain(value)}" for name, value in report.made_by.items())),
        *report.lineage,
    ]
    return Section(
        "Lineage",
        [
            Grid(
                ("what", "value"),
                [row for row in rows if row[1]],
                "With the same of all of these, training gives the same bundle to the byte.",
            )
        ],
    )


def _plain(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
