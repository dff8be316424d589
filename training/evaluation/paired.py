"""Two models on the same customers: how much one differs from the other, and how surely.

For a challenger beside a champion; a model beside simple rules is in
``training.evaluation.evaluate``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from training.evaluation.bootstrap import estimates, resamples_for
from training.evaluation.promises import calibration_error_of, log_losses, mean_of
from training.evaluation.ranking import Ranking, auc_of, lifts

if TYPE_CHECKING:
    from collections.abc import Callable

    from ebbtide.scorer.scores import FloatArray
    from training.evaluation.bootstrap import Estimate


def paired_differences(
    churned: FloatArray,
    challenger: FloatArray,
    champion: FloatArray,
    *,
    resamples: int,
    seed: int,
) -> dict[str, Estimate]:
    """Return measures of a challenger less those of a champion, by name.

    Parameters
    ----------
    churned : outcomes that neither model knew, both kinds present, shape (n,).
    challenger : its probabilities, shape (n,).
    champion : its probabilities, of the same customers, shape (n,).
    resamples : behind the intervals.
    seed : of the resamples.

    Returns
    -------
    dict
        ``auc`` and ``top_decile_lift``, where more is better; ``log_loss``, ``brier`` and
        ``calibration_error``, where less is.

    Examples
    --------
    >>> p_churn = np.linspace(0.05, 0.95, 300)
    >>> churned = (np.random.default_rng(0).random(300) < p_churn) * 1.0
    >>> found = paired_differences(churned, p_churn, 1 - p_churn, resamples=200, seed=0)
    >>> found["auc"].low > 0, found["log_loss"].high < 0
    (True, True)
    """
    first, second = _measure(churned, challenger), _measure(churned, champion)

    def measure(counts: FloatArray) -> dict[str, FloatArray]:
        of_first, of_second = first(counts), second(counts)
        return {name: of_first[name] - of_second[name] for name in of_first}

    n = len(churned)
    return estimates(measure, n, resamples=resamples_for(n, resamples), seed=seed)


def _measure(
    churned: FloatArray, p_churn: FloatArray
) -> Callable[[FloatArray], dict[str, FloatArray]]:
    ranking = Ranking.of(churned, p_churn)
    losses, error_of = log_losses(churned, p_churn), calibration_error_of(churned, p_churn)
    squares = np.square(p_churn - churned)

    def measure(counts: FloatArray) -> dict[str, FloatArray]:
        tally = ranking.tally(counts)
        return {
            "auc": auc_of(tally),
            "top_decile_lift": lifts(tally, [0.1])[:, 0],
            "log_loss": mean_of(losses, counts),
            "brier": mean_of(squares, counts),
            "calibration_error": error_of(counts),
        }

    return measure
