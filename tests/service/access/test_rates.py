"""Buckets: as many as the rate at once, then evenly; bounded in memory."""

from __future__ import annotations

import pytest

from service.access.rates import Buckets, Rate
from service.settings import read_settings

TWO_A_MINUTE = Rate(requests=2, seconds=60)


@pytest.fixture
def clock():
    return [1_000.0]


@pytest.fixture
def buckets(clock):
    return Buckets(monotonic=lambda: clock[0], most=3)


def test_a_bucket_fills_up_evenly(buckets, clock):
    assert [buckets.take("a", TWO_A_MINUTE) for _ in range(3)] == [0.0, 0.0, 30.0]
    clock[0] += 29.0
    assert buckets.take("a", TWO_A_MINUTE) == pytest.approx(1.0)
    clock[0] += 1.0
    assert buckets.take("a", TWO_A_MINUTE) == 0.0
    assert buckets.take("a", TWO_A_MINUTE) == pytest.approx(30.0)


def test_a_refused_request_costs_nothing(buckets, clock):
    for _ in range(100):
        buckets.take("a", TWO_A_MINUTE)
    clock[0] += 30.0
    assert buckets.take("a", TWO_A_MINUTE) == 0.0


def test_exactly_the_rate_passes_whatever_it_is(clock):
    for requests in (1, 3, 7, 49, 6_000):
        buckets = Buckets(monotonic=lambda: clock[0])
        rate = Rate(requests=requests, seconds=60)
        passed = sum(buckets.take("a", rate) == 0.0 for _ in range(requests + 5))
        assert passed == requests


def test_newcomers_beyond_the_bound_share_one_bucket(buckets):
    for who in "abc":
        assert buckets.take(who, TWO_A_MINUTE) == 0.0
    assert [buckets.take(who, TWO_A_MINUTE) > 0 for who in ("d", "e", "f")] == [False, False, True]
    assert buckets.take("a", TWO_A_MINUTE) == 0.0


def test_full_buckets_are_forgotten_to_make_room(buckets, clock):
    for who in "abc":
        buckets.take(who, TWO_A_MINUTE)
    clock[0] += 60.0
    assert [buckets.take("d", TWO_A_MINUTE) for _ in range(2)] == [0.0, 0.0]
    assert len(buckets._full_at) == 1


@pytest.mark.parametrize("text", ["", "6000", "0/minute", "-1/minute", "1.5/minute", "5/fortnight"])
def test_what_is_no_rate_is_no_setting(text):
    with pytest.raises(Exception, match="EBBTIDE_RATE_LIMIT"):
        read_settings(rate_limit=text)
