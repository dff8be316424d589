"""Customers who were drawn from a model, so that its formulas can be held against what happened."""

from __future__ import annotations

import numpy as np
import pytest

from features.btyd.histories import Histories

AGE_DAYS = 100.0


@pytest.fixture
def one_customer():
    """The history of one customer."""

    def make(repeats, last_days, age_days):
        return Histories(
            repeats=np.array([repeats], dtype=float),
            last_days=np.array([last_days], dtype=float),
            age_days=np.array([age_days], dtype=float),
            weights=np.ones(1),
        )

    return make


@pytest.fixture
def simulated():
    """Histories of 100 days, and the purchases in a later window, of customers of a model.

    ``stops(rng, rate, purchase)`` returns who stops for good at a purchase, or ``lifetime(rng, n)``
    how long each lives.
    """

    def make(*, n, r, alpha, window, seed=0, stops=None, lifetime=None):
        rng = np.random.default_rng(seed)
        rate = rng.gamma(r, 1 / alpha, n)
        ends = np.full(n, np.inf) if lifetime is None else lifetime(rng, n)
        p_stop = np.zeros(n) if stops is None else stops(rng, n)
        lives = np.ones(n, dtype=bool)
        now, repeats, last, bought = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
        while lives.any():
            at = np.flatnonzero(lives)
            now[at] += rng.exponential(1 / rate[at])
            lives[at] = now[at] < np.minimum(ends[at], window[1])
            at = at[lives[at]]
            seen = at[now[at] <= AGE_DAYS]
            repeats[seen] += 1
            last[seen] = now[seen]
            bought[at] += (now[at] >= window[0]) & (now[at] < window[1])
            lives[at] = rng.random(len(at)) >= p_stop[at]
        seen = Histories(
            repeats=repeats, last_days=last, age_days=np.full(n, AGE_DAYS), weights=np.ones(n)
        )
        return seen, bought

    return make


@pytest.fixture
def agree():
    """Check means of what was expected against what happened, by the number of repeats."""

    def check(seen, expected, happened):
        for low, high in ((0, 0), (1, 1), (2, 4), (5, np.inf)):
            part = (seen.repeats >= low) & (seen.repeats <= high)
            assert part.sum() > 200
            error = happened[part].std() / np.sqrt(part.sum())
            assert abs(expected[part].mean() - happened[part].mean()) < 4 * error, (low, high)

    return check
