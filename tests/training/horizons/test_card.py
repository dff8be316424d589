"""The card tells what was promised and came, and what is missing."""

from __future__ import annotations

from datetime import UTC, datetime

from ebbtide.scorer.horizons import HorizonModel
from training.horizons.card import horizon_lines
from training.horizons.check import DayCheck
from training.horizons.fit import HorizonFit

MODEL = HorizonModel(days=(0, 30), anchor_day=0)
CHECK = DayCheck(
    day=30,
    as_of=datetime(2025, 3, 31, 22, tzinfo=UTC),
    among="stayers",
    customers=1614,
    promised=0.1877,
    came=0.2045,
    auc=0.678,
    log_loss=0.47,
    log_loss_of_share=0.51,
)


def test_a_check_is_a_row_at_a_day_of_the_zone():
    text = "\n".join(horizon_lines(HorizonFit(model=MODEL, checks=(CHECK,)), time_zone="CET"))
    assert "By days 0, 30 after the start" in text
    assert "as of 2025-04-01" in text
    assert "| 30 | stayers | 1,614 | 18.8% | 20.4% | 0.678 |" in text
    assert "Not learned" not in text


def test_what_was_not_checked_or_not_learned_is_said():
    fit = HorizonFit(model=MODEL, left_out={"day 90": "it needs a longer log"})
    text = "\n".join(horizon_lines(fit, time_zone="UTC"))
    assert "Not checked at a later period" in text
    assert text.endswith("Not learned: day 90 (it needs a longer log).")
