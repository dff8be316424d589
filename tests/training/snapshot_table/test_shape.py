"""Trees are as deep as the rows held out say, and no deeper."""

from __future__ import annotations

import numpy as np

from training.models.boosting import fit_boosting
from training.snapshot_table.shape import SHAPES, chosen_shape, shape_of

N = 900
RANKED = np.random.default_rng(0).random((N, 6))


def outcomes(z):
    return (np.random.default_rng(1).random(N) < 1 / (1 + np.exp(-z))).astype(float)


def test_a_noisy_label_gets_shallow_trees() -> None:
    churned = outcomes(2 * RANKED[:, 0] + RANKED[:, 1] - 1.5)
    assert chosen_shape(RANKED, churned, seed=0, categories={}) == SHAPES[0]


def test_a_label_that_columns_settle_together_gets_deeper_trees() -> None:
    corner = (RANKED[:, 0] > 0.5) ^ (RANKED[:, 1] > 0.5)
    churned = np.where(np.random.default_rng(2).random(N) < 0.98, corner, ~corner).astype(float)
    assert chosen_shape(RANKED, churned, seed=0, categories={}) == SHAPES[1]


def test_copies_do_not_pass_for_rows_held_out() -> None:
    """Each row twice: a split that parted copies would reward learning them by heart."""
    half = N // 2
    churned = np.tile(outcomes(np.zeros(N))[:half], 2)
    assert chosen_shape(np.tile(RANKED[:half], (2, 1)), churned, seed=0, categories={}) == SHAPES[0]


def test_too_few_leavers_to_hold_any_out_get_shallow_trees() -> None:
    churned = np.zeros(N)
    churned[:2] = 1
    assert chosen_shape(RANKED, churned, seed=0, categories={}) in SHAPES


def test_the_shape_is_read_from_the_text_of_the_model() -> None:
    churned = outcomes(RANKED[:, 0])
    text = fit_boosting(RANKED, churned, seed=0, parameters=SHAPES[1])[1]
    assert shape_of(text) == {
        "learning_rate": "0.05",
        "feature_fraction": "0.5",
        "num_leaves": "16",
    }
