"""The report says what was measured, in words, on one page that needs nothing else."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from training.pages.report_input import ShownGrade
from training.pages.report_page import report_page

MOST_BYTES = 1_500_000


@pytest.fixture(scope="module")
def html(report) -> str:
    return report_page(report)


def test_the_page_is_small_and_needs_nothing_from_outside(html) -> None:
    assert len(html.encode()) < MOST_BYTES
    assert not re.search(r"<(script|link|img|iframe)\b", html)
    assert not re.search(r"(src|href)=\"(?!#)", html)


def test_the_grade_stands_first_with_its_reasons(html, report, section) -> None:
    short = section(html, "In short")
    assert short.split()[0] == report.grade.letter == "A"
    for reason in report.grade.reasons:
        assert f"{reason}." in short


@pytest.mark.parametrize(
    "said",
    [
        "Churn here means: no purchase in the 90 days from the day of scoring",
        "The gate had nothing against promoting this model",
        "everybody who lived on 2026-03-01",
        "left out: its scores are all equal",
        "What is expected of the coming window: 35% churned when last seen",
        "4 customers of 1 more group are not shown",
        "Snapshots from 2025-03-01 to 2025-06-01",
        "transactions 123,456 2024-01-01 2026-05-31",
        "Not to be used for:",
        "hash of the data 89abcdef01234567",
        "On 2025-09-01 only the model's ranking is known",
    ],
)
def test_the_page_says(html, said: str, text_of) -> None:
    assert said in text_of(html)


def test_each_measure_stands_with_its_interval_and_what_it_says(html, report, section) -> None:
    auc = report.evaluation.measures["auc"]
    row = f"{auc.value:.3f} {auc.low:.3f} to {auc.high:.3f} How often a customer who left"
    assert f"Ranking (AUC) {row}" in section(html, "All measures")


def test_a_rule_is_beaten_only_where_the_whole_interval_says_so(report, section) -> None:
    rival = report.evaluation.rivals["recency"]
    near = replace(rival, difference=replace(rival.difference, low=-0.01))
    evaluation = replace(report.evaluation, rivals={"recency": near})
    said = section(report_page(replace(report, evaluation=evaluation)), "Against simple rules")
    assert "too close to call" in said
    assert "model is better" not in said


def test_without_dates_nothing_of_time_is_claimed(undated, text_of, section) -> None:
    html = report_page(undated)
    said = text_of(html)
    assert section(html, "In short").split()[0] == "–"
    assert "No grade: the history is too short, or has no dates" in said
    assert "these are other customers, not later ones" in said
    assert "Over time" not in said
    assert "coming window" not in said
    assert "No simple rule could be computed" in said
    assert "For whom it works" not in said


def test_the_gate_is_quoted_where_it_refused(report, text_of) -> None:
    refused = replace(report, gate="refused (older): Expected data up to 2026-07-01 or later.")
    assert "would not let this model be promoted" in text_of(report_page(refused))


def test_no_text_of_the_data_becomes_markup(report) -> None:
    hostile = "<script>alert(1)</script>"
    page = report_page(
        replace(
            report,
            project=hostile,
            grade=ShownGrade(letter="B", reasons=[hostile]),
            level=hostile,
            lineage=[(hostile, hostile)],
        )
    )
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_equal_data_give_equal_bytes(report, html) -> None:
    assert report_page(report) == html
