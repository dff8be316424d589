"""Measures of a churn score against outcomes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

if TYPE_CHECKING:
    from ebbtide.scorer.scores import FloatArray


def auc(churned: FloatArray, score: FloatArray) -> float:
    """Return the probability that a leaver scores above a stayer, ties counted half."""
    return float(roc_auc_score(churned, score))


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
    size = max(1.0, 0.1 * len(score))
    border = np.sort(score)[::-1][int(np.ceil(size)) - 1]
    above, tied = score > border, score == border
    share_of_tied = (size - above.sum()) / tied.sum()
    leavers = churned[above].sum() + share_of_tied * churned[tied].sum()
    return float(leavers / size / churned.mean())


def calibration_error(churned: FloatArray, p_churn: FloatArray, *, bins: int = 10) -> float:
    """Return the mean gap between promised and realised churn share, over bins of equal size.

    Parameters
    ----------
    churned : outcomes, shape (n,).
    p_churn : promised probabilities, shape (n,).
    bins : how many groups of customers of like probability.

    References
    ----------
    M. P. Naeini, G. Cooper, M. Hauskrecht, Obtaining well calibrated probabilities using Bayesian
    binning, 2015 (expected calibration error, here with bins of equal size).

    Examples
    --------
    >>> calibration_error(np.array([0.0, 1.0]), np.array([0.5, 0.5]), bins=1)
    0.0
    """
    order = np.argsort(p_churn, kind="stable")
    groups = np.array_split(order, bins)
    gaps = [abs(churned[g].mean() - p_churn[g].mean()) * len(g) for g in groups if len(g)]
    return float(sum(gaps) / len(churned))


def measures(churned: FloatArray, p_churn: FloatArray) -> dict[str, float]:
    """Return every measure of calibrated probabilities, by name.

    Parameters
    ----------
    churned : outcomes, both kinds present, shape (n,).
    p_churn : calibrated probabilities, shape (n,).
    """
    return {
        "auc": auc(churned, p_churn),
        "average_precision": float(average_precision_score(churned, p_churn)),
        "log_loss": float(log_loss(churned, p_churn)),
        "brier": float(np.mean((p_churn - churned) ** 2)),
        "top_decile_lift": top_decile_lift(churned, p_churn),
        "calibration_error": calibration_error(churned, p_churn),
        "p_churn_mean": float(p_churn.mean()),
        "churned_share": float(churned.mean()),
    }
