"""How sure an AUC is, and whether one score ranks better than another on the same customers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import rankdata

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.scorer.scores import FloatArray

_Z_95 = 1.959963984540054


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An estimate with its central 95 % interval."""

    mean: float
    low: float
    high: float


def auc_covariance(
    churned: FloatArray, scores: Sequence[FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Return the AUC of several scores of the same customers, and the covariance of these AUCs.

    Parameters
    ----------
    churned : outcomes, at least two of each kind, shape (n,).
    scores : each of shape (n,), higher for the likelier leaver.

    Returns
    -------
    tuple
        AUCs, shape (k,), and their covariance, shape (k, k).

    References
    ----------
    E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson, Comparing the areas under two or more
    correlated receiver operating characteristic curves, Biometrics 44 (1988), 837-845; computed
    from midranks as in X. Sun, W. Xu, IEEE Signal Processing Letters 21 (2014), 1389-1393.

    Examples
    --------
    >>> aucs, covariance = auc_covariance(np.array([0, 0, 1, 1.0]), [np.array([1, 2, 2, 3.0])])
    >>> aucs.tolist(), covariance.tolist()
    ([0.875], [[0.03125]])
    """
    left, stayed = churned == 1, churned == 0
    n_left, n_stayed = int(left.sum()), int(stayed.sum())
    ranks = [rankdata(score) for score in scores]
    of_leavers = np.stack(
        [
            (each[left] - rankdata(score[left])) / n_stayed
            for each, score in zip(ranks, scores, strict=True)
        ]
    )
    of_stayers = np.stack(
        [
            1.0 - (each[stayed] - rankdata(score[stayed])) / n_left
            for each, score in zip(ranks, scores, strict=True)
        ]
    )
    covariance = np.atleast_2d(np.cov(of_leavers)) / n_left
    covariance += np.atleast_2d(np.cov(of_stayers)) / n_stayed
    return of_leavers.mean(axis=1), covariance


def mean_interval(estimates: Sequence[float], variances: Sequence[float]) -> Interval:
    """Return the mean of estimates at several instants with its interval.

    The instants are taken for independent, which flatters the interval where the same customers
    are in all of them.

    Examples
    --------
    >>> mean_interval([0.7, 0.8], [0.0, 0.0]).mean
    0.75
    """
    mean = float(np.mean(estimates))
    error = float(np.sqrt(np.sum(variances))) / len(variances)
    return Interval(mean=mean, low=mean - _Z_95 * error, high=mean + _Z_95 * error)
