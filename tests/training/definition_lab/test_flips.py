"""Labels, flips and false goodbyes of a handful of customers, and what can never change them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebbtide.definition import ChurnDefinition
from training.definition_lab.flips import labels_at, measure_labels
from training.definition_lab.purchase_days import PurchaseDays

MONTH = ChurnDefinition(horizon_days=30, gap_days=0, active_within_days=90)


def log_of(bought: dict[str, list[int]], *, ends_on: int) -> PurchaseDays:
    pairs = sorted((name, day) for name, days in bought.items() for day in set(days))
    ids = sorted(bought)
    day = np.array([day for _, day in pairs], dtype=np.int64)
    return PurchaseDays(
        customer_ids=np.array(ids),
        customer=np.array([ids.index(name) for name, _ in pairs], dtype=np.int64),
        day=day,
        known_day=day,
        ends_at=datetime(2023, 1, 1, tzinfo=UTC),
        ends_on=ends_on,
        observed_days=ends_on - int(day.min()),
    )


# Seen from day 100: alive are a, b, c and d; e was last seen 95 days before. After it a buys at
# once, b on day 40, c on day 70, d never again.
SHOP = log_of({"a": [90, 100], "b": [80, 140], "c": [75, 170], "d": [20], "e": [5]}, ends_on=300)


def measured(*horizons: int, present: int = 30, follow_up_days: int = 60, gap: int = 0):
    return measure_labels(
        SHOP,
        [replace(MONTH, horizon_days=days, gap_days=gap) for days in horizons],
        present=replace(MONTH, horizon_days=present),
        as_of_days=[100],
        follow_up_days=follow_up_days,
    )


def test_labels_are_those_that_one_reads_off_the_log():
    month, quarter = measured(30, 60)
    assert (month.customers, month.leavers) == (4, 3)  # b, c and d
    assert (quarter.customers, quarter.leavers) == (4, 2)  # c and d
    assert month.flips_from_longer == 0.25  # b
    assert quarter.flips_from_longer is None
    assert (month.flips_from_present, quarter.flips_from_present) == (0.0, 0.25)


def test_a_goodbye_is_false_whose_customer_returns_in_the_follow_up():
    month, quarter = measured(30, 60)
    assert month.false_goodbye_share == pytest.approx(2 / 3)  # b and c of b, c, d
    assert quarter.false_goodbye_share == pytest.approx(1 / 2)  # c of c, d
    assert month.back_within_another_horizon == pytest.approx(1 / 3)  # b alone, by day 160


def test_a_goodbye_counts_when_it_is_news():
    month, _ = measured(30, 60)
    # b and c bought in the 30 days before; d had been silent for 80.
    assert month.false_news_share == 1.0


def test_the_follow_up_ends_where_it_is_said_to_end():
    assert measured(30, follow_up_days=10)[0].false_goodbye_share == 0.0
    assert measured(30, follow_up_days=11)[0].false_goodbye_share == pytest.approx(1 / 3)


def test_the_gap_is_not_part_of_the_window():
    (month,) = measured(30, gap=1)
    assert month.leavers == 4  # a bought within the gap
    assert month.days_until_known == 31
    assert month.flips_from_present == 0.25


def test_who_bought_before_but_is_left_out_of_the_population_is_counted():
    (narrow,) = measure_labels(
        SHOP,
        [replace(MONTH, active_within_days=15, horizon_days=60)],
        present=MONTH,
        as_of_days=[100],
        follow_up_days=30,
    )
    assert narrow.customers == 1  # a
    assert narrow.returners_covered == 0.5  # a, but not b
    assert narrow.flips_from_present == 0.0  # on the customers alive by both


def test_a_window_beyond_the_log_has_no_label():
    with pytest.raises(AssertionError, match="not matured"):
        labels_at(SHOP, 280, MONTH)


def test_false_goodbyes_are_unknown_while_no_follow_up_has_passed():
    (month,) = measure_labels(SHOP, [MONTH], present=MONTH, as_of_days=[260], follow_up_days=30)
    assert month.false_goodbye_share is None
    assert month.false_news_share is None
    assert month.false_goodbye_instants == 0


def test_the_interval_of_a_share_counts_customers_not_snapshots():
    customers = {f"c{i}": [90 + 30 * (i % 2), 155] for i in range(40)}
    log = log_of(customers, ends_on=600)

    def width(as_of_days):
        (found,) = measure_labels(
            log,
            [replace(MONTH, active_within_days=365)],
            present=MONTH,
            as_of_days=as_of_days,
            follow_up_days=30,
        )
        return found.false_news_high - found.false_news_low

    # The same twenty of the even customers thrice: more snapshots, but no more customers.
    assert width([100, 100, 100]) == pytest.approx(width([100]))


@pytest.mark.property
@given(
    days=st.lists(st.lists(st.integers(0, 199), min_size=1, max_size=8), min_size=1, max_size=6),
    later=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 150)), max_size=10),
    horizon=st.integers(1, 40),
    gap=st.integers(0, 10),
)
def test_purchases_after_the_windows_change_no_flip(days, later, horizon, gap):
    """Everything but what is said of the time after the windows stays as it was."""
    bought = {f"c{i}": each for i, each in enumerate(days)}
    definitions = [
        ChurnDefinition(horizon_days=each, gap_days=gap, active_within_days=90)
        for each in (horizon, horizon + 20)
    ]
    end = 200 + gap + horizon + 20  # the last window that any of them looks at
    more = {name: list(each) for name, each in bought.items()}
    for who, day in later:
        more[f"c{who % len(days)}"].append(end + day)
    found = [
        measure_labels(
            log_of(each, ends_on=end + 200),
            definitions,
            present=definitions[0],
            as_of_days=[100, 200],
            follow_up_days=30,
        )
        for each in (bought, more)
    ]
    after = {
        "false_goodbye_share": None,
        "false_news_share": None,
        "false_news_low": None,
        "false_news_high": None,
        "back_within_another_horizon": None,
    }
    before, then = ([replace(each, **after) for each in side] for side in found)
    assert before == then
