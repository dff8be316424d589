"""The hold-out: sticky, nested in its share, fair, and independent between families."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2, chi2_contingency, kstest

from ebbtide.holdout import arm_of, place_of

SALT = "a salt of tests"
IDS = [f"c-{number}" for number in range(100_000)]


@pytest.mark.golden
@pytest.mark.parametrize(
    ("customer_id", "family", "place"),
    [
        ("c-1", "call", 0.22176129323615534),
        ("客户", "call", 0.5012091698170226),
        ("c-1", "discount_voucher", 0.4117685032131899),
    ],
)
def test_a_place_is_the_same_for_ever(customer_id, family, place):
    assert place_of(customer_id, family=family, salt="s3") == place


def test_another_process_deals_the_same_arms():
    program = (
        "from ebbtide.holdout import arm_of\n"
        "print(*(arm_of(f'c-{n}', family='call', share=0.3, salt='s') for n in range(200)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONHASHSEED": "77"},
    )
    here = [arm_of(f"c-{n}", family="call", share=0.3, salt="s") for n in range(200)]
    assert ran.stdout.split() == here
    assert set(here) == {"treated", "holdout"}


shares = st.floats(0, 1, exclude_max=True)


@pytest.mark.property
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), st.tuples(shares, shares))
def test_a_larger_share_moves_nobody_back(customer_id, pair):
    small, large = sorted(pair)
    if arm_of(customer_id, family="call", share=small, salt=SALT) == "holdout":
        assert arm_of(customer_id, family="call", share=large, salt=SALT) == "holdout"


def test_no_share_holds_nobody_out():
    assert {arm_of(each, family="call", share=0.0, salt=SALT) for each in IDS[:1000]} == {"treated"}


def test_places_are_uniform_and_independent_of_family_and_salt():
    one, other, anew = (
        np.array([place_of(each, family=family, salt=salt) for each in IDS])
        for family, salt in (("call", SALT), ("voucher", SALT), ("call", "another"))
    )
    assert kstest(one, "uniform").pvalue > 0.001
    held = one < 0.1
    expected = 0.1 * len(IDS)
    statistic = (held.sum() - expected) ** 2 / (expected * 0.9)
    assert chi2.sf(statistic, 1) > 0.001
    for unlike in (other, anew):
        table = np.histogram2d(held, unlike < 0.1, bins=2)[0]
        assert chi2_contingency(table).pvalue > 0.001


def test_family_and_id_cannot_be_read_as_another_pair():
    assert place_of("b", family="a", salt=SALT) != place_of("", family="ab", salt=SALT)
    assert place_of(":b", family="a", salt=SALT) != place_of("b", family="a:", salt=SALT)
