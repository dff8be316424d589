"""Risk by day: from the probability of churn to a curve over days that contains it.

The curve goes through the calibrated probability exactly, at the *anchor* day, and never falls.
After the anchor, who has not left yet leaves by the next day with a modelled probability; before
it, who has left had left by the day before with another. Both are logistic regressions on ranks.
What "left by a day" means is said where it is learned, in ``training.horizons.departures``; how to
value a curve, in ``ebbtide.economics``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from ebbtide.errors import BundleError
from ebbtide.grouped import added_in_order
from ebbtide.scorer.calibrator import sigmoid
from ebbtide.scorer.linear import LinearModel, read_linear

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ebbtide.scorer.scores import FloatArray

MAX_DAY = 3650
_PARTS = ("weights", "missing_weights", "centers", "missing_centers")


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskCurves:
    """When n customers are expected to leave.

    Parameters
    ----------
    days : days after the start of the outcome window, rising.
    probability : of having left by each day, never falling from day to day, shape (n, days).
    by_cause : the same for each cause, shapes (n, days); they sum to ``probability``. Empty where
        churn has no causes.
    """

    days: tuple[int, ...]
    probability: FloatArray
    by_cause: Mapping[str, FloatArray] = field(default_factory=dict)

    @property
    def expected_days(self) -> FloatArray:
        """Days until a customer leaves, counted up to the last day at the most, shape (n,).

        Notes
        -----
        The restricted mean of the time to churn: the area under the survival curve up to the last
        day. Leaving is spread evenly between two days, so each part is a trapezium.

        References
        ----------
        P. Royston, M. K. B. Parmar (2013), Restricted mean survival time: an alternative to the
        hazard ratio, BMC Medical Research Methodology 13:152.

        Examples
        --------
        >>> curve = RiskCurves(days=(0, 30, 60), probability=np.array([[0.5, 0.5, 1.0]]))
        >>> curve.expected_days.tolist()  # half stay for 30 days, and leave one by one until day 60
        [22.5]
        """
        staying = np.ones((len(self.days) + 1, len(self.probability)))
        np.subtract(1.0, self.probability.T, out=staying[1:])
        widths = np.array([until - day for day, until in pairwise((0, *self.days))])
        return added_in_order(widths[:, None] * (staying[:-1] + staying[1:]) / 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class HorizonModel:
    """What makes a curve of a probability; every part reads the ranks that the model reads.

    Parameters
    ----------
    days : days after the start of the outcome window, rising, at least two.
    anchor_day : the one of them whose risk is the probability of churn: 0 where a silence must
        begin, the horizon where a contract must end.
    before : for each day before the anchor, the probability of having left by it for one who has
        left by the next.
    after : for each day after the anchor, the probability of leaving by it for one who has not left
        by the day before it.
    payment : probability that one who leaves does so for want of payment; None where churn has no
        causes.

    References
    ----------
    J. D. Singer, J. B. Willett (1993), It's about time: using discrete-time survival analysis to
    study duration and the timing of events, Journal of Educational Statistics 18(2), 155-195.
    """

    days: tuple[int, ...]
    anchor_day: int
    before: tuple[LinearModel, ...] = ()
    after: tuple[LinearModel, ...] = ()
    payment: LinearModel | None = None

    def curves(self, p_churn: FloatArray, ranked: FloatArray) -> RiskCurves:
        """Return the curves of customers.

        Parameters
        ----------
        p_churn : calibrated probability of churn, in [0, 1], shape (n,).
        ranked : ranks of their features, shape (n, features).

        Notes
        -----
        The same row gives the same bits in any batch.
        """
        anchor = self.days.index(self.anchor_day)
        columns = [np.asarray(p_churn, dtype=np.float64)]
        for model in reversed(self.before):
            columns.insert(0, columns[0] * sigmoid(model.log_odds(ranked)))
        for model in self.after:
            staying = 1.0 - columns[-1]
            columns.append(columns[-1] + staying * sigmoid(model.log_odds(ranked)))
        # What is added to a probability may pass 1 in its last bit.
        probability = np.column_stack([np.minimum(column, 1.0) for column in columns])
        assert (probability[:, anchor] == columns[anchor]).all(), "the curve left its anchor"
        return RiskCurves(
            days=self.days, probability=probability, by_cause=self._causes(probability, ranked)
        )

    def _causes(self, probability: FloatArray, ranked: FloatArray) -> dict[str, FloatArray]:
        """Return the cumulative incidence of each of two competing causes."""
        if self.payment is None:
            return {}
        by_payment = probability * sigmoid(self.payment.log_odds(ranked))[:, None]
        return {"voluntary": probability - by_payment, "payment": by_payment}

    def to_json(self) -> dict[str, Any]:
        """Return plain data for the bundle."""
        return {
            "days": list(self.days),
            "anchor_day": self.anchor_day,
            "before": [model.to_json() for model in self.before],
            "after": [model.to_json() for model in self.after],
            "payment": None if self.payment is None else self.payment.to_json(),
        }


def read_horizons(text: str, *, n_features: int) -> HorizonModel:
    """Read what :meth:`HorizonModel.to_json` wrote, as text, and check it whole.

    Parameters
    ----------
    text : JSON.
    n_features : how many features every part must read.

    Raises
    ------
    BundleError
        If it is no JSON, or its parts do not fit together.

    Examples
    --------
    >>> read_horizons('{"days": [0, 30]}', n_features=1)
    Traceback (most recent call last):
    ebbtide.errors.BundleError: Expected risk by day as JSON ... Train again.
    """
    try:
        read = json.loads(text)
        model = HorizonModel(
            days=tuple(read["days"]),
            anchor_day=read["anchor_day"],
            before=tuple(_linear(part, n_features) for part in read["before"]),
            after=tuple(_linear(part, n_features) for part in read["after"]),
            payment=None if read["payment"] is None else _linear(read["payment"], n_features),
        )
        _check(model, known=set(read))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as err:
        raise BundleError(
            "Expected risk by day as JSON whose parts fit the features of the model "
            f"({type(err).__name__}). Train again."
        ) from err
    return model


def _check(model: HorizonModel, *, known: set[str]) -> None:
    days = model.days
    fitting = [
        known == {"days", "anchor_day", "before", "after", "payment"},
        len(days) >= 2,
        all(type(day) is int and 0 <= day <= MAX_DAY for day in days),
        all(low < high for low, high in pairwise(days)),
        type(model.anchor_day) is int and model.anchor_day in days,
    ]
    if not all(fitting):
        raise ValueError("days do not fit")
    if days.index(model.anchor_day) != len(model.before):
        raise ValueError("a day before the anchor without a model, or a model without a day")
    if len(days) != len(model.before) + 1 + len(model.after):
        raise ValueError("a day after the anchor without a model, or a model without a day")


def _linear(part: Any, n_features: int) -> LinearModel:
    if not isinstance(part, dict) or set(part) != {"intercept", *_PARTS}:
        raise ValueError("no linear model on ranks")
    model = read_linear(json.dumps(part))
    numbers = [np.atleast_1d(model.intercept), *(getattr(model, name) for name in _PARTS)]
    if not all(np.isfinite(each).all() for each in numbers):
        raise ValueError("a number is not finite")
    if any(each.shape != (n_features,) for each in numbers[1:]):
        raise ValueError("a model of other features")
    return model
