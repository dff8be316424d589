"""What is counted out of chance is what chance does: against every draw that there may be."""

from __future__ import annotations

import tracemalloc
from itertools import product
from math import comb

import numpy as np
import pytest

from ebbtide.drift.chance import chances_of, critical_divergence, divergence, exceeded_at_most
from ebbtide.drift.measures import critical_stability

TABLES = {
    "three cells, one of few": ([6, 20, 274], 60),
    "three cells alike": ([20, 20, 20], 30),
    "four cells of a small window": ([12, 16, 24, 348], 40),
    "four cells of a small reference": ([12, 16, 24, 48], 85),
}


def every_draw(counts, n):
    """Return PSI and chance of each way to draw n of all."""
    n_before, total = sum(counts) - n, comb(sum(counts), n)
    values, chances = [], []
    for but_last in product(*(range(count + 1) for count in counts[:-1])):
        last = n - sum(but_last)
        if not 0 <= last <= counts[-1]:
            continue
        here = (*but_last, last)
        ways = 1
        for drawn, count in zip(here, counts, strict=True):
            ways *= comb(count, drawn)
        each = divergence(
            np.array(here, dtype=float),
            np.array(counts, dtype=float),
            n=n,
            n_before=n_before,
            added=len(counts) / 2,
        )
        values.append(float(each.sum()))
        chances.append(ways / total)
    return np.array(values), np.array(chances)


@pytest.mark.parametrize("level", [0.05, 0.001, 0.01 / 180])
@pytest.mark.parametrize(("counts", "n"), TABLES.values(), ids=TABLES)
def test_the_critical_value_is_that_of_all_draws_and_not_below(counts, n, level):
    values, chances = every_draw(counts, n)
    assert chances.sum() == pytest.approx(1)
    critical = critical_stability(level, pooled=counts, n=n, n_before=sum(counts) - n)
    assert chances[values > critical].sum() <= level
    assert critical <= 1.05 * exceeded_at_most(level, values, chances)


@pytest.mark.parametrize("level", [0.05, 0.01 / 180])
def test_two_cells_are_counted_without_a_grid(level):
    counts, n = [30, 570], 200
    values, chances = every_draw(counts, n)
    critical = critical_divergence(
        level, counts=np.array([570.0, 30.0]), n=n, n_before=400, added=1.0, scale=0.01
    )
    assert critical == pytest.approx(exceeded_at_most(level, values, chances))


@pytest.mark.parametrize("of_half", [0.5, 2.0])
def test_how_fine_the_grid_is_hardly_matters(of_half):
    counts = np.array([9_000.0] + [600.0] * 12)
    drawn = {"n": 200, "n_before": 16_000, "added": 6.5}
    usual = critical_divergence(0.001, counts=counts, **drawn, scale=0.16)
    assert critical_divergence(
        0.001, counts=counts, **drawn, scale=0.16 * of_half
    ) == pytest.approx(usual, rel=0.03)


def test_all_that_may_be_drawn_is_told_and_no_more():
    here, chances = chances_of(5, n=3, n_before=4)
    assert here.tolist() == [1, 2, 3]
    assert chances.tolist() == pytest.approx([3 / 21, 12 / 21, 6 / 21])


def test_a_table_of_many_takes_a_few_megabytes_at_once():
    counts = np.array([90_000.0] + [600.0] * 12)
    chances_of(2, n=1, n_before=3)  # what it imports is not counted
    tracemalloc.start()
    critical_divergence(0.001, counts=counts, n=9_000, n_before=88_200, added=6.5, scale=0.004)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3e6
