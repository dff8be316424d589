"""No contract and no report tells the value of a single customer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebbtide.contracts.snapshot_table import ColumnContract, TableContract
from features.snapshot_table.disclosure import column_holds, outward_limits
from features.snapshot_table.listing import print_contract

LIMITS = [
    ([18.25, 50.0, 118.75], (10.0, 120.0), "prices"),
    ([0.0] + [72.0] * 5, (0.0, 72.0), "a-limit-of-many"),
    ([0.0] + [72.0] * 4, (0.0, 73.0), "a-limit-of-few-moves-a-step"),
    ([-5.0, 0.0], (-5.1, 0.0), "zero-keeps-the-sign"),
    ([1998.0] * 5 + [2020.0] * 5, (1998.0, 2020.0), "years"),
    ([0.3, 0.87] * 5, (0.3, 0.87), "shares"),
    ([1.0, 1e12 + 1], (0.0, 1.1e12), "an-outlier"),
    ([1e16, 1e16 + 2], (1e16 - 1000, 1e16 + 1000), "large-and-close"),
    ([5e-324, 1e-323], (0.0, 2e-323), "the-smallest"),
    ([-1.7e308, 1.7e308] * 5, (-1.7e308, 1.7e308), "the-largest"),
]


@pytest.mark.parametrize(
    ("values", "limits"), [case[:2] for case in LIMITS], ids=[case[2] for case in LIMITS]
)
def test_limits_are_rounded_outwards(values, limits) -> None:
    assert outward_limits(np.array(values)) == limits


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=4))
def test_limits_hold_every_number_and_are_no_value_but_zero(values) -> None:
    if len(set(values)) < 2:
        return
    low, high = outward_limits(np.array(values))
    assert low <= min(values)
    assert high >= max(values)
    largest = np.finfo(np.float64).max
    assert not {low, high} & (set(values) - {0.0, largest, -largest})


RARE = {"basic": 40, "of Ms Doe": 1, "gold": 1_200, "four": 4}


def test_a_listing_names_no_rare_category(capsys) -> None:
    column = ColumnContract(name="plan", kind="category", categories=RARE)
    assert column_holds(column) == "gold (1,200), basic (40) and 2 rarer ones"
    print_contract(TableContract(rows=1245, columns=(column,)))
    assert "Doe" not in capsys.readouterr().out


def test_a_contract_of_rare_categories_only_names_none() -> None:
    column = ColumnContract(name="plan", kind="category", categories={"a": 0, "b": 1})
    assert column_holds(column) == "2 categories, each of fewer than 5 rows"


def test_a_person_may_leave_out_a_limit() -> None:
    assert column_holds(ColumnContract(name="x", kind="number", low=3)) == "at least 3"
    assert column_holds(ColumnContract(name="x", kind="number")) == "any number"
