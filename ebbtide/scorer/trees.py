"""Tree models in LightGBM's text format: boosted trees and forests alike.

The only module below ``training`` that imports LightGBM, and only once its answer is asked for: it
takes scikit-learn and pandas along, 95 MiB that a process does without where compiled code answers.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ebbtide.errors import BundleError
from ebbtide.scorer.calibrator import logit

if TYPE_CHECKING:
    from ebbtide.scorer.scores import FloatArray

Scale = Literal["log_odds", "probability"]

_ROWS_FOR_MORE_THREADS = 256
_COLUMNS = re.compile(r"^max_feature_idx=([0-9]{1,6})$", re.ASCII | re.MULTILINE)
_UNREADABLE = "Expected a model in LightGBM's text format, but it cannot be read. Train again."


class TreeModel:
    """Trees that sum to log-odds (boosting) or to a probability (a forest's mean).

    Parameters
    ----------
    text : the model in LightGBM's text format.
    scale : what the trees sum to.

    Raises
    ------
    BundleError
        If the text is no such model; of one that only looks like it, when it is first asked.
    """

    def __init__(self, text: str, *, scale: Scale) -> None:
        columns = _COLUMNS.search(text)
        if columns is None:
            raise BundleError(_UNREADABLE)
        self.text = text
        self.scale: Scale = scale
        self.n_features = int(columns[1]) + 1
        """How many columns the trees read."""

    @cached_property
    def _booster(self) -> Any:
        import lightgbm

        try:
            return lightgbm.Booster(model_str=self.text)
        except lightgbm.basic.LightGBMError as err:
            raise BundleError(_UNREADABLE) from err

    def log_odds(self, ranked: FloatArray) -> FloatArray:
        """Return the log-odds of rows of ranks, shape (n,)."""
        raw = self.raw(ranked)
        return raw if self.scale == "log_odds" else logit(raw)

    def raw(self, ranked: FloatArray) -> FloatArray:
        """Return what the trees add up to, shape (n,), in the scale of the trees."""
        said = self._booster.predict(ranked, raw_score=True, num_threads=_threads(ranked))
        return np.asarray(said, dtype=np.float64)

    def contributions(self, ranked: FloatArray) -> FloatArray:
        """Return exact TreeSHAP values, shape (n, features), in the scale of the trees."""
        shap = self._booster.predict(ranked, pred_contrib=True, num_threads=_threads(ranked))
        return np.asarray(shap, dtype=np.float64)[:, :-1]


def _threads(rows: FloatArray) -> int:
    return 0 if rows.shape[0] >= _ROWS_FOR_MORE_THREADS else 1
