"""Sections of the report that say what the model is: drivers, parts, data, limits, origin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ebbtide.pages.page import Badge, Chart, Facts, Grid, Paragraph, Points, Section
from training.pages import figures, wording
from training.pages.how_good import in_words
from training.pages.measure_words import NONE, interval, written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.pages.page import Block, Cell
    from training.pages.measured import Measured, Slice
    from training.pages.report_input import Drivers, ReportInput

INTENDED = (
    "Ranking customers by their risk of leaving, and telling how large it is.",
    "Choosing who is contacted first, and which retention action a person or a policy approves.",
    "Watching how the risk of a whole customer base moves.",
)
FORBIDDEN = (
    "Refusing service, or making it worse, for anybody.",
    "Prices that differ between like customers because of their score.",
    "Any decision that weighs heavily on a person without a person's review.",
    "Claims about why a customer leaves: a reason is a fact that raised the score, not its cause.",
    "Customers unlike those it learned from, such as another country or another line of business.",
)
LIMITS = (
    "The past repeats itself only in part. A new rival, a new price or a crisis is nowhere in "
    "the data; the probabilities then move later than the truth.",
    "It says who is at risk, not whom a contact would keep. That is measured with a hold-out.",
    "The served model was fitted again, by the same recipe, on every snapshot with a known "
    "outcome; the figures of this page are those of its twins that knew less.",
)

_DIRECTIONS = {1: "↑ risk rises", -1: "↓ risk falls", 0: "both ways"}


def driver_section(drivers: Drivers | None) -> list[Section]:
    """Return what moves the scores; nothing where the bundle does not hold it."""
    if drivers is None or not drivers.features:
        return []
    blocks: list[Block] = [
        Paragraph(
            "What the scores of all customers rest on, by how far each fact moves them up or down. "
            "A strong driver tells leavers from stayers; it need not be why they leave."
        ),
        Chart(
            figures.drivers_chart(drivers.features, has_direction=True),
            "Share of all movement of the scores, the strongest facts first.",
        ),
        Grid(
            ("fact", "what it is", "with a higher value", "share"),
            [
                (driver.name, driver.meaning, _DIRECTIONS[driver.direction], _share(driver.share))
                for driver in drivers.features[: figures.MOST_BARS]
            ],
        ),
    ]
    for title, group in (("By family of facts", drivers.families), ("By cause", drivers.causes)):
        if group:
            blocks.append(
                Chart(figures.drivers_chart(group, has_direction=False), _group_caption(title))
            )
    return [Section("What drives the risk", blocks)]


def _group_caption(title: str) -> str:
    if title == "By cause":
        return (
            "By cause: what the evidence may point at, in the groups that a business can act on. "
            "A label for evidence, never a claim."
        )
    return f"{title}: facts that say much the same, taken together."


def _share(share: float) -> str:
    return f"{share:.1%}"


def slice_section(measured: Measured) -> list[Section]:
    """Return for whom the model works; nothing where no part was measured."""
    if not measured.slices:
        return []
    attributes = list(dict.fromkeys(part.attribute for part in measured.slices))
    list_of = (
        "the contact list"
        if measured.capacity_share is None
        else f"a list of the riskiest {measured.capacity_share:.0%}"
    )
    blocks: list[Block] = [
        Paragraph(
            "The same figures for parts of the customers. A part for which promises are wrong, or "
            "whose leavers are found less often, is served worse than the others."
        )
    ]
    for attribute in attributes:
        parts = [part for part in measured.slices if part.attribute == attribute]
        blocks.append(
            Grid(
                (attribute, "customers", "left", "promised", "gap", "AUC", "95% interval",
                 "on the list", "leavers found"),
                [_slice_row(part) for part in parts],
                f"On the list: the share of them that {list_of} would hold. Leavers found: the "
                f"share of their leavers that it holds. Gap: left less promised, in points.",
            )
        )  # fmt: skip
    return [Section("For whom it works", blocks)]


def _slice_row(part: Slice) -> Sequence[Cell]:
    if part.is_too_small:
        return (part.level, f"{part.n:,}", *([NONE] * 6), "too few to say")
    gap: Cell = NONE
    if part.churned is not None and part.promised is not None:
        points = 100 * (part.churned - part.promised)
        text = f"{points:+.1f}".replace("-", "−")
        gap = Badge(level="careful", text=text) if abs(points) > 10 else text
    return (
        part.level,
        f"{part.n:,}",
        _percent(part.churned),
        _percent(part.promised),
        gap,
        NONE if part.auc is None else written("auc", part.auc.value),
        NONE if part.auc is None else interval("auc", part.auc),
        _percent(part.selected),
        _percent(part.found),
    )


def _percent(share: float | None) -> str:
    return NONE if share is None else f"{share:.1%}"


def data_section(report: ReportInput) -> Section:
    """Return what the model learned from, and what churn means."""
    window = report.window
    facts: list[tuple[str, Cell] | tuple[str, Cell, str]] = [
        ("data up to", window.trained_as_of),
        ("snapshots with a known outcome", len(window.snapshots) or NONE),
        ("rows", window.rows, "a row for each customer alive at a snapshot"),
        ("different customers", window.customers),
        ("facts about each (features)", window.features),
        ("alive at the newest snapshot", window.newest_customers),
    ]
    words = [f"Churn is {in_words(report.churn_is)} ({report.definition})."]
    if window.snapshots:
        words.append(
            f"Snapshots from {window.snapshots[0]} to {window.snapshots[-1]}. At each, a customer "
            f"is described by what was known strictly before it, and judged by what came after."
        )
    if window.lookback_days:
        words.append(f"Facts look back {window.lookback_days:,} days.")
    words.append(
        f"Families of facts: {wording.listed([f.replace('_', ' ') for f in window.families])}."
    )
    return Section("What it learned from", [Facts(facts), *[Paragraph(text) for text in words]])


def limits_section(report: ReportInput) -> Section:
    """Return what the model is for, what not, and where it ends."""
    return Section(
        "Use and limits",
        [
            Paragraph("Meant for"),
            Points(INTENDED),
            Paragraph("Not to be used for"),
            Points(FORBIDDEN),
            Paragraph("Limits"),
            Points([*report.limits, *LIMITS]),
        ],
    )


def lineage_section(report: ReportInput) -> Section:
    """Return where the model comes from: with the same of all of these it comes out the same."""
    rows = [
        ("version in the registry", report.version or NONE),
        ("bundle", report.bundle_version),
        ("kind of model", wording.kind_in_words(report.kind)),
        *report.lineage,
    ]
    return Section("Where it comes from", [Grid(("what", "value"), rows)])
