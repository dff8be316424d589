"""Tree models in LightGBM's text format: boosted trees and forests alike.

The only module below ``training`` that imports LightGBM.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import lightgbm
import numpy as np

from ebbtide.errors import BundleError
from ebbtide.scorer.calibrator import logit

if TYPE_CHECKING:
    from ebbtide.scorer.scores import FloatArray

Scale = Literal["log_odds", "probability"]

_ROWS_FOR_MORE_THREADS = 256


class TreeModel:
    """Trees that sum to log-odds (boosting) or to a probability (a forest's mean).

    Parameters
    ----------
    text : the model in LightGBM's text format.
    scale : what the trees sum to.

    Raises
    ------
    BundleError
        If LightGBM cannot read the text.
    """

    def __init__(self, text: str, *, scale: Scale) -> None:
        try:
            self._booster = lightgbm.Booster(model_str=text)
        except lightgbm.basic.LightGBMError as err:
            raise BundleError(
                "Expected a model in LightGBM's text format, but it cannot be read. Train again."
            ) from err
        self.scale: Scale = scale

    @property
    def n_features(self) -> int:
        """How many columns the trees read."""
        return int(self._booster.num_feature())

    @property
    def text(self) -> str:
        """The model as LightGBM understood it, in its text format."""
        return str(self._booster.model_to_string())

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
