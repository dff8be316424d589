"""What is called a shift: rarely where nothing has changed, and surely where something has."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import hypergeom

from ebbtide.drift.groups import comparable_groups
from ebbtide.drift.measures import critical_difference, critical_distance, critical_stability
from ebbtide.drift.spread import Spread
from ebbtide.drift.verdicts import comparisons_in, drift_of

REPETITIONS = 200


def drawn(kind: str, size: int, rng: np.random.Generator):
    if kind == "smooth":
        return rng.gamma(2.0, 30.0, size)
    if kind == "counts":
        return rng.poisson(0.4, size).astype(float)
    if kind == "mostly-missing":
        return np.where(rng.random(size) < 0.6, np.nan, rng.normal(size=size))
    return rng.choice(np.arange(30.0), size, p=np.linspace(1, 59, 30) / 900)


def compared(kind, before, now, *, level=0.01, columns=1):
    reference = Spread.of_places(before, count=30) if kind == "categories" else Spread.of(before)
    counts, missing = reference.count(now), int(np.isnan(now).sum())
    return drift_of(
        kind, reference, counts, missing, tests=columns * comparisons_in(reference), level=level
    )


@pytest.mark.parametrize("kind", ["smooth", "counts", "mostly-missing", "categories"])
@pytest.mark.parametrize("sizes", [(600, 600), (20_000, 600), (3_000, 3_000)], ids=str)
def test_without_a_shift_alarms_are_as_rare_as_is_said(kind, sizes):
    rng = np.random.default_rng(7)
    alarms = 0
    for _ in range(REPETITIONS):
        found = compared(kind, drawn(kind, sizes[0], rng), drawn(kind, sizes[1], rng))
        alarms += found.worst != "stable"
    assert alarms <= 6  # 2 expected at most; more than 6 happens once in 200


@pytest.mark.parametrize(("kind", "fewest"), [("smooth", 2), ("counts", 2), ("categories", 0)])
def test_the_critical_psi_is_exceeded_about_as_often_as_is_said(kind, fewest):
    """The line of 0.1 is left out of it here: what is asked is whether the level is true.

    Categories of which hardly more than ten are expected are held to more than that.
    """
    rng = np.random.default_rng(8)
    exceeded = 0
    for _ in range(REPETITIONS):
        before, now = drawn(kind, 5_000, rng), drawn(kind, 1_000, rng)
        reference = (
            Spread.of_places(before, count=30) if kind == "categories" else Spread.of(before)
        )
        counts = reference.count(now)
        pooled = np.bincount(
            comparable_groups(reference, counts), weights=np.add(counts, reference.counts)
        )
        found = compared(kind, before, now)
        critical = critical_stability(0.05, pooled=pooled, n=1_000, n_before=5_000)
        exceeded += found.psi.value > critical
    assert fewest <= exceeded <= 22  # 10 expected


SPARSE = {
    "3 of 100": [0.97, 0.03],
    "12 of 1": [0.88] + [0.01] * 12,
    "12 of 2": [0.76] + [0.02] * 12,
    "12 of 5": [0.4] + [0.05] * 12,
    "20 of 5": [0.05] * 20,
    "3 of 10": [0.7, 0.1, 0.1, 0.1],
}


@pytest.mark.parametrize("shares", SPARSE.values(), ids=SPARSE)
@pytest.mark.parametrize("sizes", [(200, 200), (200, 10_000), (500, 500)], ids=str)
def test_sparse_categories_are_no_shift_at_the_level_of_one_test_of_many(shares, sizes):
    """As in a report of sixty features; a hundred thousand draws, of which the far ones are judged.

    Six are expected at most; more than fifteen happen once in 3,000.
    """
    level, draws, (n, n_before) = 0.01 / 180, 100_000, sizes
    rng = np.random.default_rng(17)
    ours, theirs = (rng.multinomial(size, shares, draws) for size in (n, n_before))
    # What is not among the farthest by Pearson's chi-square is not beyond any threshold.
    pooled = np.asarray(shares) * (n + n_before)
    far = ((ours / n - theirs / n_before) ** 2 / pooled).sum(axis=1)
    found = 0
    for place in np.argsort(far)[-250:]:
        reference = Spread(edges=None, counts=(*theirs[place].tolist(), 0), missing=0)
        counts = np.append(ours[place], 0)
        drift = drift_of("x", reference, counts, 0, tests=1, level=level)
        found += drift.verdict != "stable"
    assert found <= 15


@pytest.mark.parametrize("size", [200, 300, 1_000, 5_000])
def test_sixty_columns_that_are_mostly_zero_raise_no_false_alarm(size):
    rng = np.random.default_rng(18)
    for _ in range(3):
        for _ in range(60):
            before, now = (
                np.where(rng.random(each) < 0.97, 0.0, 1.0 + rng.integers(0, 3, each))
                for each in (2_000, size)
            )
            assert compared("zeros", before, now, columns=60).worst == "stable"


def test_what_few_lack_is_no_shift_at_the_level_of_one_test_of_many():
    """Counted exactly: the chance of each number of missing values, without any draw."""
    level, n, n_before = 0.01 / 180, 200, 10_000
    missing = 300
    here = np.arange(0, n + 1)
    beyond = [
        abs(each / n - (missing - each) / n_before)
        > critical_difference(
            level, missing=int(each), n=n, missing_before=missing - int(each), n_before=n_before
        )
        for each in here
    ]
    assert hypergeom(n + n_before, missing, n).pmf(here[beyond]).sum() <= level
    assert any(beyond)


def test_the_critical_distance_is_kept_by_smooth_values_and_ties():
    rng = np.random.default_rng(9)
    for kind, most in (("smooth", 20), ("counts", 8)):
        exceeded = 0
        for _ in range(REPETITIONS):
            found = compared(kind, drawn(kind, 2_000, rng), drawn(kind, 500, rng))
            exceeded += found.ks.value > critical_distance(0.05, n=500, n_before=2_000)
        assert exceeded <= most  # 10 expected, with ties fewer


@pytest.mark.parametrize(
    ("moved_by", "verdict"),
    [(0.0, "stable"), (0.1, "stable"), (0.4, "shifted"), (0.8, "strongly_shifted")],
)
def test_a_known_move_of_a_normal_value_is_named(moved_by, verdict):
    rng = np.random.default_rng(10)
    before, now = rng.normal(size=20_000), rng.normal(moved_by, 1.0, 5_000)
    assert compared("smooth", before, now).verdict == verdict


def test_a_shift_of_spread_alone_is_found():
    rng = np.random.default_rng(11)
    found = compared("smooth", rng.normal(size=5_000), rng.normal(0, 2, 2_000))
    assert found.verdict == "strongly_shifted"


def test_a_large_psi_of_few_customers_is_not_called_a_shift():
    """With 250 customers against 250 and fifty columns, a PSI of 0.15 is chance."""
    rng = np.random.default_rng(12)
    found = compared("smooth", rng.normal(size=250), rng.normal(0.3, 1, 250), columns=50)
    assert found.psi.value > 0.1
    assert found.psi.threshold > found.psi.value
    assert found.verdict == "stable"


def test_a_tiny_shift_of_very_many_is_not_called_one():
    rng = np.random.default_rng(13)
    found = compared("smooth", rng.normal(size=200_000), rng.normal(0.03, 1, 200_000))
    assert found.ks.value > critical_distance(0.01, n=200_000, n_before=200_000)
    assert found.verdict == "stable"


def test_fewer_than_two_hundred_are_too_few():
    found = compared("smooth", np.arange(5_000.0), np.full(199, 9e9))
    assert (found.verdict, found.missing_verdict) == ("too_few", "too_few")
    assert (found.psi, found.ks, found.missing, found.beyond) == (None, None, None, 0.0)


def test_what_is_missing_now_is_told_apart_from_what_the_values_are():
    rng = np.random.default_rng(14)
    before, now = rng.normal(size=5_000), rng.normal(size=2_000)
    now[:800] = np.nan
    found = compared("smooth", before, now)
    assert (found.verdict, found.missing_verdict) == ("stable", "strongly_shifted")
    assert (found.missing_share, found.reference_missing_share) == (0.4, 0.0)


def test_a_constant_that_begins_to_vary_is_found():
    rng = np.random.default_rng(15)
    found = compared("smooth", np.zeros(5_000), np.where(rng.random(1_000) < 0.3, -1.0, 0.0))
    assert found.verdict == "strongly_shifted"


def test_categories_that_were_not_learned_are_found_and_have_no_distance():
    rng = np.random.default_rng(16)
    now = drawn("categories", 2_000, rng)
    now[:400] = -1.0
    found = compared("categories", drawn("categories", 5_000, rng), now)
    assert found.verdict == "strongly_shifted"
    assert found.ks is None


def test_a_column_of_one_value_has_nothing_to_compare():
    found = compared("smooth", np.zeros(500), np.zeros(500))
    assert found.psi is None
    assert (found.verdict, found.ks.value) == ("stable", 0.0)
