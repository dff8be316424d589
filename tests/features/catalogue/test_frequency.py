"""Frequency counts days, orders and months, each once."""

from __future__ import annotations


def test_frequency_counts_days_not_rows(one, bought, ago) -> None:
    # Days ago 0.1 and 0.9 are one day; 29.5, 100, 280 and 364.5 one each.
    rows = [bought(days) for days in (0.1, 0.9, 29.5, 100, 280, 364.5)]
    assert one(
        [
            "purchase_days_30d",
            "purchase_days_90d",
            "purchase_days_180d",
            "purchase_days_365d",
            "active_months_360d",
            "purchase_days_change_90d",
        ],
        transactions=rows,
    ) == {
        "purchase_days_30d": 2,
        "purchase_days_90d": 2,
        "purchase_days_180d": 3,
        "purchase_days_365d": 5,
        "active_months_360d": 3,  # months 0 (twice), 3 and 9; day 364 is in the thirteenth
        "purchase_days_change_90d": 1,  # two in the last 90 days, one in the 90 before
    }


def test_orders_of_a_day_are_counted_by_their_ids(one, bought) -> None:
    rows = [
        bought(1.1, order_id="o1"),
        bought(1.2, order_id="o1"),
        bought(1.3, order_id="o2"),
        bought(5, order_id=None),  # no id: one order for the day
    ]
    assert one(["orders_365d"], transactions=rows) == {"orders_365d": 3}


def test_orders_without_ids_are_purchase_days(one, bought) -> None:
    rows = [bought(1.1), bought(1.2), bought(5)]
    assert one(["orders_365d"], transactions=rows) == {"orders_365d": 2}


def test_a_month_counts_once_however_often_somebody_buys(one, bought) -> None:
    # Whole days ago 0, 29, 30 and 59 are two periods; 359 ends the twelfth, 360 is beyond it.
    rows = [bought(day + 1) for day in (0, 29, 30, 59, 359, 360)]
    assert one(["active_months_360d"], transactions=rows) == {"active_months_360d": 3}


def test_days_with_several_orders_and_lines_of_a_day(one, bought) -> None:
    rows = [
        bought(1.1, order_id="o1"),
        bought(1.2, order_id="o1"),
        bought(1.3, order_id="o2"),
        bought(5, order_id="o3"),
    ]
    assert one(["multi_order_days_365d", "lines_per_purchase_day_365d"], transactions=rows) == {
        "multi_order_days_365d": 1,
        "lines_per_purchase_day_365d": 2,
    }
