"""Reports on shops that fit on a page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from features.usability.report import usability_report

if TYPE_CHECKING:
    from collections.abc import Callable

    from ebbtide.contracts.findings import Finding
    from features.usability.report import UsabilityReport

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def report_of(shop, tmp_path) -> Callable[..., UsabilityReport]:
    """Report on transactions, and other tables, given as CSV; ``_settings`` ends the file."""

    def make(
        transactions: str,
        *,
        now: datetime = NOW,
        time_zone: str = "UTC",
        _settings: str = "",
        **others: str,
    ) -> UsabilityReport:
        source = 'path = "t.csv"'
        for name, content in others.items():
            (tmp_path / f"{name}.csv").write_text(content)
            source += f'\n[tables.{name}]\npath = "{name}.csv"'
        project = shop(f"{source}\n{_settings}", time_zone=time_zone, t_dot_csv=transactions)
        return usability_report(project, now=now)

    return make


@pytest.fixture
def found() -> Callable[[UsabilityReport, str], Finding]:
    """Return the one finding whose message holds some words."""

    def one(report: UsabilityReport, words: str) -> Finding:
        matching = [finding for finding in report.findings if words in finding.message]
        assert len(matching) == 1, [finding.message for finding in report.findings]
        return matching[0]

    return one
