"""Linear models and curves of risk by day in compiled code.

They have the bits that numpy gives, but for the last of an exponential.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ebbtide.scorer.compiled.threads import in_parts
from ebbtide.scorer.compiled.weigh import write_curves, write_sums, write_terms
from ebbtide.scorer.horizons import RiskCurves

if TYPE_CHECKING:
    from ebbtide.scorer.horizons import HorizonModel
    from ebbtide.scorer.linear import LinearModel
    from ebbtide.scorer.scores import FloatArray

_ROWS_A_THREAD = 4096


class CompiledLinear:
    """What :class:`~ebbtide.scorer.linear.LinearModel` promises, to the bit.

    Parameters
    ----------
    model : whose numbers they are.
    """

    def __init__(self, model: LinearModel) -> None:
        n_features = len(model.weights)
        places = list(model.categories.values())
        self._intercept = model.intercept
        self._n_features = n_features
        self._arguments = (
            _parts(model),
            np.array(model.knots, dtype=np.float64),
            np.array([model.bend_weights, model.bend_centers], dtype=np.float64).reshape(
                2, len(model.knots), n_features if model.knots else 0
            ),
            np.array(list(model.categories), dtype=np.int64),
            np.cumsum([0, *map(len, places)], dtype=np.int64),
            np.concatenate([np.zeros(0), *places]),
        )

    def contributions(self, ranked: FloatArray) -> FloatArray:
        """Return each feature's share of the log-odds, shape (n, features)."""
        rows = _checked(ranked, self._n_features)
        terms = np.empty(rows.shape)
        in_parts(
            len(rows),
            lambda begin, end: write_terms(rows[begin:end], *self._arguments, terms[begin:end]),
            least_rows=_ROWS_A_THREAD,
        )
        return terms

    def log_odds(self, ranked: FloatArray) -> FloatArray:
        """Return the log-odds, shape (n,)."""
        return self.raw(ranked)

    def raw(self, ranked: FloatArray) -> FloatArray:
        """Return what the terms add up to, shape (n,): the log-odds."""
        terms = self.contributions(ranked)
        out = np.empty(len(terms))
        write_sums(terms, self._intercept, out)
        return out


class CompiledHorizons:
    """What :class:`~ebbtide.scorer.horizons.HorizonModel` makes of probabilities.

    Parameters
    ----------
    model : whose numbers they are; its parts have neither bends nor categories.
    """

    def __init__(self, model: HorizonModel) -> None:
        parts = [*model.before, *model.after, *([] if model.payment is None else [model.payment])]
        self._days = model.days
        self._has_causes = model.payment is not None
        self._n_features = len(parts[0].weights)
        self._arguments = (
            np.array([part.intercept for part in parts]),
            np.stack([_parts(part) for part in parts]),
            model.days.index(model.anchor_day),
            len(model.days),
        )

    def curves(self, p_churn: FloatArray, ranked: FloatArray) -> RiskCurves:
        """Return the curves of customers, as ``HorizonModel.curves`` does."""
        rows = _checked(ranked, self._n_features)
        p_churn = np.ascontiguousarray(p_churn, dtype=np.float64)
        days = len(self._days)
        out = np.empty((len(rows), days + self._has_causes))
        in_parts(
            len(rows),
            lambda begin, end: write_curves(
                p_churn[begin:end], rows[begin:end], *self._arguments, out[begin:end]
            ),
            least_rows=_ROWS_A_THREAD,
        )
        probability = np.ascontiguousarray(out[:, :days])
        if not self._has_causes:
            return RiskCurves(days=self._days, probability=probability)
        by_payment = probability * out[:, days:]
        causes = {"voluntary": probability - by_payment, "payment": by_payment}
        return RiskCurves(days=self._days, probability=probability, by_cause=causes)


def _parts(model: LinearModel) -> FloatArray:
    parts = (model.weights, model.missing_weights, model.centers, model.missing_centers)
    return np.array(parts, dtype=np.float64)


def _checked(ranked: FloatArray, n_features: int) -> FloatArray:
    """Return rows as the compiled code reads them: it checks no index."""
    if ranked.ndim != 2 or ranked.shape[1] != n_features:
        raise ValueError(f"Expected rows of {n_features} features, found others.")
    return np.ascontiguousarray(ranked, dtype=np.float64)
