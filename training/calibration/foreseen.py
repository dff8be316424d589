"""The level that is foreseen for customers, and a calibrator handed on to them at that level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from training.calibration.align import aligned, at_level
from training.calibration.level import level_shift
from training.calibration.level_record import LevelRecord, level_record

if TYPE_CHECKING:
    from datetime import datetime

    from ebbtide.definition import ChurnDefinition
    from ebbtide.scorer.calibrator import Calibrator
    from ebbtide.scorer.scores import FloatArray
    from training.calibration.level import LevelShift
    from training.definition_lab.purchase_days import PurchaseDays


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """A forecast of the level, after its record was looked at.

    Parameters
    ----------
    shift : from the learned window to the coming one; moves nothing if the record refutes it.
    record : what such forecasts did before.
    """

    shift: LevelShift
    record: LevelRecord

    def to_json(self) -> dict[str, Any]:
        """Return plain data for the manifest."""
        return {
            **self.shift.to_json(),
            "spread": self.record.spread,
            "record": self.record.to_json(),
        }


def foresee(
    purchases: PurchaseDays,
    definition: ChurnDefinition,
    *,
    learned_at: datetime,
    as_of: datetime,
    min_history_days: int,
) -> Foreseen:
    """Forecast the level of the window after ``as_of``, as far as the record supports it.

    Parameters
    ----------
    purchases : the log; nothing is used that happened or was known at or after ``as_of``.
    definition : churn by inactivity.
    learned_at : instant of the snapshot that the calibrator was learned from; matured by ``as_of``.
    as_of : the present of the forecast.
    min_history_days : days of log that a window must have behind it.

    Raises
    ------
    NotReady
        If the window that was learned has outcomes of one kind only.
    """
    shift = level_shift(
        purchases,
        definition,
        learned_at=learned_at,
        as_of=as_of,
        min_history_days=min_history_days,
    )
    record = level_record(purchases, definition, now=as_of, min_history_days=min_history_days)
    return Foreseen(shift=record.believed(shift), record=record)


def handed_on(
    calibrator: Calibrator,
    *,
    before: FloatArray,
    after: FloatArray,
    foreseen: Foreseen | None,
) -> Calibrator:
    """Return the calibrator for a refitted model and for customers of a later window.

    Parameters
    ----------
    calibrator : learned a window before, for the model before.
    before : log-odds that the model before gives to the later customers, shape (n,).
    after : log-odds that the refitted model gives to them, shape (n,).
    foreseen : the level of the later window; None keeps that of the window learned from.
    """
    moved = aligned(calibrator, before=before, after=after)
    if foreseen is None or foreseen.shift.basis == "none":
        return moved
    return at_level(moved, log_odds=after, share=foreseen.shift.expected_share)
