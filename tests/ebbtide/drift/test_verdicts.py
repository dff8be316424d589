"""What is called a shift: rarely where nothing has changed, and surely where something has."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import chdtri, ndtri
from scipy.stats import hypergeom

from ebbtide.drift.chance import chances_of, divergence
from ebbtide.drift.groups import comparable_groups
from ebbtide.drift.measures import critical_difference, critical_distance, critical_stability
from ebbtide.drift.spread import Spread
from ebbtide.drift.verdicts import comparisons_in, drift_of

REPETITIONS = 100


def drawn(kind: str, size: int, rng: np.random.Generator):
    if kind == "smooth":
        return rng.gamma(2.0, 30.0, size)
    if kind == "counts":
        return rng.poisson(0.4, size).astype(float)
    if kind == "mostly-missing":
        return np.where(rng.random(size) < 0.6, np.nan, rng.normal(size=size))
    return rng.choice(np.arange(12.0), size, p=np.linspace(1, 23, 12) / 144)


def compared(kind, before, now, *, level=0.01, columns=1):
    reference = Spread.of_places(before, count=12) if kind == "categories" else Spread.of(before)
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
    assert alarms <= 4  # 1 expected at most; more than 4 happens once in 270


@pytest.mark.parametrize("kind", ["smooth", "counts"])
def test_the_critical_psi_is_exceeded_about_as_often_as_is_said(kind):
    """The line of 0.1 is left out of it here: what is asked is whether the level is true."""
    rng = np.random.default_rng(8)
    exceeded = 0
    for _ in range(REPETITIONS):
        before, now = drawn(kind, 5_000, rng), drawn(kind, 1_000, rng)
        reference = Spread.of(before)
        counts = reference.count(now)
        pooled = np.bincount(
            comparable_groups(reference, counts), weights=np.add(counts, reference.counts)
        )
        found = compared(kind, before, now)
        critical = critical_stability(0.05, pooled=pooled, n=1_000, n_before=5_000)
        exceeded += found.psi.value > critical
    assert 1 <= exceeded <= 13  # 5 expected


SPARSE = {
    "1 of 5": [0.95, 0.05],
    "3 of 10": [0.7, 0.1, 0.1, 0.1],
    "12 of 5": [0.4] + [0.05] * 12,
    "12 of 2": [0.76] + [0.02] * 12,
}


def compared_counts(before, now, *, level):
    reference = Spread(edges=None, counts=(*before.tolist(), 0), missing=0)
    return drift_of("x", reference, np.append(now, 0), 0, tests=1, level=level)


def farthest(ours, theirs, *, most):
    """Return the draws with the largest PSI; what is summed here is not grouped yet."""
    sizes = {"n": int(ours[0].sum()), "n_before": int(theirs[0].sum())}
    both = np.maximum(ours + theirs, 0.5)
    return np.argsort(divergence(ours, both, **sizes, added=1.0).sum(axis=1))[-most:]


@pytest.mark.parametrize("shares", SPARSE.values(), ids=SPARSE)
@pytest.mark.parametrize("n_before", [2_000, 10_000, 100_000])
@pytest.mark.parametrize("n", [200, 300, 500])
def test_sparse_categories_are_no_shift_at_the_level_of_one_test_of_many(n, n_before, shares):
    """As in a report of sixty features: of two hundred thousand draws eleven are expected at most,
    and more than twenty happen once in 160. The farthest 24 are judged.

    It is the whole way, grouping and all, that is asked here, and roughly: an excess of a half may
    pass. The next test is stricter where chance deals more, and of small tables every draw is
    counted with those of :mod:`ebbtide.drift.chance`.
    """
    level, draws = 0.01 / 180, 200_000
    rng = np.random.default_rng(17)
    ours, theirs = (rng.multinomial(size, shares, draws) for size in (n, n_before))
    drifts = [
        compared_counts(theirs[place], ours[place], level=level)
        for place in farthest(ours, theirs, most=24)
    ]
    assert sum(each.verdict != "stable" for each in drifts) <= 20


def psi_of_draws(shares, *, n, n_before, draws):
    """Return the PSI of many windows with the same total, and the total, both by group."""
    rng = np.random.default_rng(21)
    total = rng.multinomial(n + n_before, shares)
    here = rng.multivariate_hypergeometric(total, n, draws, method="marginals")
    reference = Spread(edges=None, counts=(*(total - here[0]).tolist(), 0), missing=0)
    groups = comparable_groups(reference, np.append(here[0], 0))[:-1]
    is_in = groups[:, None] == np.unique(groups)
    pooled, sizes = total @ is_in, {"n": n, "n_before": n_before}
    return divergence(here @ is_in, pooled, **sizes, added=is_in.shape[1] / 2).sum(axis=1), pooled


@pytest.mark.parametrize(
    ("shares", "n", "n_before", "fewest"),
    [
        (SPARSE["1 of 5"], 300, 10_000, 100),
        (SPARSE["3 of 10"], 200, 2_000, 100),
        (SPARSE["12 of 5"], 200, 2_000, 100),
        (SPARSE["12 of 5"], 300, 10_000, 100),
        (SPARSE["12 of 2"], 500, 100_000, 100),
        (np.linspace(1, 23, 12) / 144, 300, 10_000, 100),
        (np.linspace(1, 23, 12) / 144, 1_000, 5_000, 1),
    ],
    ids=["one", "three", "twelve", "twelve of 300", "rare", "of every size", "in two halves"],
)
def test_the_critical_psi_of_sparse_categories_is_exceeded_as_often_as_is_said(
    shares, n, n_before, fewest
):
    """Of two hundred thousand draws 200 at most are expected, and more than 240 happen once in 400.

    Where some are counted out and the others left to chi-square, it is far more rarely: the two
    hardly come to their critical values at once.
    """
    psi, pooled = psi_of_draws(shares, n=n, n_before=n_before, draws=200_000)
    critical = critical_stability(0.001, pooled=pooled, n=n, n_before=n_before)
    assert fewest <= (psi > critical).sum() <= 240


@pytest.mark.parametrize(
    ("n", "shares", "now"),
    [
        (200, SPARSE["3 of 10"], [0.4, 0.4, 0.1, 0.1]),
        (200, SPARSE["12 of 5"], [0.4] + [0.1] * 5 + [0.014] * 7),
        (200, SPARSE["12 of 5"], [0.55] + [0.0] * 3 + [0.05] * 9),
        (500, SPARSE["12 of 2"], [0.82] + [0.0] * 3 + [0.02] * 9),
        (500, SPARSE["1 of 5"], [0.8, 0.2]),
    ],
    ids=["one is four times", "five double", "three are gone", "three of few gone", "one alone"],
)
def test_a_shift_of_sparse_categories_that_matters_is_found_all_the_same(n, shares, now):
    rng = np.random.default_rng(19)
    drifts = [
        compared_counts(
            rng.multinomial(10_000, shares),
            rng.multinomial(n, np.divide(now, sum(now))),
            level=0.01 / 180,
        )
        for _ in range(20)
    ]
    assert sum(each.verdict != "stable" for each in drifts) >= 18


@pytest.mark.parametrize(("n", "n_before"), [(400, 10_000), (900, 900)])
def test_where_much_is_expected_the_short_way_and_the_long_one_meet(n, n_before):
    """Just below and above fifty of a bin: counted out, and stretched chi-square, which is more."""
    level = 0.01 / 180
    bins = round(n / 50) + 1, round(n / 50) - 1
    counted, stretched = (
        critical_stability(
            level, pooled=np.full(count, (n + n_before) / count), n=n, n_before=n_before
        )
        / chdtri(count - 1, level)
        for count in bins
    )
    assert counted < stretched < 1.07 * counted


def test_what_surely_is_below_the_line_is_not_counted_out():
    """A hundred categories among 2,500 customers, which would take a second otherwise."""
    pooled = np.full(100, 1_025.0)
    sizes = {"n": 2_500, "n_before": 100_000}
    assert critical_stability(1e-4, pooled=pooled, **sizes, at_least=0.1) == 0.1
    assert critical_stability(1e-4, pooled=pooled, **sizes) < 0.1


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


SHARES = [0.002, 0.01, 0.05, 0.17, 0.2, 0.47, 0.5, 0.9]


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize(
    ("n", "n_before"),
    [(200, 10_000), (250, 250), (300, 300), (500, 100_000), (600, 100_000), (10_000, 3_000)],
)
def test_missing_shares_hold_the_level_of_one_test_of_many(n, n_before, share):
    """Counted exactly: the chance of each number of missing values, without any draw.

    That of all that is beyond is within the level, and with the next of them it would not be.
    """
    level, missing = 0.01 / 180, round(share * (n + n_before))
    here = np.arange(max(0, missing - n_before), min(n, missing) + 1)
    critical = [
        critical_difference(
            level, missing=each, n=n, missing_before=missing - each, n_before=n_before
        )
        for each in here[[0, -1]].tolist()
    ]
    assert critical[0] == critical[1]  # of what is missing it asks for the sum only
    chances = hypergeom(n + n_before, missing, n).pmf(here)
    apart = np.abs(here / n - (missing - here) / n_before)
    assert chances[apart > critical[0]].sum() <= level
    assert chances[apart > critical[0] * (1 - 1e-6)].sum() > level


def test_missing_shares_of_millions_are_counted_as_soon_as_those_of_thousands():
    """What never comes is left out: of a million the critical value is the normal one."""
    level, n = 0.01 / 180, 1_000_000
    here, _ = chances_of(n, n=n, n_before=n)
    assert len(here) < 10_000
    critical = critical_difference(level, missing=n // 2, n=n, missing_before=n // 2, n_before=n)
    assert critical == pytest.approx(-ndtri(level / 2) * np.sqrt(0.25 * 2 / n), rel=0.001)


def test_the_critical_distance_is_kept_by_smooth_values_and_ties():
    rng = np.random.default_rng(9)
    for kind, most in (("smooth", 12), ("counts", 6)):
        exceeded = 0
        for _ in range(REPETITIONS):
            found = compared(kind, drawn(kind, 2_000, rng), drawn(kind, 500, rng))
            exceeded += found.ks.value > critical_distance(0.05, n=500, n_before=2_000)
        assert exceeded <= most  # 5 expected, with ties fewer


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
