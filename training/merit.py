"""Which candidate is best: the blend, unless a single kind is surely ahead of it.

Nothing is measured anew; candidates bring what they said of every period.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ebbtide.errors import NotReady
from training.evaluation.measures import auc

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ebbtide.scorer.scores import FloatArray
    from training.candidates import Candidate

SURE = 2.0
"""Standard errors by which a single kind must be ahead of the blend."""


def best_first(candidates: Sequence[Candidate], failed: Mapping[str, str]) -> tuple[Candidate, ...]:
    """Return candidates by mean AUC over the periods, then log loss; a blend that is close first.

    Parameters
    ----------
    candidates : those that could be fitted and calibrated.
    failed : why the others could not.

    Raises
    ------
    NotReady
        If there is none.

    Notes
    -----
    The best of several that are alike is the luckiest, and luck does not come again. A mean of
    them needs none.
    """
    if not candidates:
        reasons = "\n".join(f"  {kind}: {why}" for kind, why in failed.items())
        raise NotReady(f"No candidate could be trained:\n{reasons}")
    ordered = sorted(candidates, key=_merit, reverse=True)
    blend = next((each for each in ordered if each.kind == "blend"), None)
    if blend is None or blend is ordered[0] or is_surely_ahead(ordered[0], blend):
        return tuple(ordered)
    return (blend, *(each for each in ordered if each is not blend))


def is_surely_ahead(one: Candidate, other: Candidate) -> bool:
    """Whether the mean AUC of a candidate is above another's by more than luck would do.

    Parameters
    ----------
    one, other : judged on the same customers of the same periods.
    """
    leads, variances = zip(
        *(
            auc_lead(mine.churned, mine.log_odds, theirs.log_odds)
            for mine, theirs in zip(one.judged, other.judged, strict=True)
        ),
        strict=True,
    )
    return bool(np.mean(leads) > SURE * np.sqrt(np.sum(variances)) / len(variances))


def auc_lead(churned: FloatArray, one: FloatArray, other: FloatArray) -> tuple[float, float]:
    """Return by how much the AUC of scores is above that of others, and the variance of that.

    Parameters
    ----------
    churned : 1 for churn, 0 for stayed, both present, shape (n,).
    one, other : scores of the same customers, higher for the likelier leaver, shape (n,).

    References
    ----------
    E. DeLong, D. DeLong, D. Clarke-Pearson, Comparing the areas under two or more correlated
    receiver operating characteristic curves, 1988.

    Examples
    --------
    >>> left = np.array([1.0, 1.0, 0.0, 0.0])
    >>> auc_lead(left, np.array([4.0, 3.0, 2.0, 1.0]), np.array([4.0, 2.0, 3.0, 1.0]))
    (0.25, 0.125)
    """
    ahead = [_shares_beaten(churned, one), _shares_beaten(churned, other)]
    variance = 0.0
    for first, second in zip(*ahead, strict=True):
        differing = first - second
        if len(differing) > 1:
            variance += float(differing.var(ddof=1)) / len(differing)
    return auc(churned, one) - auc(churned, other), variance


def _shares_beaten(churned: FloatArray, score: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return of each leaver the share of stayers below, of each stayer the leavers above.

    Ties count half.
    """
    left, stayed = np.sort(score[churned == 1]), np.sort(score[churned == 0])

    def below(among: FloatArray, at: FloatArray) -> FloatArray:
        halves = np.searchsorted(among, at, "left") + np.searchsorted(among, at, "right")
        return np.asarray(halves / (2 * len(among)), dtype=np.float64)

    return below(stayed, score[churned == 1]), 1 - below(left, score[churned == 0])


def _merit(candidate: Candidate) -> tuple[float, float]:
    return (candidate.mean_auc, -candidate.metrics["log_loss"])
