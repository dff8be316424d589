"""From a model's raw scores to probabilities that come true later, and to how sure they are."""

from training.calibration.align import aligned, at_level, offset_between
from training.calibration.choose import choose_calibrator, cross_fitted
from training.calibration.foreseen import Foreseen, foresee, handed_on
from training.calibration.periods import at_one_level
from training.calibration.platt import BRING_MORE, fit_platt
from training.calibration.venn_abers import interval_of

__all__ = [
    "BRING_MORE",
    "Foreseen",
    "aligned",
    "at_level",
    "at_one_level",
    "choose_calibrator",
    "cross_fitted",
    "fit_platt",
    "foresee",
    "handed_on",
    "interval_of",
    "offset_between",
]
