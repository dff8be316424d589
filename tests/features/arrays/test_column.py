"""A column knows its nulls, its decimals and its words."""

from __future__ import annotations

import operator

import numpy as np
import pytest

from ebbtide.errors import ContractError
from features.arrays.column import (
    NULL,
    Column,
    add,
    as_decimal,
    as_whole,
    compare,
    conjunction,
    constant,
    disjunction,
    extreme,
    first_present,
    is_word,
    largest,
    multiply,
    negation,
)

YES, NO, UNKNOWN = (True, True), (False, True), (True, False)  # value, and whether it is there


def flag(state: tuple[bool, bool]) -> Column:
    return Column(np.array([state[0]]), np.array([state[1]]))


def state(column: Column) -> str:
    if column.valid is not None and not column.valid[0]:
        return "unknown"
    return "yes" if column.values[0] else "no"


@pytest.mark.parametrize(
    ("left", "right", "both", "either"),
    [
        (YES, YES, "yes", "yes"),
        (YES, NO, "no", "yes"),
        (NO, NO, "no", "no"),
        (YES, UNKNOWN, "unknown", "yes"),
        (NO, UNKNOWN, "no", "unknown"),
        (UNKNOWN, UNKNOWN, "unknown", "unknown"),
    ],
)
def test_logic_has_three_values(left, right, both: str, either: str) -> None:
    for one, other in ((left, right), (right, left)):
        assert state(conjunction(flag(one), flag(other))) == both
        assert state(disjunction(flag(one), flag(other))) == either


def test_what_is_unknown_is_neither_true_nor_its_negation() -> None:
    assert not flag(UNKNOWN).is_true[0]
    assert not negation(flag(UNKNOWN)).is_true[0]


@pytest.mark.parametrize(
    ("number", "ten_thousandths"),
    [
        (0.1 + 0.2, 3000),
        (0.00005, 1),
        (-0.00005, -1),
        (2.00015, 20_002),
        (0.49999999999999994e-4, 0),
        (450_359_962_737.0497, 4_503_599_627_370_497),  # no room for another half
        (1e12, 10**16),
        (99_999_999_999_999.98, 999_999_999_999_999_872),  # the last below the limit
        (-900_719_925_474.0992, -9_007_199_254_740_992),
    ],
)
def test_doubles_become_decimals_with_halves_away_from_zero(number, ten_thousandths: int) -> None:
    assert as_decimal(Column(np.array([number])), 4).values.tolist() == [ten_thousandths]


def test_doubles_become_whole_numbers_with_halves_to_even_and_decimals_with_halves_away() -> None:
    assert as_whole(Column(np.array([0.5, 1.5, -2.5]))).values.tolist() == [0, 2, -2]
    assert as_whole(Column(np.array([5, 15, -25]), scale=1)).values.tolist() == [1, 2, -3]


@pytest.mark.parametrize("number", [1e14, -5.1e14, 1e15, -1e300, np.inf, np.nan])
def test_numbers_without_room_among_decimals_are_refused(number: float) -> None:
    with (
        np.errstate(all="ignore"),
        pytest.raises(ContractError, match=r"14 digits .* got 1 larger"),
    ):
        as_decimal(Column(np.array([1.0, number])), 4)


@pytest.mark.parametrize("number", [1e300, np.inf, np.nan])
def test_what_is_null_may_hold_anything(number: float) -> None:
    held = Column(np.array([1.0, number]), np.array([True, False]))
    with np.errstate(all="ignore"):
        assert as_decimal(held, 4).values.tolist() == [10_000, 0]


def test_decimals_of_different_scale_meet_at_the_finer_one() -> None:
    cents, units = Column(np.array([150]), scale=2), Column(np.array([15_000]), scale=4)
    assert add(cents, units).values.tolist() == [30_000]
    assert add(cents, units).scale == 4
    assert compare(cents, units, by=operator.eq).values.tolist() == [True]
    assert compare(cents, constant(1), by=operator.gt).values.tolist() == [True]


def test_bytes_do_not_wrap_round_when_they_are_subtracted() -> None:
    places = Column(np.array([1, 0], dtype=np.uint8))
    assert add(constant(0), places, sign=-1).values.tolist() == [-1, 0]
    assert add(places, Column(np.array([255, 2], dtype=np.uint8))).values.tolist() == [256, 2]
    assert multiply(places, constant(-3)).values.tolist() == [-3, 0]


def test_a_product_without_room_becomes_a_double() -> None:
    large = Column(np.array([2**61, 3]), scale=4)
    product = multiply(large, constant(16))
    assert product.scale is None
    assert product.values.tolist() == [2**65 / 10_000, 0.0048]
    assert multiply(large, constant(2)).values.tolist() == [2**62, 6]


def test_the_largest_does_not_look_at_nulls() -> None:
    assert largest(Column(np.array([3, -7, 2**62]), np.array([True, True, False]))) == 7


def test_a_word_that_does_not_occur_is_nowhere() -> None:
    held = Column(np.array([0, 1, 0]), np.array([True, True, False]), words=("a", "c"))
    for wanted, where in (("a", [True, False]), ("b", [False, False]), ("d", [False, False])):
        found = is_word(held, wanted)
        assert found.values[:2].tolist() == where
        assert found.valid.tolist() == [True, True, False]


def test_the_first_present_keeps_null_only_where_all_are() -> None:
    held = Column(np.array([1, 2, 3]), np.array([True, False, False]))
    other = Column(np.array([4, 5, 6]), np.array([True, True, False]))
    assert first_present([held, other]).valid.tolist() == [True, True, False]
    assert first_present([held, other, constant(0)]).values.tolist() == [1, 5, 0]
    assert first_present([held, other, constant(0)]).valid is None
    assert first_present([held, NULL]).valid.tolist() == [True, False, False]


@pytest.mark.parametrize("kind", [np.int16, np.int32, np.int64])
@pytest.mark.parametrize("scale", [None, 0, 2])
def test_the_greatest_and_the_least_are_chosen_for_each_row(kind, scale) -> None:
    one = Column(np.array([1, 5, -3], dtype=kind))
    other = Column(np.array([2, -5, -3]) * 10 ** (scale or 0), scale=scale)
    for pair in ([one, other], [other, one]):
        assert extreme(pair, largest=True).as_double.tolist() == [2, 5, -3]
        assert extreme(pair, largest=False).as_double.tolist() == [1, -5, -3]
    assert extreme([one, constant(0)], largest=True).values.tolist() == [1, 5, 0]


def test_the_greater_of_two_texts_keeps_its_words() -> None:
    words = ("a", "b", "c")
    one, other = (Column(np.array(places), words=words) for places in ([0, 2], [1, 1]))
    found = extreme([one, other], largest=True)
    assert (found.values.tolist(), found.words) == ([1, 2], words)


@pytest.mark.parametrize("convert", [as_whole, lambda column: as_decimal(column, 2)])
def test_a_constant_that_is_null_in_places_has_a_value_for_each_row(convert) -> None:
    held = convert(Column(np.asarray(1.5), np.array([True, False, True])))
    assert held.values.shape == held.valid.shape == (3,)
    assert held.take(np.array([2])).valid.tolist() == [True]


def test_a_constant_is_spread_with_its_null() -> None:
    assert NULL.spread(2).valid.tolist() == [False, False]
    assert constant(7).spread(2).values.tolist() == [7, 7]
    assert constant(7).take(np.array([0])).values.ndim == 0
