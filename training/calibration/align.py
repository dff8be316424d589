"""Hand a calibrator on: to a model that was fitted again, or to customers of another level.

Needs no outcome; which level is to be expected is forecast by ``training.calibration.level``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from ebbtide.scorer.calibrator import Calibrator
    from ebbtide.scorer.scores import FloatArray

AnyCalibrator = TypeVar("AnyCalibrator", bound="Calibrator")

_FURTHEST = 50.0
"""Log-odds; nothing is moved by more."""


def aligned(calibrator: AnyCalibrator, *, before: FloatArray, after: FloatArray) -> AnyCalibrator:
    """Return the calibrator for a model that was fitted again on later snapshots.

    A calibrator carries the level of the period that it was learned in. A refitted model has seen
    that period too, so that its level would be counted twice. The calibrator is moved along the
    scores until the same customers are promised the same mean probability as before.

    Parameters
    ----------
    calibrator : learned for the model before.
    before : log-odds that the model before gives to some customers, shape (n,).
    after : log-odds that the refitted model gives to the same customers, shape (n,).

    Examples
    --------
    >>> import numpy as np
    >>> from ebbtide.scorer.calibrator import PlattCalibrator
    >>> line = PlattCalibrator(slope=1.0, intercept=0.5)
    >>> aligned(line, before=np.array([0.0, 1.0]), after=np.array([2.0, 3.0])).intercept
    -1.5
    """
    return calibrator.moved(offset_between(calibrator, before=before, after=after))


def offset_between(calibrator: Calibrator, *, before: FloatArray, after: FloatArray) -> float:
    """Return by how much one model's scores lie above another's, as a calibrator weighs them.

    Parameters
    ----------
    calibrator : any.
    before : log-odds of some customers, shape (n,).
    after : log-odds of the same customers by another model, shape (n,).

    Examples
    --------
    >>> from ebbtide.scorer.calibrator import PlattCalibrator
    >>> import numpy as np
    >>> line = PlattCalibrator(slope=1.0, intercept=0.5)
    >>> offset_between(line, before=np.array([0.0, 1.0]), after=np.array([2.0, 3.0]))
    2.0
    """
    wanted = float(calibrator.probability(before).mean())
    by = _where(lambda by: float(calibrator.moved(-by).probability(after).mean()), equals=wanted)
    return -by


def at_level(calibrator: AnyCalibrator, *, log_odds: FloatArray, share: float) -> AnyCalibrator:
    """Return the calibrator that promises some customers a given mean probability.

    Every promise is raised by the same log-odds, so that the order of customers stays.

    Parameters
    ----------
    calibrator : any.
    log_odds : raw scores of the customers, shape (n,).
    share : the mean that they are to be promised, in (0, 1).

    Examples
    --------
    >>> import numpy as np
    >>> from ebbtide.scorer.calibrator import PlattCalibrator
    >>> line = PlattCalibrator(slope=1.0, intercept=0.5)
    >>> at_level(line, log_odds=np.array([-1.0, 1.0]), share=0.5).intercept
    0.0
    """
    by = _where(lambda by: float(calibrator.raised(by).probability(log_odds).mean()), equals=share)
    return calibrator.raised(by)


def _where(rising: Callable[[float], float], *, equals: float) -> float:
    """Return where a rising function has a value, by bisection."""
    low, high = -_FURTHEST, _FURTHEST
    for _ in range(100):
        middle = (low + high) / 2
        if rising(middle) < equals:
            low = middle
        else:
            high = middle
    return round((low + high) / 2, 12)
