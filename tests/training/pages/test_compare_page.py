"""The compare page sets like beside like, and says where it cannot."""

from __future__ import annotations

from dataclasses import replace

import pytest

from training.against import Against, Moves
from training.evaluation.bootstrap import Estimate
from training.pages.compare_page import ShownRefusal, compare_page, difference_stands

MOVES = Moves(
    n=100,
    mean_before=0.3,
    mean_after=0.4,
    by_band=((50, 10, 0), (5, 20, 5), (0, 0, 10)),
    listed=10,
    on_both=8,
)
AGAINST = Against(
    champion="0123456789ab",
    day="2026-03-01",
    n=600,
    n_churned=300,
    differences={
        "auc": Estimate(value=0.02, low=0.01, high=0.03),
        "log_loss": Estimate(value=0.02, low=0.01, high=0.03),
        "brier": Estimate(value=0.0, low=-0.01, high=0.01),
    },
    moves=MOVES,
)


@pytest.fixture(scope="module")
def champion(report):
    drivers = replace(report.drivers, features=report.drivers.features[:1])
    return replace(report, version="3", day="2025-12-01", drivers=drivers)


@pytest.fixture(scope="module")
def said(champion, report, text_of) -> str:
    return text_of(compare_page(champion, report, against=AGAINST, refusals=[]))


@pytest.mark.parametrize(
    "sentence",
    [
        "The gate has nothing against promoting the challenger.",
        "Challenger, version 4",
        "Champion, version 3",
        "The challenger ranks the same customers better than the champion: AUC +0.0200",
        "Ranking (AUC) higher +0.0200 +0.0100 to +0.0300 challenger",
        "Log loss lower +0.0200 +0.0100 to +0.0300 champion",
        "Brier score lower +0.0000 −0.0100 to +0.0100 too close to call",
        "the comparison is fair",
        "The champion was tested on customers of 2025-12-01, the challenger on those of 2026-03-01",
        "to a higher risk band 15",
        "to a lower risk band 5",
        "stay on the contact list 80% 8 of the 10",
        "medium 5 20 5 30",
        "New among the strongest facts: orders, 90 days.",
        "Churn means the same for both",
    ],
)
def test_the_page_says(said: str, sentence: str) -> None:
    assert sentence in said


def test_each_refusal_of_the_gate_is_named(champion, report, text_of) -> None:
    refusals = [ShownRefusal(code="older", words="Expected newer data. Load the newest data.")]
    said = text_of(compare_page(champion, report, against=AGAINST, refusals=refusals))
    assert "The gate would not let the challenger be promoted." in said
    assert "older Expected newer data. Load the newest data." in said


@pytest.mark.parametrize(
    ("against", "sentence"),
    [
        (None, "Train again to compare them"),
        (replace(AGAINST, differences={}, knew="all"), "nothing fair can be said"),
        (replace(AGAINST, differences={}, why_not="Churn means another thing."), "another thing"),
        (replace(AGAINST, knew="part"), "flatters the champion a little"),
    ],
    ids=["another champion", "knew all", "another definition", "knew a part"],
)
def test_what_is_not_fair_is_said(champion, report, against, sentence, text_of) -> None:
    assert sentence in text_of(compare_page(champion, report, against=against, refusals=[]))


def test_a_lower_log_loss_is_better_and_a_lower_auc_worse() -> None:
    below = Estimate(value=-0.02, low=-0.03, high=-0.01)
    assert difference_stands("log_loss", below) == "better"
    assert difference_stands("auc", below) == "worse"


def test_facts_without_families_are_compared_one_by_one(champion, report, text_of) -> None:
    pair = [
        replace(each, drivers=replace(each.drivers, families=[])) for each in (champion, report)
    ]
    said = text_of(compare_page(*pair, against=None, refusals=[]))
    assert "of the strongest facts." in said


def test_without_dates_nothing_of_time_is_claimed(undated, text_of) -> None:
    said = text_of(compare_page(undated, undated, against=None, refusals=[]))
    assert "customers of no date" in said
    assert "Risk bands were not compared." in said
