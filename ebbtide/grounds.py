"""For which customers a decision depends on why their risk is high.

Contributions cost more than all the rest of an answer. An action needs them to know how far it
answers what raises the risk; where it could not pay even if it answered all of it, it does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ebbtide.grouped import BoolArray
    from ebbtide.offers import Offers
    from ebbtide.scorer.scores import FloatArray

_ROUNDING = 1e-12
"""Bound of the relative rounding error of a profit, many times over: it is a dozen operations."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Grounds:
    """What of a decision is known before it is known what raises the risk.

    Parameters
    ----------
    allowed : which actions are allowed, consent and payment aside, shape (actions, n).
    may_pay : for which customers any action may pay, whatever raises their risk, shape (n,).
    """

    allowed: BoolArray
    may_pay: BoolArray


def grounds_of(
    offers: Offers, *, p_churn: FloatArray, value: FloatArray, values: FloatArray
) -> Grounds:
    """Return what of decisions is known before it is known what raises the risk.

    Parameters
    ----------
    offers : the actions.
    p_churn : calibrated probability of churn, in [0, 1], shape (n,).
    value : margin at stake, currency, shape (n,); NaN is unknown.
    values : feature values, shape (features, n); NaN is missing.

    Notes
    -----
    Let ``m`` in [0, 1] be the share of what raises the risk that an action answers: all that an
    action's profit takes from contributions. The effect is ``p s m``; the cost is the contact, plus
    the acceptance cost of the saved (``p s m``) and of stayers, who do not depend on ``m``; the
    profit, effect times value less cost, is therefore linear in ``m``: ``P(m) = (1 - m) P(0) +
    m P(1)``, and ``P(0)``, a cost alone, is at most zero. If ``P(1)`` is at most zero too, so is
    ``P(m)``, and the action cannot pay.

    In floating point every term of ``P(m)`` is computed with a relative error below ``u``, a few
    times 2**-53. With ``C(m)`` for the cost and ``S(m)`` for effect times value, all at least zero,
    the error is at most ``u (C(m) + S(m))``, which is linear in ``m`` as well; so the computed
    profit is at most ``(1 - m) (u - 1) C(0) + m (P(1) + u (C(1) + S(1)))``. It is not above zero
    where ``P(1)`` and the margin ``u (C(1) + S(1))`` together are not.
    """
    # An action none of whose causes any feature points at answers nothing of any risk.
    at_most = offers.worth(p_churn=p_churn, value=value, match=offers.reach)
    margin = _ROUNDING * (at_most.effect * np.abs(value) + at_most.cost)
    allowed = offers.allowed(p_churn=p_churn, value=value, values=values)
    pays: BoolArray = np.any(allowed & (at_most.profit + margin > 0), axis=0)
    return Grounds(allowed=allowed, may_pay=pays)


def may_pay(
    offers: Offers, *, p_churn: FloatArray, value: FloatArray, values: FloatArray
) -> BoolArray:
    """Return for which customers any action may pay, as :func:`grounds_of` finds it."""
    return grounds_of(offers, p_churn=p_churn, value=value, values=values).may_pay
