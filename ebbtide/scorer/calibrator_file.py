"""Read calibrators and intervals of a bundle, strictly: whatever does not rise is refused.

Whether the file was signed and unaltered is checked before, by ``ebbtide.bundle.read``.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ebbtide.errors import BundleError
from ebbtide.scorer.calibrator import PlattCalibrator
from ebbtide.scorer.calibrator_beta import BetaCalibrator
from ebbtide.scorer.calibrator_interval import ProbabilityInterval
from ebbtide.scorer.calibrator_isotonic import IsotonicCalibrator

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ebbtide.scorer.calibrator import Calibrator

MOST_KNOTS = 1_000
_INTERVAL = "interval"


def calibrator_file(calibrator: Calibrator, interval: ProbabilityInterval | None) -> dict[str, Any]:
    """Return the plain data of ``calibrator.json``; :func:`read_calibrator` reads them."""
    return {
        **calibrator.to_json(),
        _INTERVAL: None if interval is None else interval.to_json(),
    }


def read_calibrator(read: Any) -> tuple[Calibrator, ProbabilityInterval | None]:
    """Return the calibrator that plain data describe, and the interval beside it.

    Raises
    ------
    BundleError
        If the data are of no known kind, or describe no rising map.

    Examples
    --------
    >>> read_calibrator({"kind": "platt", "slope": 0.5, "intercept": 0.1, "interval": None})
    (PlattCalibrator(slope=0.5, intercept=0.1), None)
    """
    kind = read.get("kind") if isinstance(read, dict) else None
    if not isinstance(kind, str) or kind not in _KINDS:
        raise BundleError(
            f"Expected a calibrator of one of the kinds {', '.join(_KINDS)}, found another. "
            f"Train again with this installation."
        )
    try:
        interval = read.get(_INTERVAL)
        return _KINDS[kind](read), None if interval is None else _interval(interval)
    except (KeyError, TypeError, ValueError, OverflowError) as err:
        raise BundleError(
            f"Expected a {kind} calibrator whose promises rise with the score, found one that "
            f"cannot be. Fetch the bundle again, or train again."
        ) from err


def _platt(read: Mapping[str, Any]) -> PlattCalibrator:
    return PlattCalibrator(slope=_above_zero(read["slope"]), intercept=_number(read["intercept"]))


def _beta(read: Mapping[str, Any]) -> BetaCalibrator:
    return BetaCalibrator(
        low=_above_zero(read["low"]),
        high=_above_zero(read["high"]),
        intercept=_number(read["intercept"]),
        offset=_number(read["offset"]),
    )


def _isotonic(read: Mapping[str, Any]) -> IsotonicCalibrator:
    scores, log_odds = _rising(read["scores"]), _rising(read["log_odds"])
    _require(2 <= len(scores) == len(log_odds))
    return IsotonicCalibrator(
        scores=scores,
        log_odds=log_odds,
        tail_slope=_above_zero(read["tail_slope"]),
        offset=_number(read["offset"]),
    )


def _interval(read: Mapping[str, Any]) -> ProbabilityInterval:
    scores = _rising(read["scores"])
    below, above = (
        tuple(_not_negative(each) for each in read[side]) for side in ("below", "above")
    )
    _require(1 <= len(scores) == len(below) == len(above))
    return ProbabilityInterval(
        scores=scores,
        below=below,
        above=above,
        level_spread=_not_negative(read["level_spread"]),
        offset=_number(read["offset"]),
    )


def _number(value: object) -> float:
    _require(isinstance(value, int | float) and not isinstance(value, bool))
    number = float(value)  # type: ignore[arg-type]  # the line above requires a number
    _require(math.isfinite(number))
    return number


def _above_zero(value: object) -> float:
    number = _number(value)
    _require(number > 0)
    return number


def _not_negative(value: object) -> float:
    number = _number(value)
    _require(number >= 0)
    return number


def _rising(values: Sequence[object]) -> tuple[float, ...]:
    _require(isinstance(values, list) and len(values) <= MOST_KNOTS)
    numbers = tuple(_number(value) for value in values)
    _require(all(low < high for low, high in pairwise(numbers)))
    return numbers


def _require(holds: bool) -> None:
    if not holds:
        raise ValueError("no rising map")


_KINDS: dict[str, Callable[[Mapping[str, Any]], Calibrator]] = {
    "platt": _platt,
    "beta": _beta,
    "isotonic": _isotonic,
}
