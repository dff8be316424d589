"""Measures of a churn score against outcomes, as plain numbers.

With their uncertainty they are in ``training.evaluation.evaluate``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from training.evaluation import promises, ranking

if TYPE_CHECKING:
    from ebbtide.scorer.scores import FloatArray


def auc(churned: FloatArray, score: FloatArray) -> float:
    """Return the probability that a leaver scores above a stayer, ties counted half.

    NaN where all did the same.

    Examples
    --------
    >>> auc(np.array([0.0, 0.0, 1.0]), np.array([1.0, 2.0, 2.0]))
    0.75
    """
    return float(ranking.auc_of(ranking.tally_of(churned, score))[0])


def average_precision(churned: FloatArray, score: FloatArray) -> float:
    """Return precision averaged over the leavers found, the highest scores first.

    Examples
    --------
    >>> average_precision(np.array([1.0, 0.0, 1.0, 0.0]), np.array([0.9, 0.8, 0.7, 0.1])) * 6
    5.0
    """
    return float(ranking.average_precision_of(ranking.tally_of(churned, score))[0])


def top_decile_lift(churned: FloatArray, score: FloatArray) -> float:
    """Return the churn share among the tenth with the highest scores, over that of all.

    Customers whose scores tie at the border count in proportion, so that the order of rows does not
    matter.

    Examples
    --------
    >>> churned = np.array([1.0, 1.0] + [0.0] * 18)
    >>> top_decile_lift(churned, score=np.linspace(1, 0, 20))
    10.0
    >>> top_decile_lift(churned, score=np.zeros(20))
    1.0
    """
    return float(ranking.lifts(ranking.tally_of(churned, score), [0.1])[0, 0])


def calibration_error(
    churned: FloatArray, p_churn: FloatArray, *, bins: int = promises.BINS
) -> float:
    """Return the mean gap between promised and realised churn share, over bins of equal size.

    Parameters
    ----------
    churned : outcomes, shape (n,).
    p_churn : promised probabilities, shape (n,).
    bins : how many groups of customers of like probability.

    References
    ----------
    See :func:`training.evaluation.promises.calibration_error_of`.

    Examples
    --------
    >>> calibration_error(np.array([0.0, 1.0]), np.array([0.5, 0.5]), bins=1)
    0.0
    """
    measure = promises.calibration_error_of(churned, p_churn, bins=bins)
    return float(measure(np.ones((1, len(churned))))[0])


def log_loss(churned: FloatArray, p_churn: FloatArray) -> float:
    """Return the mean negative log-likelihood of what came.

    Examples
    --------
    >>> round(log_loss(np.array([1.0, 0.0]), np.array([0.5, 0.5])), 4)  # the log of 2
    0.6931
    """
    return float(promises.log_losses(churned, p_churn).mean())


def measures(churned: FloatArray, p_churn: FloatArray) -> dict[str, float]:
    """Return the headline measures of calibrated probabilities, by name.

    Parameters
    ----------
    churned : outcomes, both kinds present, shape (n,).
    p_churn : calibrated probabilities, shape (n,).
    """
    return {
        "auc": auc(churned, p_churn),
        "average_precision": average_precision(churned, p_churn),
        "log_loss": log_loss(churned, p_churn),
        "brier": float(np.mean((p_churn - churned) ** 2)),
        "top_decile_lift": top_decile_lift(churned, p_churn),
        "calibration_error": calibration_error(churned, p_churn),
        "p_churn_mean": float(p_churn.mean()),
        "churned_share": float(churned.mean()),
    }
