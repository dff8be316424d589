"""Histories come back as they were, the newest only, and old ones go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from ebbtide.store.histories import Histories, History, Layout, drop_histories_before, pack

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
LAYOUT = Layout(
    columns={
        "transactions": ("occurred_at", "amount"),
        "complaints": ("opened_at", "resolved_at", "reopened", "category"),
    },
    lookback_days=365,
)
ROWS = '[[[1735689601123456,12.3400]],[[1735689600000000,null,null,"送货"]]]'
READ = {
    "transactions": [
        {"occurred_at": datetime(2025, 1, 1, 0, 0, 1, 123456, tzinfo=UTC), "amount": 12.34}
    ],
    "complaints": [
        {
            "opened_at": datetime(2025, 1, 1, tzinfo=UTC),
            "resolved_at": None,
            "reopened": None,
            "category": "送货",
        }
    ],
}


@pytest.fixture
def keep(store):
    def kept(*customer_ids, rows=ROWS, as_of=AS_OF, layout=LAYOUT):
        histories = [(customer_id, pack(rows)) for customer_id in customer_ids]
        unit = partial(
            Histories(store.database).keep, histories=histories, as_of=as_of, layout=layout
        )
        store.database.write(unit)

    return kept


@pytest.fixture
def held(store):
    def read(*customer_ids):
        with store.database.read() as connection:
            return Histories(store.database).of(connection, customer_ids)

    return read


def test_a_history_comes_back_with_its_types(keep, held):
    keep("c1")
    assert held("c1", "c2") == {"c1": History(as_of=AS_OF, layout=LAYOUT, rows=READ)}


@pytest.mark.parametrize(
    ("days", "is_replaced"),
    [pytest.param(1, True, id="newer"), pytest.param(-1, False, id="older")],
)
def test_the_newest_is_kept(keep, held, days, is_replaced):
    keep("c1")
    keep("c1", rows="[[],[]]", as_of=AS_OF + days * DAY)
    empty = {"transactions": [], "complaints": []}
    assert held("c1")["c1"].rows == (empty if is_replaced else READ)


def test_who_was_published_is_known_without_reading_the_rows(store, keep):
    keep("c1")
    with store.database.read() as connection:
        found = Histories(store.database).published(connection, ["c1", "c2"])
    assert found == {"c1": (AS_OF, LAYOUT)}


def test_layouts_differ_by_their_columns_and_by_how_far_they_go_back():
    longer = Layout(columns=LAYOUT.columns, lookback_days=366)
    fewer = Layout(columns={"transactions": ("occurred_at",)}, lookback_days=365)
    assert len({LAYOUT.id, longer.id, fewer.id}) == 3


def test_what_a_publish_has_not_renewed_goes_some_at_a_time(store, keep, held):
    keep("old1", "old2", "old3")
    keep("new", as_of=AS_OF + DAY)
    drop = partial(drop_histories_before, as_of=AS_OF + DAY, at_most=2)
    assert [store.database.write(drop) for _ in range(3)] == [2, 1, 0]
    assert set(held("old1", "old2", "old3", "new")) == {"new"}
