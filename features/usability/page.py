"""The data usability report as an HTML page.

What is said stands in ``features.usability.report``; here it is only laid out.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from ebbtide.pages.charts import HEIGHT, bar_chart, line_chart
from ebbtide.pages.page import (
    Badge,
    Chart,
    Facts,
    Grid,
    Paragraph,
    Points,
    Section,
    Verdict,
    render_page,
)
from features.usability.sizes import MONTH_ROWS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ebbtide.contracts.findings import Finding, Severity
    from ebbtide.pages.page import Block, Cell, Level
    from features.usability.report import TableShape, UsabilityReport
    from features.usability.sufficiency import Level as Enough

VERDICTS: dict[Enough, Level] = {"enough": "good", "barely": "careful", "not enough": "bad"}
BADGES: dict[Severity, Badge] = {
    "error": Badge(level="bad", text="error"),
    "warning": Badge(level="careful", text="warning"),
    "advice": Badge(level="plain", text="advice"),
}
SHOWN_MONTHS = 36
LOW = 120
"""Height of the charts of tables beside the transactions, in pixels."""


def report_page(report: UsabilityReport) -> str:
    """Return a report as one HTML page."""
    sections = [
        Section("Is it enough to train?", list(_verdict(report))),
        Section("What was found", list(findings_blocks(report.findings))),
        Section("The tables", list(_tables(report))),
        Section("Rows over time", list(_months(report))),
        Section("What more data would add", list(_additions(report))),
    ]
    return render_page(
        title=f"Data check: {report.project}",
        subtitle=f"{report.now:%Y-%m-%d %H:%M} UTC · churn is {report.definition}",
        sections=[section for section in sections if section.blocks],
    )


def _verdict(report: UsabilityReport) -> Iterator[Block]:
    judged = report.sufficiency
    yield Verdict(VERDICTS[judged.level], judged.sentence)
    if judged.missing:
        better = "a firm verdict" if judged.level == "barely" else "training"
        yield Paragraph(f"What is missing for {better}:")
        yield Points(judged.missing)
    share = judged.outcomes[-1].churned_share if judged.outcomes else None
    yield Facts(
        [
            ("Errors", report.count("error")),
            ("Warnings", report.count("warning")),
            ("Advice", report.count("advice")),
            ("Days of log", "–" if judged.log_days is None else judged.log_days),
            ("Days needed", judged.needed_days),
            ("Matured snapshots", len(judged.outcomes)),
            ("Left, of the last snapshot", "–" if share is None else f"{share:.1%}"),
            ("Features that can be fed", report.n_features),
        ]
    )
    if judged.outcomes:
        yield Chart(
            bar_chart(
                {
                    "stayed": [(str(found.day), found.n_stayed) for found in judged.outcomes],
                    "left": [(str(found.day), found.n_churned) for found in judged.outcomes],
                },
                x_title="snapshot, as of",
                y_title="living customers",
            ),
            "Outcomes of the snapshots that training would learn from. A share of leavers that "
            "moves with the season is normal; a jump is worth a look at the data.",
        )


def findings_blocks(findings: Sequence[Finding]) -> Iterator[Block]:
    """Return findings as a table, or the good news."""
    if not findings:
        yield Paragraph("Nothing. Every table keeps its contract, and no trap was found.")
        return
    yield Grid(
        ["severity", "where", "rows", "what", "what to do"],
        [
            [BADGES[found.severity], found.place, found.count or None, found.message, found.advice]
            for found in findings
        ],
        "Errors stop training. Warnings and advice let data pass; no customer's value is shown.",
    )


def _tables(report: UsabilityReport) -> Iterator[Block]:
    if not report.shapes:
        return
    yield Grid(
        [
            "table",
            "rows",
            "customers",
            "first day",
            "last day",
            "days with rows",
            "largest customer",
        ],
        [_shape_row(shape) for shape in report.shapes],
        "The last column is the share of rows that belong to one customer.",
    )


def _shape_row(shape: TableShape) -> list[Cell]:
    return [
        shape.name,
        shape.n_rows,
        shape.n_customers,
        "–" if shape.first_day is None else str(shape.first_day),
        "–" if shape.last_day is None else str(shape.last_day),
        shape.n_days_with_rows or "–",
        f"{shape.largest_customer_share:.1%}",
    ]


def _months(report: UsabilityReport) -> Iterator[Block]:
    logs = [shape for shape in report.shapes if shape.months]
    for shape in logs:
        svg = bar_chart(
            {"rows": shape.months},
            x_title="month",
            y_title="rows",
            height=LOW if shape.name != "transactions" else HEIGHT,
        )
        yield Chart(svg, f"{shape.name.capitalize()}: rows of each month, {_span(shape)}.")
    if report.amounts:
        yield Chart(
            line_chart(
                {
                    "upper quartile": [(_first_of(m.month), m.high) for m in report.amounts],
                    "median": [(_first_of(m.month), m.median) for m in report.amounts],
                    "lower quartile": [(_first_of(m.month), m.low) for m in report.amounts],
                },
                x_title="month",
                y_title=f"size of an amount, {report.currency}",
            ),
            "Size of a row's amount, without sign and zeros, of months with "
            f"{MONTH_ROWS} rows or more. A step in all three lines is another unit or currency.",
        )
    if logs:
        words = sorted({month for shape in logs for month, _ in shape.months})
        counts = {shape.name: dict(shape.months) for shape in logs}
        yield Grid(
            ["month", *counts],
            [
                [month, *(rows.get(month, "–") for rows in counts.values())]
                for month in words[-SHOWN_MONTHS:]
            ],
            "Rows of each month"
            + (f"; the last {SHOWN_MONTHS} months." if len(words) > SHOWN_MONTHS else "."),
        )


def _span(shape: TableShape) -> str:
    return f"{shape.first_day} to {shape.last_day}"


def _first_of(month: str) -> date:
    return date.fromisoformat(f"{month}-01")


def _additions(report: UsabilityReport) -> Iterator[Block]:
    if not report.additions:
        return
    yield Paragraph(
        "Features whose table or column is absent are left out, never filled with guesses. This is "
        "what could still be brought; only transactions, or contracts whose end is churn, are "
        "required."
    )
    yield Grid(
        ["table", "column", "what it is", "families", "features"],
        [
            [
                addition.table,
                ", ".join(addition.columns) or "all of it",
                addition.meaning,
                ", ".join(family.replace("_", " ") for family in addition.families),
                addition.n_features,
            ]
            for addition in report.additions
        ],
    )
