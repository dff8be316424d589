"""A million rows of one customer: memory stays bounded, and the report says what is odd."""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb
import pytest

from ebbtide.project import load_project
from features.tables import connect
from features.usability import report as report_module

NOW = datetime(2026, 1, 1, tzinfo=UTC)
N_ROWS = 1_000_000
MEMORY = "200MB"


@pytest.fixture
def project(tmp_path):
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT 'c1' AS customer_id, TIMESTAMP '2024-01-01' + INTERVAL 1 MINUTE * i "
            f"AS occurred_at, i % 500 + 0.25 AS amount FROM range({N_ROWS}) t(i)) "
            f"TO '{tmp_path / 't.csv'}' (HEADER)"
        )
    (tmp_path / "ebbtide.toml").write_text(
        '[project]\nname = "x"\ncurrency = "EUR"\n[tables.transactions]\npath = "t.csv"\n'
    )
    return load_project(tmp_path / "ebbtide.toml")


def limited(tmp_path, memory: str, disk: str):
    def opened(time_zone: str):
        connection = connect(time_zone)
        connection.execute(f"SET memory_limit = '{memory}'")
        connection.execute(f"SET temp_directory = '{tmp_path / 'spilled'}'")
        connection.execute(f"SET max_temp_directory_size = '{disk}'")
        return connection

    return opened


def test_a_million_rows_of_one_customer_fit_into_little_memory(
    project, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(report_module, "connect", limited(tmp_path, MEMORY, "2GB"))
    report = report_module.usability_report(project, now=NOW)
    assert [shape.n_rows for shape in report.shapes] == [N_ROWS]
    messages = [finding.message for finding in report.findings]
    assert "is one and the same in 100% of the rows." in messages
    assert report.count("error") == 0
    assert report.sufficiency.level == "not enough"


@pytest.mark.parametrize("memory", ["24MB", "60MB"], ids=["to-read", "to-hold"])
def test_what_fits_neither_memory_nor_disk_is_said_in_words(
    project, tmp_path, monkeypatch, memory
) -> None:
    monkeypatch.setattr(report_module, "connect", limited(tmp_path, memory, "1MB"))
    report = report_module.usability_report(project, now=NOW)
    assert report.findings[0].severity == "error"
    assert "larger than the memory and disk" in report.findings[0].message
    assert report.sufficiency.level == "not enough"
