"""What a customer is worth, and what an action is expected to bring.

Plain arithmetic on arrays, in the currency of the project. Who may be offered what is not decided
here but in :mod:`ebbtide.decision`. Every function works element by element, so that a customer's
figures never depend on who else is in the batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ebbtide.grouped import Groups, added_in_order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.scorer.scores import FloatArray

VALUE_FEATURE = "spend_365d"
"""The feature from which a customer's value is estimated where the company gives none."""


def customer_value(
    spend_365d: FloatArray, *, margin_rate: float, value_horizon_days: int
) -> FloatArray:
    """Margin expected from each customer over the value horizon, if they stay.

    The simplest estimate that is not wrong by design: the past year's spend goes on at its rate.
    It is low for a customer of less than a year and knows no discounting; ``ebbtide.lifetime`` has
    the estimates that are taken first.

    Parameters
    ----------
    spend_365d : spend of the last 365 days, currency, any; from the feature of that name. Below
        zero (more returned than bought) counts as zero, NaN stays unknown.
    margin_rate : margin as a share of spend, in (0, 1]; from the policy file.
    value_horizon_days : time over which value is counted, days, >= 1; from the policy file.

    References
    ----------
    Gupta & Lehmann (2005), Managing Customers as Investments: margin times expected tenure, here
    with tenure fixed to the horizon.

    Examples
    --------
    >>> customer_value(np.array([730.0, -20.0]), margin_rate=0.5, value_horizon_days=365)
    array([365.,   0.])
    """
    return np.maximum(spend_365d, 0.0) * margin_rate * (value_horizon_days / 365.0)


def risk_by_cause(contributions: FloatArray, *, columns: Sequence[Sequence[int]]) -> FloatArray:
    """Share of each cause in what raises a customer's risk.

    Parameters
    ----------
    contributions : exact contributions, shape (n, features); above zero raises the risk.
    columns : for each cause, the columns of the features that point at it.

    Returns
    -------
    FloatArray
        Shape (n, causes), in [0, 1]; rows sum to one, or to zero where nothing raises the risk.

    Notes
    -----
    A row has the same bits in any batch.

    Examples
    --------
    >>> risk_by_cause(np.array([[0.3, -1.0, 0.1]]), columns=[[0, 1], [2]])
    array([[0.75, 0.25]])
    """
    return shares_of_causes(contributions.T, causes=Groups.of(columns)).T


def shares_of_causes(contributions: FloatArray, *, causes: Groups) -> FloatArray:
    """Return what :func:`risk_by_cause` does, of a table with a row for each feature.

    Parameters
    ----------
    contributions : exact contributions, shape (features, n); above zero raises the risk.
    causes : features by cause.

    Returns
    -------
    FloatArray
        Shape (causes, n).
    """
    sums = causes.sums(np.maximum(contributions, 0.0))
    total = added_in_order(sums)
    return np.divide(sums, total, out=np.zeros_like(sums), where=total > 0)


def effect_of_action(
    p_churn: FloatArray, *, save_rate: float | FloatArray, match: FloatArray
) -> FloatArray:
    """Reduction of the churn probability that an action is believed to bring.

    Parameters
    ----------
    p_churn : calibrated probability of churn, in [0, 1], shape (n,).
    save_rate : share of would-be churners kept if the action answers all of their causes, [0, 1].
    match : share of what raises the risk that the action answers, in [0, 1], shape (n,).

    Several actions are asked about at once with shapes (actions, 1) and (actions, n).

    Examples
    --------
    >>> effect_of_action(np.array([0.5]), save_rate=0.2, match=np.array([0.5]))
    array([0.05])
    """
    return p_churn * save_rate * match


def expected_cost(
    p_churn: FloatArray,
    *,
    effect: FloatArray,
    contact_cost: float | FloatArray,
    acceptance_cost: float | FloatArray,
    stayer_acceptance_rate: float | FloatArray,
) -> FloatArray:
    """Cost that an action is expected to cause.

    Who is saved has accepted; of those who would have stayed anyway, a share accepts too.

    Parameters
    ----------
    p_churn : calibrated probability of churn, in [0, 1], shape (n,).
    effect : reduction of it by the action, in [0, p_churn], shape (n,).
    contact_cost : cost of one contact, currency, >= 0.
    acceptance_cost : further cost for one who accepts, currency, >= 0.
    stayer_acceptance_rate : share of stayers who accept, in [0, 1].

    Examples
    --------
    >>> expected_cost(
    ...     np.array([0.5]),
    ...     effect=np.array([0.1]),
    ...     contact_cost=1.0,
    ...     acceptance_cost=10.0,
    ...     stayer_acceptance_rate=0.6,
    ... )
    array([5.])
    """
    takers = effect + (1.0 - p_churn) * stayer_acceptance_rate
    return contact_cost + takers * acceptance_cost


def expected_value(effect: FloatArray, *, value: FloatArray, cost: FloatArray) -> FloatArray:
    """Profit that an action is expected to bring, against doing nothing.

    Parameters
    ----------
    effect : reduction of the churn probability, in [0, 1], shape (n,).
    value : margin kept when a customer is saved, currency, >= 0, shape (n,).
    cost : expected cost of the action, currency, >= 0, shape (n,).

    References
    ----------
    Neslin et al. (2006), Defection Detection, Journal of Marketing Research 43(2), eq. 1, with the
    save rate made to depend on the causes that the action answers.

    Examples
    --------
    >>> expected_value(np.array([0.1]), value=np.array([300.0]), cost=np.array([5.0]))
    array([25.])
    """
    return effect * value - cost
