"""Many numbers in words are the words of each."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebbtide.contracts.wording import number_in_words, numbers_in_words, plain_number

near_limits = st.sampled_from([9.996, 99.96, 99.5, 0.005, 0.995, -0.004, -0.0, 1e15, 0.125, 2.675])
numbers = st.one_of(st.floats(-1e9, 1e9), st.integers(-400, 400).map(float), near_limits)


@pytest.mark.property
@given(
    st.lists(numbers, min_size=1, max_size=60),
    st.sampled_from(["days", "share", "share of orders", "flag"]),
    st.sampled_from(["en", "zh"]),
)
def test_many_are_written_as_each(values, unit, language):
    which, texts = numbers_in_words(np.array(values), unit=unit, language=language)
    assert [texts[each] for each in which] == [
        number_in_words(value, unit=unit, language=language) for value in values
    ]


def test_minus_zero_is_written_as_zero():
    assert [plain_number(value) for value in (-0.0, -0.004, 0.0)] == ["0", "0", "0"]
