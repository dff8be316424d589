"""From a model's raw scores to probabilities that come true later, and to how sure they are."""

from training.calibration.align import aligned
from training.calibration.choose import cross_fitted
from training.calibration.platt import BRING_MORE, fit_platt

__all__ = ["BRING_MORE", "aligned", "cross_fitted", "fit_platt"]
