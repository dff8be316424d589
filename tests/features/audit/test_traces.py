"""A column that is a quantity of the log beyond its instant is known by its values."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from features.audit.own_columns import ColumnAspect
from features.audit.traces import find_traces


@pytest.fixture
def traced(open_company, ago):
    """Trace columns of sixty customers who bought on many days, up to twenty days after."""
    rng = np.random.default_rng(0)
    days = {f"c{n:02d}": rng.integers(-100, 20, size=rng.integers(2, 20)) for n in range(60)}
    rows = [
        {
            "customer_id": who,
            "occurred_at": ago(-int(day), microseconds=-5),
            "amount": Decimal(int(rng.integers(1, 900))),
        }
        for who, of in days.items()
        for day in of
    ]
    tables = open_company(transactions=rows)

    def trace(column, *, known=None):
        values = np.array([float(column(np.sort(of))) for of in days.values()])
        found = find_traces(
            tables,
            [ColumnAspect(column="x", name="order", values=values)],
            list(days),
            as_of=ago(0),
            time_zone="UTC",
            known=np.zeros((60, 1)) if known is None else known,
        )
        return found.get("x"), values

    return trace


def test_a_window_that_reaches_over_the_instant_is_named_with_those_in_whom_it_shows(traced):
    found, _ = traced(lambda days: np.sum((days >= -60) & (days < 7)))
    assert (found.quantity, found.start_days, found.end_days) == ("lines", -60, 7)
    assert found.correlation == pytest.approx(1.0)
    assert 10 <= found.telling < 60
    assert found.nearer == 1.0
    assert "from day -60 to day +7" in found.sentence


def test_a_window_that_ends_at_the_instant_leaves_no_trace(traced):
    assert traced(lambda days: np.sum((days >= -60) & (days < 0)))[0] is None


def test_scale_and_direction_do_not_matter(traced):
    found, _ = traced(lambda days: -3 * days.max() + 11)
    assert found.quantity == "instant of the last purchase"
    assert found.end_days in (21, 28, 30, None)


def test_a_point_in_time_feature_is_no_trace_even_where_it_looks_like_one(traced):
    def column(days):
        return np.sum((days >= -60) & (days < 7))

    _, values = traced(column)
    assert traced(column, known=values[:, None])[0] is None
