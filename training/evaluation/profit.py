"""What a retention campaign led by a score earns: MPC, EMPC and the profit by share contacted.

The campaign is that of Verbraken, Verbeke and Baesens: the first customers by score are contacted
and offered an incentive; a leaver accepts and stays with the save rate, a stayer takes the offer
too. Actions and their effects on single customers are chosen elsewhere, in ``ebbtide.decision``.

References
----------
T. Verbraken, W. Verbeke, B. Baesens, A novel profit maximizing metric for measuring classification
performance of customer churn prediction models, IEEE Transactions on Knowledge and Data Engineering
25 (2013), 961-973.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import isotonic_regression
from scipy.special import betainc

from training.evaluation.ranking import found_shares

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.scorer.scores import FloatArray
    from training.evaluation.ranking import Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """A retention campaign in money.

    Parameters
    ----------
    clv : what a customer who is kept is worth, currency; above the incentive.
    incentive : cost of the offer for one who takes it, currency, >= 0.
    contact_cost : cost of contacting one customer, currency, >= 0.
    alpha, beta : the save rate, the share of leavers whom an offer keeps, is uncertain: Beta with
        these parameters, both > 0.

    Examples
    --------
    >>> Campaign().save_rate
    0.3
    """

    clv: float = 200.0
    incentive: float = 10.0
    contact_cost: float = 1.0
    alpha: float = 6.0
    beta: float = 14.0

    @property
    def save_rate(self) -> float:
        """The save rate to be expected."""
        return self.alpha / (self.alpha + self.beta)

    def profit(self, leavers: FloatArray, stayers: FloatArray, *, save_rate: float) -> FloatArray:
        """Return what it earns to contact so many leavers and stayers, currency."""
        of_leaver = save_rate * (self.clv - self.incentive) - self.contact_cost
        return leavers * of_leaver - stayers * (self.incentive + self.contact_cost)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Profit for each customer of the base, and the share of them that is contacted for it.

    Both of shape (resamples,).
    """

    profit: FloatArray
    share: FloatArray


def best_cut(tally: Tally, campaign: Campaign) -> Cut:
    """Return the maximum profit (MPC) at the save rate to be expected, and where it is made.

    Contacting nobody earns nothing, so that it is never below zero.

    Parameters
    ----------
    tally : customers by score.
    campaign : what contacts cost and bring.

    Examples
    --------
    >>> from training.evaluation.ranking import tally_of
    >>> churned = np.array([1.0, 1.0, 0.0, 0.0])
    >>> best_cut(tally_of(churned, churned), Campaign())  # 2 of 4, each 0.3 * 190 - 1
    Cut(profit=array([28.]), share=array([0.5]))
    """
    at_cut = campaign.profit(tally.found, tally.called - tally.found, save_rate=campaign.save_rate)
    rows, best = np.arange(len(at_cut)), at_cut.argmax(axis=1)
    n = tally.called[:, -1]
    pays = at_cut[rows, best] > 0
    contacted = tally.called[rows, best]
    return Cut(
        profit=np.where(pays, at_cut[rows, best], 0.0) / n, share=np.where(pays, contacted, 0.0) / n
    )


def expected_cut(tally: Tally, campaign: Campaign) -> Cut:
    """Return the expected maximum profit (EMPC), over save rates, and the expected share.

    Exact: for each save rate the best cut is a corner of the convex hull of the ROC curve, and the
    next corner is better from one save rate on; between these the profit is a sum of incomplete
    beta functions.

    Parameters
    ----------
    tally : customers by score.
    campaign : what contacts cost and bring.

    Examples
    --------
    >>> from training.evaluation.ranking import tally_of
    >>> churned = np.array([1.0, 1.0, 0.0, 0.0])
    >>> expected_cut(tally_of(churned, churned), Campaign()).profit.round(6)
    array([28.])
    """
    found = [
        _expected(leavers, people, campaign)
        for leavers, people in zip(tally.leavers, tally.people, strict=True)
    ]
    return Cut(
        profit=np.array([profit for profit, _ in found]),
        share=np.array([share for _, share in found]),
    )


def _expected(leavers: FloatArray, people: FloatArray, campaign: Campaign) -> tuple[float, float]:
    added_leavers, added_people = hull_steps(leavers, people)
    added_stayers = added_people - added_leavers
    cost_of_stayer = campaign.incentive + campaign.contact_cost
    gain = campaign.clv - campaign.incentive
    needed = np.divide(
        cost_of_stayer * added_stayers + campaign.contact_cost * added_leavers,
        gain * added_leavers,
        out=np.full_like(added_leavers, np.inf),
        where=added_leavers > 0,
    )
    limits = np.clip(np.concatenate([[0.0], needed, [1.0]]), 0.0, 1.0)
    chance = np.diff(betainc(campaign.alpha, campaign.beta, limits))
    saved = campaign.save_rate * np.diff(betainc(campaign.alpha + 1, campaign.beta, limits))
    reached = np.append(0.0, np.cumsum(added_leavers))
    contacted = np.append(0.0, np.cumsum(added_people))
    costs = campaign.contact_cost * reached + cost_of_stayer * (contacted - reached)
    profit = gain * (reached * saved).sum() - (costs * chance).sum()
    return float(profit / people.sum()), float((contacted * chance).sum() / people.sum())


def hull_steps(leavers: FloatArray, people: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return leavers and people between the corners of the convex hull of a ROC curve.

    Pooling neighbours until churn shares fall along the list gives the hull.

    Parameters
    ----------
    leavers, people : by group of equal scores, the highest first, shape (groups,).

    References
    ----------
    T. Fawcett, A. Niculescu-Mizil, PAV and the ROC convex hull, Machine Learning 68 (2007), 97-106.

    Examples
    --------
    >>> hull_steps(np.array([0.0, 1.0, 0.0]), np.array([1.0, 1.0, 1.0]))
    (array([1., 0.]), array([2., 1.]))
    """
    drawn = people > 0
    leavers, people = leavers[drawn], people[drawn]
    pooled = isotonic_regression(leavers / people, weights=people, increasing=False)
    starts = pooled.blocks[:-1]
    return np.add.reduceat(leavers, starts), np.add.reduceat(people, starts)


def profit_curve(tally: Tally, campaign: Campaign, shares: Sequence[float]) -> FloatArray:
    """Return the profit by share contacted, at the save rate to be expected.

    Parameters
    ----------
    tally : customers by score.
    campaign : what contacts cost and bring.
    shares : of customers contacted, in [0, 1].

    Returns
    -------
    FloatArray
        Currency for each customer of the base, shape (resamples, shares).

    Examples
    --------
    >>> from training.evaluation.ranking import tally_of
    >>> churned = np.array([1.0, 1.0, 0.0, 0.0])
    >>> profit_curve(tally_of(churned, churned), Campaign(), [0.0, 0.5, 1.0])
    array([[ 0. , 28. , 22.5]])
    """
    n, left = tally.called[:, -1:], tally.found[:, -1:]
    leavers = np.nan_to_num(found_shares(tally, shares)) * left / n
    return campaign.profit(leavers, np.asarray(shares) - leavers, save_rate=campaign.save_rate)
