"""Rows of a request become the columns that tables would have become."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ebbtide.errors import ContractError
from features.arrays.rows import columns_of_rows

EARLY, LATE = (datetime(2011, 1, day, tzinfo=UTC) for day in (1, 2))


def test_rows_are_sorted_by_the_clock_of_the_table() -> None:
    rows = [{"occurred_at": LATE, "amount": 2.0}, {"occurred_at": EARLY, "amount": 0.1 + 0.2}]
    columns = columns_of_rows("transactions", rows, read={"occurred_at", "amount"})
    assert columns["amount"].values.tolist() == [3000, 20_000]
    assert columns["amount"].scale == 4
    assert columns["customer_id"].values.tolist() == [0, 0]


def test_only_what_is_read_is_made() -> None:
    columns = columns_of_rows("transactions", [{"occurred_at": EARLY, "category": "x"}], read=set())
    assert set(columns) == {"customer_id"}


@pytest.mark.parametrize("missing", [{}, {"quantity": None}, {"quantity": float("nan")}])
def test_none_and_nan_and_absence_are_null(missing) -> None:
    rows = [{"occurred_at": EARLY, "quantity": 2.0}, {"occurred_at": LATE} | missing]
    held = columns_of_rows("transactions", rows, read={"occurred_at", "quantity"})["quantity"]
    assert held.valid.tolist() == [True, False]


def test_nan_money_is_null_too() -> None:
    rows = [{"occurred_at": EARLY, "amount": 1.0, "discount": float("nan")}]
    held = columns_of_rows("transactions", rows, read={"occurred_at", "amount", "discount"})
    assert held["discount"].valid.tolist() == [False]
    assert held["amount"].valid is None


def test_money_without_room_is_refused_without_telling_it() -> None:
    with pytest.raises(ContractError, match="at most 14 digits") as refused:
        columns_of_rows(
            "transactions", [{"occurred_at": EARLY, "amount": 1.25e17}], read={"amount"}
        )
    assert "125" not in str(refused.value)


def test_texts_are_places_among_their_words_in_the_order_of_code_points() -> None:
    names = ["z\U0001f600", "", None, "é", "e\u0301", "\uffff"]
    rows = [{"started_at": EARLY, "plan": name} for name in names]
    held = columns_of_rows("subscriptions", rows, read={"plan"})["plan"]
    assert held.words == ("", "e\u0301", "z\U0001f600", "é", "\uffff")
    assert held.valid.tolist() == [name is not None for name in names]
    told = [held.words[place] for place in held.values[held.valid].tolist()]
    assert told == [name for name in names if name is not None]


def test_no_rows_make_empty_columns_of_the_right_kind() -> None:
    columns = columns_of_rows("payments", [], read={"due_at", "amount", "status", "paid_at"})
    assert {len(column.values) for column in columns.values()} == {0}
    assert columns["amount"].scale == 4
    assert columns["status"].words == ()
