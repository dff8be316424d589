"""Contracts run, are renewed, change and end, as far as is known."""

from __future__ import annotations

import pytest

CONTRACTS = [
    "contracts_running",
    "contract_age_days",
    "contract_renewal_days",
    "contract_price_30d",
    "contract_price_change_365d",
    "plan_changes_365d",
    "contracts_ended_90d",
    "contracts_ended_by_payment_365d",
    "contract_end_recency_days",
]


@pytest.fixture
def contracts(one, ago, alive):
    """Compute the family from (started, ended, end reason, plan, price, days of a period)."""

    def compute(*held):
        rows = [
            {"customer_id": "a", "started_at": ago(started), "end_reason": reason, "plan": plan}
            | {"ended_at": None if ended is None else ago(ended)}
            | {"price": price, "period_days": period}
            for started, ended, reason, plan, price, period in held
        ]
        other = {"customer_id": "b", "started_at": ago(1), "ended_at": None, "end_reason": None}
        rows.append(other | {"plan": "basic", "price": 3, "period_days": 30.0})
        return list(one(CONTRACTS, transactions=alive, subscriptions=rows).values())

    return compute


def test_a_contract_that_runs_is_renewed_by_its_period(contracts) -> None:
    # 40 days into periods of 30: the next one begins in 20 days.
    found = contracts((40, None, None, "basic", 12, 30.0))
    assert found == [1, 40, 20, 12, None, 0, 0, 0, None]


def test_a_contract_long_before_the_lookback_still_runs(contracts) -> None:
    assert contracts((800, None, None, "basic", 73, 365.0))[:4] == [1, 800, 295, 6]


def test_an_upgrade_ends_one_contract_and_changes_plan_and_price(contracts) -> None:
    found = contracts(
        (400, 100, "voluntary", "basic", 10, 30.0),
        (100, None, None, "plus", 15, 30.0),
    )
    assert found == [1, 100, 20, 15, 0.5, 1, 0, 0, 100]


def test_contracts_that_ended_leave_none_running(contracts) -> None:
    found = contracts(
        (500, 200, "payment", "basic", 10, 30.0),
        (190, 90, "voluntary", "basic", 8, 30.0),
    )
    assert found == [0, None, None, None, pytest.approx(-0.2), 0, 1, 1, 90]


def test_an_end_that_lies_in_the_future_is_not_known(contracts) -> None:
    found = contracts((40, -5, "payment", "basic", 12, 30.0))
    assert found == [1, 40, 20, 12, None, 0, 0, 0, None]


def test_contracts_side_by_side_add_up(contracts) -> None:
    found = contracts(
        (40, None, None, "phone", 12, 30.0),
        (10, None, None, "phone", 28, 7.0),
        (5, None, None, None, None, None),
    )
    assert found == [3, 5, 4, 132, pytest.approx(28 / 12 - 1), 0, 0, 0, None]


def test_contracts_that_begin_at_once_are_compared_by_price_and_by_plan(contracts) -> None:
    # 10 then 15, and "alpha" then "beta", whichever row comes first.
    pair = [(40, None, None, "beta", 10, 30.0), (40, None, None, "alpha", 15, 30.0)]
    assert contracts(*pair) == contracts(*pair[::-1])
    assert contracts(*pair)[4:6] == [0.5, 1]


def test_what_ended_before_the_lookback_is_forgotten(contracts) -> None:
    found = contracts(
        (700, 400, "payment", "basic", 10, 30.0),
        (100, None, None, "plus", 15, 30.0),
    )
    assert found == [1, 100, 20, 15, None, 0, 0, 0, None]


def test_who_never_had_a_contract_has_none(contracts) -> None:
    assert contracts() == [0, None, None, None, None, 0, 0, 0, None]
