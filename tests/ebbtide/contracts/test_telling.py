"""A feature told of many customers says of each what it says of one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebbtide.contracts.snapshot_table import ColumnContract
from ebbtide.contracts.telling import Telling
from features.catalogue.catalogue import CATALOGUE

PLAN = ColumnContract(name="plan", kind="category", categories={"a": 1, "1": 2}).feature
numbers = st.one_of(st.just(math.nan), st.just(1.0), st.floats(-1e4, 1e4))


@pytest.mark.property
@given(
    st.sampled_from([feature.contract for feature in CATALOGUE]),
    st.lists(numbers, min_size=1, max_size=30),
    numbers,
    numbers,
    st.sampled_from(["en", "zh"]),
)
def test_many_are_told_as_each(feature, values, typical, leavers, language):
    telling = Telling.of(feature, typical, language, stayers=typical, leavers=leavers)
    which, texts = telling.texts(np.array(values))
    assert [texts[each] for each in which] == [telling.text(value) for value in values]


def test_categories_are_told_as_each():
    values = [0.0, 1.0, -1.0, math.nan, 1.0]
    telling = Telling.of(PLAN, 0.0, "en")
    which, texts = telling.texts(np.array(values))
    assert [texts[each] for each in which] == [
        "plan is a",
        "plan is 1 (typical: a)",
        "plan has a value that was not learned",
        "plan is not known",
        "plan is 1 (typical: a)",
    ]
    assert [telling.text(value) for value in values] == [texts[each] for each in which]
