"""Payments are overdue as far as was known."""

from __future__ import annotations

import pytest

WHO = {"customer_id": "a"}


PAYMENTS = ["payments_overdue", "payment_overdue_days", "payment_delay_days"]


@pytest.mark.parametrize(
    ("due_and_paid", "expected"),
    [
        pytest.param([(10, None), (40, 37), (70, 71)], [1, 10, 1], id="late-early-and-never"),
        pytest.param([(10, -3)], [1, 10, None], id="paid-in-the-future"),
        pytest.param([(10, 10)], [0, None, 0], id="on-the-day"),
        pytest.param([(-5, None), (-5, 1)], [0, None, None], id="not-due-yet"),
    ],
)
def test_payments_are_overdue_as_far_as_known(one, ago, alive, due_and_paid, expected) -> None:
    rows = [
        WHO | {"due_at": ago(due), "paid_at": None if paid is None else ago(paid)}
        for due, paid in due_and_paid
    ]
    rows += [{"customer_id": "b", "due_at": ago(3), "paid_at": ago(3)}]
    assert one(PAYMENTS, transactions=alive, payments=rows) == dict(
        zip(PAYMENTS, expected, strict=True)
    )


DISCIPLINE = [
    "payment_delay_max_days",
    "payment_delay_change_90d",
    "payments_late_share_365d",
    "payments_paid_share_365d",
    "payments_overdue_amount",
]


@pytest.mark.parametrize(
    ("due_and_paid", "expected"),
    [
        # Lately 4 days late, before that once a day early and once 3 days late; two unpaid.
        pytest.param(
            [(10, 6), (100, 101), (200, 197), (20, None), (5, -1)],
            [4, 4 - 1, 2 / 3, 3 / 5, 20],
            id="later-than-before",
        ),
        pytest.param([(10, 12)], [-2, None, 0, 1, 0], id="early-and-only-lately"),
        pytest.param([(10, None)], [None, None, None, 0, 10], id="never"),
        pytest.param([], [None, None, None, None, 0], id="nothing-due"),
    ],
)
def test_discipline_of_paying(one, nearly, ago, alive, due_and_paid, expected) -> None:
    rows = [
        WHO | {"due_at": ago(due), "paid_at": None if paid is None else ago(paid), "amount": 10}
        for due, paid in due_and_paid
    ]
    rows.append({"customer_id": "b", "due_at": ago(3), "paid_at": ago(3), "amount": 10})
    assert one(DISCIPLINE, transactions=alive, payments=rows) == nearly(DISCIPLINE, expected)
