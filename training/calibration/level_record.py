"""How forecasts of the level would have done at earlier windows, and whether to believe the next.

Each past forecast used only what was known at its time. Nothing is fitted here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ebbtide.clock import shift_days
from ebbtide.errors import NotReady
from training.calibration.level import level_shift, log_odds_of, share_that_churned
from training.definition_lab.purchase_days import day_number

if TYPE_CHECKING:
    from datetime import datetime

    from ebbtide.definition import ChurnDefinition
    from training.calibration.level import LevelShift
    from training.definition_lab.purchase_days import PurchaseDays

MOST_FORECASTS = 6
PRIOR_SPREAD = 0.2
"""Log-odds by which a level is off before any forecast was checked: 5 points around one half."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastForecast:
    """One forecast of the past, and what came.

    Parameters
    ----------
    as_of : when it would have been made.
    shift : the forecast.
    came_share : churned in the window after it.
    """

    as_of: datetime
    shift: LevelShift
    came_share: float

    @property
    def error(self) -> float:
        """By how much the expected share was too high, log-odds."""
        return log_odds_of(self.shift.expected_share) - log_odds_of(self.came_share)

    @property
    def error_unmoved(self) -> float:
        """By how much the learned share was too high, log-odds."""
        return log_odds_of(self.shift.learned_share) - log_odds_of(self.came_share)


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelRecord:
    """Past forecasts, the latest first.

    Parameters
    ----------
    forecasts : half an outcome window apart.
    """

    forecasts: tuple[PastForecast, ...]

    @property
    def spread(self) -> float:
        """Root mean square of the errors, log-odds, with one error of 0.2 assumed beforehand."""
        errors = np.array([PRIOR_SPREAD, *(each.error for each in self.forecasts)])
        return float(np.sqrt(np.mean(errors**2)))

    def refutes(self, shift: LevelShift) -> bool:
        """Whether forecasts on the same ground were further off than not moving at all.

        One window is an accident: there must be two that do not overlap.
        """
        alike = [each for each in self.forecasts if each.shift.basis == shift.basis]
        if len(alike) < 3:
            return False
        moved = sum(abs(each.error) for each in alike)
        return moved > sum(abs(each.error_unmoved) for each in alike)

    def believed(self, shift: LevelShift) -> LevelShift:
        """Return the forecast, or one that moves nothing if the record refutes it."""
        if not self.refutes(shift):
            return shift
        return replace(shift, basis="none", expected_share=shift.learned_share)

    def to_json(self) -> list[dict[str, Any]]:
        """Return plain data for the manifest."""
        return [
            {
                "as_of": each.as_of.isoformat(),
                "basis": each.shift.basis,
                "learned_share": each.shift.learned_share,
                "expected_share": each.shift.expected_share,
                "came_share": each.came_share,
            }
            for each in self.forecasts
        ]


def level_record(
    purchases: PurchaseDays,
    definition: ChurnDefinition,
    *,
    now: datetime,
    min_history_days: int,
) -> LevelRecord:
    """Forecast the level at earlier instants and compare with what came.

    Parameters
    ----------
    purchases : the log; nothing is used that happened or was known at or after ``now``.
    definition : churn by inactivity.
    now : the present.
    min_history_days : days of log that a window must have behind it.
    """
    outcome_days = definition.gap_days + definition.horizon_days
    apart = max(1, outcome_days // 2)
    forecasts: list[PastForecast] = []
    for index in range(MOST_FORECASTS):
        back = outcome_days + index * apart
        made_at = shift_days(now, -back, time_zone=definition.time_zone)
        learned_at = shift_days(made_at, -outcome_days, time_zone=definition.time_zone)
        first_day = day_number(learned_at, time_zone=definition.time_zone)
        if first_day < purchases.starts_on + min_history_days:
            break
        try:
            shift = level_shift(
                purchases,
                definition,
                learned_at=learned_at,
                as_of=made_at,
                min_history_days=min_history_days,
            )
        except NotReady:  # nobody left, or nobody stayed: nothing is to be seen there
            break
        came = share_that_churned(purchases, definition, at=made_at, now=now)
        if not 0 < came < 1:  # of a level without end no distance can be told
            continue
        forecasts.append(PastForecast(as_of=made_at, shift=shift, came_share=came))
    return LevelRecord(forecasts=tuple(forecasts))
