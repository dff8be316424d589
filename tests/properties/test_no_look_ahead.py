"""Nothing that happens, or becomes known, at or after as_of changes a feature."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

import features.query
import features.seen
from ebbtide.contracts.tables import TABLES

pytestmark = pytest.mark.property

FAST = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

FIND = settings(FAST, max_examples=200, phases=[Phase.generate], database=None, derandomize=True)


def first_difference(one, other) -> str:
    """Name what differs between two snapshots; empty where nothing does, to the last bit."""
    for name in one.column_names:
        if one[name].to_pylist() != other[name].to_pylist():
            return f"{name}: {one[name].to_pylist()} became {other[name].to_pylist()}"
    return ""


@FAST
@given(data=st.data())
def test_no_future_changes_a_feature_or_the_population(world, data) -> None:
    company = data.draw(world.companies())
    other = data.draw(world.with_another_future(company))
    assert first_difference(world.snapshot(company), world.snapshot(other)) == ""


@settings(FAST, max_examples=10)
@given(data=st.data())
def test_the_order_of_rows_does_not_change_a_bit(world, data) -> None:
    company = data.draw(world.companies())
    shuffled = {name: data.draw(st.permutations(rows)) for name, rows in company.items()}
    assert first_difference(world.snapshot(company), world.snapshot(shuffled)) == ""


@settings(FAST, max_examples=10)
@given(data=st.data())
def test_rows_of_other_customers_do_not_change_a_bit(world, data) -> None:
    company = data.draw(world.companies())
    alone = {
        name: [row for row in rows if row["customer_id"] == "a"] for name, rows in company.items()
    }
    both = world.snapshot(company)
    of_a = both.filter([who == "a" for who in both["customer_id"].to_pylist()])
    assert first_difference(of_a, world.snapshot(alone)) == ""


@settings(FAST, max_examples=10)
@given(data=st.data())
def test_what_is_older_than_the_lookback_does_not_change_a_bit(world, data) -> None:
    company = data.draw(world.companies())
    start = world.as_of - timedelta(days=365)
    recent = {
        name: [row for row in rows if _last_sign(TABLES[name], row, world.as_of) >= start]
        for name, rows in company.items()
    }
    assert first_difference(world.snapshot(company), world.snapshot(recent)) == ""


def _last_sign(contract, row, as_of):
    """Return until when a row has something to say; what runs, and who exists, does so now."""
    if contract.clock not in contract.required:
        return as_of
    if contract.runs_until is None:
        return row[contract.clock]
    return as_of if row[contract.runs_until] is None else min(row[contract.runs_until], as_of)


def _sees_the_cutoff(table, columns, **given):
    sql = features.seen.seen_sql(table, columns, **given)
    return sql.replace(" < $as_of", " <= $as_of")


def _believes_what_was_not_known(table, columns, **given):
    return features.seen.seen_sql(table, columns - {"known_at"}, **given)


AS_OF = datetime(2011, 3, 27, 0, 59, 59, 999_999, tzinfo=UTC)
"""That of the world."""


def _looks_ahead_a_day(table, columns, **given):
    a_day_late = features.seen.timestamp_sql(AS_OF + timedelta(days=1))
    return features.seen.seen_sql(table, columns, **given).replace("$as_of", a_day_late)


def _only_in(table, broken):
    """Break the filter of one table and leave the others as they are."""

    def seen_sql(name, columns, **given):
        return (broken if name == table else features.seen.seen_sql)(name, columns, **given)

    return seen_sql


def _believes_ends(column, columns, *given):
    return column.name if column.name == "ended_at" else VISIBLE(column, columns, *given)


VISIBLE = features.seen._visible


@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@pytest.mark.parametrize(
    ("place", "broken"),
    [
        ("features.arrays.snapshot.seen_sql", _sees_the_cutoff),
        ("features.arrays.snapshot.seen_sql", _believes_what_was_not_known),
        ("features.arrays.snapshot.seen_sql", _looks_ahead_a_day),
        ("features.seen._visible", lambda column, columns: column.name),
        ("features.arrays.snapshot.seen_sql", _only_in("balances", _looks_ahead_a_day)),
        ("features.arrays.snapshot.seen_sql", _only_in("balances", _believes_what_was_not_known)),
        ("features.arrays.snapshot.seen_sql", _only_in("subscriptions", _looks_ahead_a_day)),
        ("features.seen._visible", _believes_ends),
    ],
    ids=[
        "cutoff-included",
        "known_at-ignored",
        "a-day-late",
        "completions-believed",
        "balances-a-day-late",
        "balances-not-known-yet",
        "contracts-a-day-late",
        "ends-to-come-believed",
    ],
)
def test_the_check_finds_a_filter_that_looks_ahead(monkeypatch, world, place, broken) -> None:
    monkeypatch.setattr(place, broken)
    pairs = world.companies().flatmap(
        lambda company: st.tuples(st.just(company), world.with_another_future(company))
    )
    try:
        find(
            pairs,
            lambda pair: first_difference(*map(world.snapshot, pair)) != "",
            settings=FIND,
        )
    except NoSuchExample:
        pytest.fail("a filter that looks ahead went unnoticed")
