"""The data usability report of a flat table as an HTML page, and as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from ebbtide.pages.page import Badge, Facts, Grid, Paragraph, Points, Section, Verdict, render_page
from features.snapshot_table.disclosure import LEAST_SHOWN_ROWS, column_holds
from features.usability.document import FORMAT
from features.usability.page import VERDICTS, findings_blocks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ebbtide.pages.page import Block
    from features.usability.flat import FlatReport


def flat_page(report: FlatReport) -> str:
    """Return a report as one HTML page."""
    sections = [
        Section("Is it enough to train?", list(_verdict(report))),
        Section("What was found", list(findings_blocks(report.findings))),
        Section("The columns", list(_columns(report))),
    ]
    return render_page(
        title=f"Data check: {report.project}",
        subtitle=f"{report.now:%Y-%m-%d %H:%M} UTC · churn is {report.definition}",
        sections=[section for section in sections if section.blocks],
    )


def flat_json(report: FlatReport) -> str:
    """Return a report as JSON text.

    Keys: ``format``, ``project``, ``definition``, ``made_at``, ``verdict`` (``level``,
    ``sentence``, ``missing``), ``n_stayed``, ``n_churned``, ``findings``, ``columns``.
    """
    columns = () if report.contract is None else report.contract.columns
    document = {
        "format": FORMAT,
        "project": report.project,
        "definition": report.definition,
        "made_at": report.now.isoformat(),
        "verdict": {
            "level": report.level,
            "sentence": report.sentence,
            "missing": report.missing,
        },
        "n_stayed": report.n_stayed,
        "n_churned": report.n_churned,
        "findings": [asdict(finding) for finding in report.findings],
        "columns": [
            {"name": column.name, "kind": column.kind, "null_share": column.null_share}
            for column in columns
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _verdict(report: FlatReport) -> Iterator[Block]:
    yield Verdict(VERDICTS[report.level], report.sentence)
    if report.missing:
        yield Points(report.missing)
    labelled = report.n_stayed + report.n_churned
    yield Facts(
        [
            ("Errors", report.count("error")),
            ("Warnings", report.count("warning")),
            ("Rows with an outcome", labelled),
            ("Left", f"{report.n_churned / labelled:.1%}" if labelled else "–"),
        ]
    )


def _columns(report: FlatReport) -> Iterator[Block]:
    if report.contract is None:
        return
    yield Grid(
        ["column", "kind", "holds", "without a value"],
        [
            [
                column.name,
                Badge(level="plain", text=column.kind),
                column_holds(column),
                f"{column.null_share:.1%}",
            ]
            for column in report.contract.columns
        ],
        "Inferred from the table." if report.is_new else "As the contract file says.",
    )
    yield Paragraph(
        "Models learn from columns that are not ignored. Inferred limits are rounded outwards, and "
        f"only categories of at least {LEAST_SHOWN_ROWS} rows are named, so that no value of a "
        "single customer is shown."
    )
