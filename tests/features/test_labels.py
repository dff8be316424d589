"""Outcomes: what counts as coming back, and when one may ask."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ebbtide.definition import ChurnDefinition
from ebbtide.errors import NotReady
from features.labels import label_snapshot

AS_OF = datetime(2011, 3, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)
DAY = timedelta(days=1)


def churned(open_company, ago, after, *, gap_days=0, now=AS_OF + 400 * DAY, amount=5, known=None):
    """Whether somebody churned who bought a day before, and again so long after."""
    rows = [
        {"customer_id": "a", "occurred_at": ago(1), "amount": 5, "known_at": ago(1)},
        {
            "customer_id": "a",
            "occurred_at": AS_OF + after,
            "amount": amount,
            "known_at": None if known is None else AS_OF + known,
        },
    ]
    labels = label_snapshot(
        open_company(transactions=rows),
        as_of=AS_OF,
        now=now,
        definition=ChurnDefinition(horizon_days=90, gap_days=gap_days, active_within_days=365),
    )
    assert labels["churn_cause"].to_pylist() == [None] * labels.num_rows, "a silence has no cause"
    return dict(zip(*labels.select(["customer_id", "churned"]).to_pydict().values(), strict=True))[
        "a"
    ]


@pytest.mark.parametrize("gap_days", [0, 7], ids=["no-gap", "gap-of-a-week"])
@pytest.mark.parametrize(
    ("from_start", "is_churned"),
    [
        pytest.param(-TICK, True, id="just-before-the-window"),
        pytest.param(timedelta(), False, id="on-the-start"),
        pytest.param(90 * DAY - TICK, False, id="just-before-the-end"),
        pytest.param(90 * DAY, True, id="on-the-end"),
    ],
)
def test_the_window_is_closed_at_its_start_and_open_at_its_end(
    open_company, ago, gap_days, from_start, is_churned
) -> None:
    after = gap_days * DAY + from_start
    assert churned(open_company, ago, after, gap_days=gap_days) is is_churned


def test_a_return_is_no_sign_of_staying(open_company, ago) -> None:
    assert churned(open_company, ago, 9 * DAY, amount=-5)


@pytest.mark.parametrize(
    ("known", "is_churned"),
    [
        pytest.param(100 * DAY - TICK, False, id="known-before-now"),
        pytest.param(100 * DAY, True, id="known-at-now"),
        pytest.param(101 * DAY, True, id="known-after-now"),
    ],
)
def test_only_purchases_known_before_now_count(open_company, ago, known, is_churned) -> None:
    now = AS_OF + 100 * DAY
    assert churned(open_company, ago, 9 * DAY, now=now, known=known) is is_churned


def test_a_snapshot_matures_when_its_window_ends(open_company, ago) -> None:
    assert churned(open_company, ago, -2 * DAY, now=AS_OF + 90 * DAY) is True
    with pytest.raises(NotReady, match=r"2011-03-01 matures at 2011-05-30.*earlier snapshot"):
        churned(open_company, ago, -2 * DAY, now=AS_OF + 90 * DAY - TICK)


def test_the_gap_delays_maturity(open_company, ago) -> None:
    with pytest.raises(NotReady, match="matures at 2011-06-06"):
        churned(open_company, ago, DAY, gap_days=7, now=AS_OF + 90 * DAY)


def test_only_the_living_have_an_outcome(open_company, ago) -> None:
    rows = [
        {"customer_id": name, "occurred_at": at, "amount": amount, "known_at": known}
        for name, at, amount, known in (
            ("alive", ago(364), 5, None),
            ("asleep", ago(366), 5, None),
            ("returned-only", ago(9), -5, None),
            ("unknown-then", ago(9), 5, AS_OF),
            ("new", ago(-9), 5, None),
        )
    ]
    labels = label_snapshot(
        open_company(transactions=rows),
        as_of=AS_OF,
        now=AS_OF + 100 * DAY,
        definition=ChurnDefinition(horizon_days=90, gap_days=0, active_within_days=365),
    )
    assert labels.to_pylist() == [{"customer_id": "alive", "churned": True, "churn_cause": None}]
