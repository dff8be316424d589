"""Trees are as deep, and lines as free, as the rows held out say, and no more."""

from __future__ import annotations

import numpy as np

from training.snapshot_table import shape
from training.snapshot_table.shape import SHAPES, chosen_shape

N = 900
RANKED = np.random.default_rng(0).random((N, 6))


def outcomes(z):
    return (np.random.default_rng(1).random(N) < 1 / (1 + np.exp(-z))).astype(float)


def chosen(kind, ranked, churned):
    """Return the place of the shape that is chosen."""
    return SHAPES[kind].index(chosen_shape(kind, ranked, churned, seed=0, categories={}))


def test_a_noisy_label_gets_shallow_trees() -> None:
    assert chosen("lightgbm", RANKED, outcomes(2 * RANKED[:, 0] + RANKED[:, 1] - 1.5)) == 0


def test_a_label_that_columns_settle_together_gets_deeper_trees() -> None:
    corner = (RANKED[:, 0] > 0.5) ^ (RANKED[:, 1] > 0.5)
    churned = np.where(np.random.default_rng(2).random(N) < 0.98, corner, ~corner).astype(float)
    assert chosen("lightgbm", RANKED, churned) > 0
    assert chosen("random_forest", RANKED, churned) > 0


def test_lines_are_as_free_as_the_label_is_clear() -> None:
    assert chosen("logistic", RANKED, outcomes(np.zeros(N))) == 0
    assert chosen("logistic", RANKED, outcomes(24 * np.abs(RANKED[:, 0] - 0.5) - 6)) > 0


def test_copies_do_not_pass_for_rows_held_out() -> None:
    """Each row twice: a split that parted copies would reward learning them by heart."""
    half = N // 2
    churned = np.tile(outcomes(np.zeros(N))[:half], 2)
    assert chosen("lightgbm", np.tile(RANKED[:half], (2, 1)), churned) == 0


def test_too_few_leavers_to_hold_any_out_get_the_most_bound() -> None:
    churned = np.zeros(N)
    churned[0] = 1
    assert all(chosen(kind, RANKED, churned) == 0 for kind in SHAPES)


def test_of_many_rows_some_choose(monkeypatch) -> None:
    monkeypatch.setattr(shape, "_MOST_ROWS", 300)
    seen = []
    fit = shape.FITS["logistic"]

    def noted(ranked, *rest, **named):
        seen.append(len(ranked))
        return fit(ranked, *rest, **named)

    monkeypatch.setitem(shape.FITS, "logistic", noted)
    chosen("logistic", RANKED, outcomes(RANKED[:, 0]))
    assert seen == [225] * len(SHAPES["logistic"])
