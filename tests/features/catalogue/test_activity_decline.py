"""Decline by hand: window over window, slopes, and weights that fade."""

from __future__ import annotations

from math import exp

import pytest

WHO = {"customer_id": "a"}


def test_decayed_purchases_fade_with_age(one, bought) -> None:
    rows = [bought(3), bought(60)]
    found = one(["decayed_purchases_30d", "decayed_purchases_120d"], transactions=rows)
    assert found == pytest.approx(
        {
            "decayed_purchases_30d": exp(-3 / 30) + exp(-60 / 30),
            "decayed_purchases_120d": exp(-3 / 120) + exp(-60 / 120),
        },
        abs=1e-11,  # each weight is kept to twelve decimals, so that sums are exact
    )


ACTIVITY = ["activity_30d", "activity_90d", "activity_recency_days", "activity_share_30d"]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        pytest.param([1, 2, 40, 100], [2, 3, 1, 2 / 3], id="some"),
        pytest.param([100], [0, 0, 100, None], id="none-this-quarter"),
        pytest.param([], [0, 0, None, None], id="never"),
    ],
)
def test_activity_counts_events_and_not_days(one, ago, alive, days, expected) -> None:
    rows = [WHO | {"occurred_at": ago(day)} for day in days]
    rows += [{"customer_id": "b", "occurred_at": ago(1)}]
    assert one(ACTIVITY, transactions=alive, activity=rows) == dict(
        zip(ACTIVITY, expected, strict=True)
    )
