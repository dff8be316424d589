"""Return rates on a log that fits on a page, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from by_hand import PRESENT
from training.definition_lab.purchase_days import FOR_EVER, read_purchase_days
from training.definition_lab.return_rates import (
    Spells,
    return_curve,
    return_rate,
    seen_to_return,
    spells_of,
)


def spells(*found: tuple[int, bool], possible: int = 1000) -> Spells:
    days = np.array([days for days, _ in found])
    ended = np.array([ended for _, ended in found])
    return Spells(days=days, ended=ended, possible=np.where(ended, possible, days))


def test_every_silence_of_every_customer_is_a_spell(open_shop):
    # The log holds days 0 to 50: a is silent for 49 days at its end, b for none.
    _, tables = open_shop({"a": [0.1, 0.9, 1.5], "b": [10.5, 50.5]})
    found = spells_of(read_purchase_days(tables, ends_at=tables.log_end(now=PRESENT)))
    assert found.days.tolist() == [1, 49, 40, 0]
    assert found.ended.tolist() == [True, False, True, False]
    assert found.possible.tolist() == [50, 49, 40, 0]


def test_the_product_limit_is_that_of_a_table_by_hand():
    # Silent for 30 days: all five. At day 35 one of 5 returns, at 40 one of 4; one is lost from
    # sight at 45; at 50 one of 2 returns. S(90) = 4/5 * 3/4 * 1/2 = 0.3.
    rate = return_rate(
        spells((35, True), (40, True), (45, False), (50, True), (95, True)),
        idle_days=30,
        follow_up_days=60,
    )
    assert rate.spells == 5
    assert rate.share == pytest.approx(0.7)
    error = 0.3 * np.sqrt(1 / (5 * 4) + 1 / (4 * 3) + 1 / (2 * 1))
    assert rate.low == pytest.approx(max(0.0, 0.7 - 1.959964 * error), abs=1e-6)
    assert rate.high == 1.0
    # Four could be followed for 90 days, and three of them came back.
    assert (rate.followed, rate.share_followed) == (4, 0.75)


def test_who_came_back_too_early_was_never_silent_for_so_long():
    found = spells((30, True), (31, True), (30, False), (29, False))
    # A gap of 30 days holds 29 silent ones; a running silence of 30 days has reached 30.
    assert return_rate(found, idle_days=30, follow_up_days=10).spells == 2


def test_running_silences_are_neither_lost_nor_thrown_away():
    returned = [(60, True)] * 30
    running = [(45, False)] * 30
    rate = return_rate(spells(*returned, *running), idle_days=30, follow_up_days=60)
    seen = seen_to_return(spells(*returned, *running), idle_days=30)
    assert rate.share == pytest.approx(1.0)  # whoever was watched until day 60 came back
    assert seen.share == pytest.approx(0.5)  # taking the others for lost would say half
    assert rate.spells == 60


@pytest.mark.parametrize("seed", range(3))
def test_censoring_does_not_bend_the_estimate(seed):
    rng = np.random.default_rng(seed)
    gaps = np.ceil(rng.exponential(100, 20_000)).astype(int)
    watched = rng.integers(1, 300, 20_000)
    ended = gaps <= watched
    cut = Spells(days=np.where(ended, gaps, watched), ended=ended, possible=watched)
    rate = return_rate(cut, idle_days=60, follow_up_days=90)
    assert rate.share == pytest.approx(1 - np.exp(-90 / 100), abs=0.02)
    assert rate.low < rate.share < rate.high
    reached = watched[(gaps > 60) & (watched >= 60)]
    taken_for_lost = (ended & (gaps > 60) & (gaps <= 150)).sum() / len(reached)
    assert taken_for_lost < rate.share - 0.05


def test_nothing_is_said_beyond_what_the_log_could_show():
    assert return_rate(spells((40, False)), idle_days=30, follow_up_days=60).share is None
    many = spells(*[(40, False)] * 100)
    assert {rate.follow_up_days for rate in return_curve(many)} == {None}


def test_no_spell_lasts_for_ever(open_shop):
    _, tables = open_shop({"a": [0.5]})
    found = spells_of(read_purchase_days(tables, ends_at=tables.log_end(now=PRESENT)))
    assert found.days.max() < FOR_EVER
