"""The data usability report as JSON, for programs: CI, a data platform, a dashboard.

The same facts as the page, with all months.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from features.usability.report import UsabilityReport

FORMAT = 1
"""Raised when a key changes its meaning or goes away."""


def report_json(report: UsabilityReport) -> str:
    """Return a report as JSON text.

    Keys: ``format``, ``project``, ``currency``, ``definition``, ``made_at``, ``verdict``
    (``level``, ``sentence``, ``missing``, ``log_days``, ``needed_days``), ``snapshots``,
    ``findings``, ``tables``, ``amounts``, ``n_features``, ``additions``.
    """
    judged = report.sufficiency
    document: dict[str, Any] = {
        "format": FORMAT,
        "project": report.project,
        "currency": report.currency,
        "definition": report.definition,
        "made_at": report.now.isoformat(),
        "verdict": {
            "level": judged.level,
            "sentence": judged.sentence,
            "missing": judged.missing,
            "log_days": judged.log_days,
            "needed_days": judged.needed_days,
        },
        "snapshots": [
            {
                "as_of": found.as_of.isoformat(),
                "n_stayed": found.n_stayed,
                "n_churned": found.n_churned,
            }
            for found in judged.outcomes
        ],
        "findings": [asdict(finding) for finding in report.findings],
        "tables": [{**asdict(shape), "months": dict(shape.months)} for shape in report.shapes],
        "amounts": [asdict(month) for month in report.amounts],
        "n_features": report.n_features,
        "additions": [asdict(addition) for addition in report.additions],
    }
    return json.dumps(document, indent=2, default=str, ensure_ascii=False) + "\n"
