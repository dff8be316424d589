"""Whether promised probabilities come true: losses, calibration, and its table.

As in ``training.evaluation.ranking``, resamples are rows of counts, and all are measured at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from ebbtide.scorer.calibrator import logit

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from ebbtide.scorer.scores import FloatArray

BINS = 10
STEEPEST_SLOPE = 50.0
"""A slope beyond this means that promises separate leavers from stayers, so that there is none."""

_MARGIN = 1e-6
_Z_95 = 1.959963984540054
_MOST_STEPS = 50


def log_losses(churned: FloatArray, p_churn: FloatArray) -> FloatArray:
    """Return the negative log-likelihood of each outcome, shape (n,)."""
    smallest = np.finfo(np.float64).eps
    of_what_came = np.where(churned == 1, p_churn, 1 - p_churn)
    losses: FloatArray = -np.log(np.clip(of_what_came, smallest, 1 - smallest))
    return losses


def mean_of(values: FloatArray, counts: FloatArray) -> FloatArray:
    """Return the mean of a figure of customers, shape (resamples,).

    Parameters
    ----------
    values : shape (n,).
    counts : how often each customer was drawn, shape (resamples, n).
    """
    means: FloatArray = counts @ values / counts.sum(axis=1)
    return means


def places_by_promise(p_churn: FloatArray, *, bins: int = BINS) -> NDArray[np.int64]:
    """Return for each customer the bin of like promises, bins being of about equal size.

    Who is promised the same is in the same bin, so that the order of rows does not matter.

    Examples
    --------
    >>> places_by_promise(np.array([0.1, 0.2, 0.2, 0.9]), bins=4).tolist()
    [0, 2, 2, 3]
    """
    _, group, sizes = np.unique(p_churn, return_inverse=True, return_counts=True)
    middle = np.cumsum(sizes) - sizes / 2
    places: NDArray[np.int64] = np.floor(middle / len(p_churn) * bins).astype(np.int64)[group]
    return places


def calibration_error_of(
    churned: FloatArray, p_churn: FloatArray, *, bins: int = BINS
) -> Callable[[FloatArray], FloatArray]:
    """Return the measure of the mean gap between promised and realised share, over bins.

    The bins are those of the customers themselves, in every resample.

    Parameters
    ----------
    churned : outcomes, shape (n,).
    p_churn : promised probabilities, shape (n,).
    bins : how many.

    Returns
    -------
    Callable
        From counts of shape (resamples, n) to errors of shape (resamples,).

    References
    ----------
    M. P. Naeini, G. Cooper, M. Hauskrecht, Obtaining well calibrated probabilities using Bayesian
    binning, 2015 (expected calibration error, here with bins of equal size).
    """
    places = places_by_promise(p_churn, bins=bins)
    gap_by_bin = np.zeros((len(churned), bins))
    gap_by_bin[np.arange(len(churned)), places] = churned - p_churn

    def measure(counts: FloatArray) -> FloatArray:
        errors: FloatArray = np.abs(counts @ gap_by_bin).sum(axis=1) / counts.sum(axis=1)
        return errors

    return measure


def error_by_chance(p_churn: FloatArray, *, bins: int = BINS) -> float:
    """Return the calibration error to be expected if every promise were exactly right.

    Few customers show an error although nothing is wrong; this says how large a one.

    References
    ----------
    The mean of the absolute value of a normal variable, for the gap of each bin.

    Examples
    --------
    >>> round(error_by_chance(np.full(400, 0.5), bins=1), 4)  # 0.5 / 20 * sqrt(2 / pi)
    0.0199
    """
    places = places_by_promise(p_churn, bins=bins)
    variance = np.bincount(places, weights=p_churn * (1 - p_churn))
    return float(np.sqrt(2 / np.pi * variance).sum() / len(p_churn))


def recalibration(
    churned: FloatArray, p_churn: FloatArray, counts: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return calibration slope and calibration in the large.

    The slope is that of outcomes on promised log-odds in a logistic regression: below 1 promises
    are too extreme, above 1 too timid. Calibration in the large is the intercept beside a slope of
    1: above 0 more left than was promised.

    Parameters
    ----------
    churned : outcomes, shape (n,).
    p_churn : promised probabilities, shape (n,).
    counts : how often each customer was drawn, shape (resamples, n).

    Returns
    -------
    tuple
        Slopes and intercepts, each of shape (resamples,); NaN where there is none, because all did
        the same, were promised the same, or were told apart completely.

    References
    ----------
    D. R. Cox, Two further applications of a model for binary regression, Biometrika 45 (1958),
    562-565; E. W. Steyerberg, Clinical prediction models, 2nd ed. 2019, chapter 15.
    """
    promised = logit(p_churn, margin=_MARGIN)
    design = np.stack([np.ones_like(promised), promised])
    slope = _fitted(churned, design, np.zeros_like(promised), counts)[:, 1]
    intercept = _fitted(churned, design[:1], promised, counts)[:, 0]
    is_determined = np.abs(slope) < STEEPEST_SLOPE
    return np.where(is_determined, slope, np.nan), intercept


def _fitted(
    churned: FloatArray, design: FloatArray, offset: FloatArray, counts: FloatArray
) -> FloatArray:
    """Fit a logistic regression to every resample, shape (resamples, terms)."""
    start = np.zeros((1, len(design)))
    if len(counts) > 1:  # the fit to all customers is near that to every resample
        start = np.nan_to_num(_fitted(churned, design, offset, np.ones((1, len(churned)))))
    return _maximum_likelihood(churned, design, offset, counts, start=start)


def _maximum_likelihood(
    churned: FloatArray,
    design: FloatArray,
    offset: FloatArray,
    counts: FloatArray,
    *,
    start: FloatArray,
) -> FloatArray:
    """Climb the likelihood by Newton's method with steps of bounded length."""
    terms = len(design)
    weights = np.tile(start, (len(counts), 1))
    products = np.stack([row * other for row in design for other in design])
    lost = np.zeros(len(counts), dtype=bool)
    for _ in range(_MOST_STEPS):
        p = expit(offset + weights @ design)
        gradient = (counts * (churned - p)) @ design.T
        curvature = ((counts * (p * (1 - p))) @ products.T).reshape(-1, terms, terms)
        lost |= np.linalg.det(curvature) < 1e-9  # flat: nothing to be climbed
        curvature[lost], gradient[lost] = np.eye(terms), 0.0
        step = np.linalg.solve(curvature, gradient[:, :, None])[:, :, 0]
        step /= np.maximum(1.0, np.abs(step).max(axis=1, keepdims=True) / 2)
        weights += step
        if np.abs(step).max() < 1e-7:
            break
    weights[lost] = np.nan
    return weights


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseBin:
    """Customers of like promises, and what came.

    Parameters
    ----------
    n : how many.
    promised : mean probability.
    came : share that churned.
    low, high : 95 % interval of that share.
    """

    n: int
    promised: float
    came: float
    low: float
    high: float


def promise_bins(
    churned: FloatArray, p_churn: FloatArray, *, bins: int = BINS
) -> tuple[PromiseBin, ...]:
    """Return promised beside realised shares, the lowest promises first.

    Parameters
    ----------
    churned : outcomes, shape (n,).
    p_churn : promised probabilities, shape (n,).
    bins : how many at most.

    Examples
    --------
    >>> [(b.n, b.promised, b.came) for b in promise_bins(np.array([0.0, 1.0]), np.full(2, 0.5))]
    [(2, 0.5, 0.5)]
    """
    places = places_by_promise(p_churn, bins=bins)
    found = []
    for place in np.unique(places):
        inside = places == place
        n, left = int(inside.sum()), float(churned[inside].sum())
        low, high = share_interval(left, n)
        promised = float(p_churn[inside].mean())
        found.append(PromiseBin(n=n, promised=promised, came=left / n, low=low, high=high))
    return tuple(found)


def share_interval(left: float, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share.

    Parameters
    ----------
    left : how many did.
    n : of how many, >= 1.

    References
    ----------
    E. B. Wilson, Probable inference, the law of succession, and statistical inference, Journal of
    the American Statistical Association 22 (1927), 209-212.

    Examples
    --------
    >>> [round(end, 4) for end in share_interval(5, 10)]
    [0.2366, 0.7634]
    """
    share, square = left / n, _Z_95**2
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = _Z_95 * np.sqrt(share * (1 - share) / n + square / (4 * n * n)) / (1 + square / n)
    return float(max(0.0, middle - half)), float(min(1.0, middle + half))
