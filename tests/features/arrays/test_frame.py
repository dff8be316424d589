"""Frames cut, order and group rows; sums of groups are exact."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebbtide.errors import ContractError
from features.arrays.column import Column
from features.arrays.frame import Frame, Groups, group, sort_keys


def frame(**columns: list[int]) -> Frame:
    held = {name: Column(np.array(values)) for name, values in columns.items()}
    return Frame.of(held, {})


def test_an_unknown_column_is_named_with_a_suggestion() -> None:
    with pytest.raises(ContractError, match=r"names 'amont'.*amount"):
        frame(customer_id=[1], amount=[2]).column("amont")


def test_columns_are_computed_once_and_only_when_asked_for() -> None:
    asked = []

    def make() -> Column:
        asked.append(1)
        return Column(np.array([1, 2]))

    rows = frame(customer_id=[1, 1]).with_columns({"x": make})
    assert asked == []
    assert rows.column("x") is rows.column("x")
    assert asked == [1]


def test_rows_under_a_mask_keep_their_order() -> None:
    rows = frame(customer_id=[1, 1, 2], x=[5, 6, 7])
    kept = rows.where(np.array([True, False, True]))
    assert kept.column("x").values.tolist() == [5, 7]
    assert rows.where(np.array([True, True, True])) is rows
    assert rows.where(np.zeros(3, dtype=bool)).column("x").values.tolist() == []


@given(st.data())
def test_a_cut_of_cuts_holds_the_rows_that_all_of_them_keep(data) -> None:
    customers = sorted(data.draw(st.lists(st.integers(3, 6), max_size=12)))
    wanted = np.array(sorted(data.draw(st.sets(st.integers(2, 7)))), dtype=np.int64)
    rows = expected = list(zip(customers, range(len(customers)), strict=True))
    cut = frame(
        customer_id=np.array([each for each, _ in rows], dtype=np.int64),
        x=np.array([each for _, each in rows], dtype=np.int64),
    )
    for place in range(3):
        if place == data.draw(st.integers(0, 2)):
            cut = cut.of_customers(wanted)
            expected = [row for row in expected if row[0] in wanted]
        kept = data.draw(st.lists(st.booleans(), min_size=len(expected), max_size=len(expected)))
        cut = cut.where(np.array(kept, dtype=bool))
        expected = [row for row, is_kept in zip(expected, kept, strict=True) if is_kept]
    assert cut.n_rows == len(expected)
    assert cut.column("x").values.tolist() == [each for _, each in expected]
    assert cut.column("customer_id").values.tolist() == [each for each, _ in expected]


@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.uint16, np.int32, np.int64, np.float64])
@pytest.mark.parametrize("falls", [False, True])
def test_keys_of_every_type_rise_with_null_last(kind, falls: bool) -> None:
    held = Column(np.array([0, 2, 1, 77], dtype=kind), np.array([True, True, True, False]))
    order = np.lexsort(list(reversed(sort_keys([(held, falls)]))))
    assert order.tolist() == ([1, 2, 0, 3] if falls else [0, 2, 1, 3])


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(-(2**40), 2**40) | st.integers(-9, 9)), max_size=20
    )
)
def test_groups_hold_their_rows_in_order(rows) -> None:
    first, then = (np.array([row[place] for row in rows], dtype=np.int64) for place in (0, 1))
    groups = group([first, then], n_grouping=1, n_rows=len(rows))
    wanted = sorted(rows)
    assert groups.ordered(first).tolist() == [row[0] for row in wanted]
    assert groups.ordered(then).tolist() == [row[1] for row in wanted]
    assert len(groups.starts) == len({row[0] for row in rows})
    assert groups.total(groups.ordered(then)).tolist() == [
        sum(value for key, value in rows if key == each)
        for each in sorted({row[0] for row in rows})
    ]
    assert groups.back(groups.ordered(then)).tolist() == then.tolist()


def test_the_narrowest_keys_sort_like_wide_ones() -> None:
    """Differences that pass the narrow type's limit must not change their order."""
    key = np.array([100, -100, 27, -128, 127], dtype=np.int8)
    groups = group([key], n_grouping=1, n_rows=5)
    assert groups.ordered(key).tolist() == [-128, -100, 27, 100, 127]


@given(st.lists(st.integers(-9, 9), min_size=6, max_size=20), st.data())
def test_groups_that_are_mostly_single_rows_are_reduced_like_others(values, data) -> None:
    twice = data.draw(st.integers(0, len(values) - 2))
    keys = np.array([place - (place > twice) for place in range(len(values))])
    held = np.array(values)
    groups = group([keys], n_grouping=1, n_rows=len(keys))
    of_group = [held[keys == each] for each in range(len(keys) - 1)]
    assert groups.total(held).tolist() == [int(each.sum()) for each in of_group]
    for by in (np.minimum, np.maximum):
        assert groups.reduce(by, held).tolist() == [int(by.reduce(each)) for each in of_group]


@pytest.mark.parametrize(
    "values", [[1, 2, 2, 0, 5], [5, 2, 2, 9, 0], [1, 3, 2, 4, 5], [1.0, np.nan, 2.0, 3.0, 4.0]]
)
def test_the_least_and_the_greatest_are_found_in_any_order(values: list[float]) -> None:
    held = np.array(values)
    groups = group([np.array([0, 0, 0, 1, 1])], n_grouping=1, n_rows=5)
    for by in (np.minimum, np.maximum):
        np.testing.assert_array_equal(
            groups.reduce(by, held), [by.reduce(held[:3]), by.reduce(held[3:])]
        )


def test_rows_of_some_customers_are_found_though_others_have_none() -> None:
    rows = frame(customer_id=[3, 3, 5, 9], x=[1, 2, 3, 4])
    assert rows.of_customers(np.array([0, 3, 9, 12])).column("x").values.tolist() == [1, 2, 4]
    assert rows.of_customers(np.array([3, 5, 9])) is rows
    assert rows.of_customers(np.array([], dtype=int)).n_rows == 0
    assert frame(customer_id=[]).of_customers(np.array([1])).n_rows == 0


def test_totals_are_exact_though_the_running_sum_overflows() -> None:
    values = np.array([2**62, 2**61, 5, 2**62, 2**62 - 1, -(2**62)])
    groups = Groups(None, np.array([0, 2, 3, 5]), np.array([1, 2, 4, 5]), 6)
    assert groups.total(values).tolist() == [2**62 + 2**61, 5, 2**63 - 1, -(2**62)]


def test_no_rows_are_no_groups() -> None:
    groups = group([np.zeros(0)], n_grouping=1, n_rows=0)
    assert (len(groups.starts), groups.sizes.tolist(), groups.n_rows) == (0, [], 0)
    assert groups.total(np.zeros(0, dtype=np.int64)).tolist() == []
