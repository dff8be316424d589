"""What the driver runs itself has the meaning, and the errors, that it has elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from ebbtide.store.driver import Driver, _parts
from ebbtide.store.schema.privacy import ERASURES
from ebbtide.store.store import StoreUnavailable

MARCH = datetime(2026, 3, 1, 12, tzinfo=UTC)
COLUMNS = ("pseudonym", "erased_at")


def kept(store):
    with store.database.read() as connection:
        query = select(ERASURES).order_by(ERASURES.c.pseudonym)
        return [tuple(row) for row in connection.execute(query)]


@pytest.mark.parametrize("count", [0, 1, 3, 129, 700])
def test_rows_go_in_whatever_their_number_and_are_found_again(store, count):
    names = [f"{number:05}" for number in range(count)]

    def unit(connection):
        driver = Driver(connection)
        rows = [(name, driver.bound(MARCH)) for name in names]
        driver.insert("erasures", COLUMNS, rows)
        query = "SELECT pseudonym FROM erasures WHERE pseudonym IN ids"
        return sorted(name for (name,) in driver.of_ids(query, [*names, *names, "nobody"]))

    assert store.database.write(unit) == names
    assert kept(store) == [(name, MARCH) for name in names]


@pytest.mark.parametrize(
    "instant",
    [
        datetime(2026, 3, 1, 20, tzinfo=timezone(timedelta(hours=8))),
        datetime(1999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(987, 6, 5, tzinfo=UTC),
    ],
    ids=["another-zone", "microseconds", "long-ago"],
)
def test_an_instant_is_bound_as_its_column_type_binds_it(store, instant):
    def unit(connection):
        driver = Driver(connection)
        connection.execute(ERASURES.insert(), {"pseudonym": "theirs", "erased_at": instant})
        driver.insert("erasures", COLUMNS, [("ours", driver.bound(instant))])
        rows = driver.rows("SELECT erased_at FROM erasures ORDER BY pseudonym")
        return [driver.instant(bound) for (bound,) in rows]

    assert store.database.write(unit) == [instant, instant]
    assert kept(store) == [("ours", instant), ("theirs", instant)]
    assert store.database.write(lambda c: Driver(c).instant(Driver(c).bound(instant))) == instant


@given(st.lists(st.datetimes(timezones=st.just(UTC)), min_size=2, max_size=2))
def test_bound_instants_compare_as_the_instants_do(instants):
    first, second = instants
    driver = Driver.__new__(Driver)
    driver._is_sqlite, driver._bound = True, {}
    assert (driver.bound(first) < driver.bound(second)) == (first < second)


def test_an_error_of_the_driver_is_one_of_the_database(store):
    def twice(connection):
        driver = Driver(connection)
        with pytest.raises(IntegrityError) as caught:
            driver.insert("erasures", COLUMNS, [("secret", driver.bound(MARCH))] * 2)
        raise caught.value

    with pytest.raises(StoreUnavailable) as told:
        store.database.write(twice)
    assert "secret" not in str(told.value)
    assert kept(store) == []


@given(st.integers(0, 5000))
def test_parts_make_up_the_count_and_are_few(count):
    parts = list(_parts(count))
    assert sum(parts) == count
    assert set(parts) <= {1, 2, 4, 8, 16, 32, 64, 128}
