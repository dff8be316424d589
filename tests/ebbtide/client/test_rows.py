"""Rows are written as JSON knows them, and what JSON does not know is refused by kind."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from ebbtide.client.rows import Row, plain
from ebbtide.errors import ContractError

NAIVE = datetime(2026, 3, 1, tzinfo=UTC).replace(tzinfo=None)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float64(1.5), 1.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (np.array([1.0, np.nan]), [1.0, None]),
        (float("inf"), None),
        (Decimal("2.50"), 2.5),
        (pd.Timestamp("2026-03-01", tz="UTC"), "2026-03-01T00:00:00+00:00"),
        (pd.NaT, None),
        (pd.Series({"a": 1.0, "b": float("nan")}), {"a": 1.0, "b": None}),
        ((1, None, True), [1, None, True]),
    ],
    ids=str,
)
def test_values_become_plain(value, expected):
    assert plain(value) == expected


@pytest.mark.parametrize(
    "value", [NAIVE, date(2026, 3, 1), object()], ids=["naive", "date", "other"]
)
def test_what_json_does_not_know_is_refused(value):
    with pytest.raises(ContractError):
        plain({"at": value})


def test_only_what_is_given_is_sent():
    at = datetime(2026, 3, 1, tzinfo=UTC)
    row = Row(customer_id="c-1", as_of=at, contact_opt_out=False, events={"complaints": []})
    assert row.to_json() == {
        "customer_id": "c-1",
        "as_of": "2026-03-01T00:00:00+00:00",
        "contact_opt_out": False,
        "events": {"complaints": []},
    }
