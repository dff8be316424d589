"""The purchase intensity before complaints and treatments: rate, season, rhythm, engagement."""

from __future__ import annotations

import numpy as np

from training.simulator.customers import SEASONS, Customers
from training.simulator.grid import WEEK_DAYS, Floats, Grid

DRIFT_WEEKS = 13
"""Drift sets in so many weeks before the end of the log: its last quarter."""

RHYTHM_CONCENTRATION = 2.5
"""How closely regular customers keep to their period (kappa of a von Mises bump)."""
SHORTEST_RHYTHM_WEEKS = 3.0
"""Shorter periods cannot be told apart on a weekly grid and are left flat."""

_PEAKS = {
    "christmas": (345.0, 16.0),
    "summer": (190.0, 25.0),
    "spring": (110.0, 22.0),
}
"""Day of the year and width in days of each peak."""
_YEAR_DAYS = 365.25


def intensity(customers: Customers, engaged: Floats, *, grid: Grid, drift: float) -> Floats:
    """Return expected orders a week of a content, untreated customer; (weeks, customers).

    Zero before the week of sign-up.

    Parameters
    ----------
    customers : their traits.
    engaged : engagement, at least as many weeks as the grid.
    grid : the weeks of the simulation.
    drift : strength of the change in the last quarter, >= 0; 0 is none.
    """
    seasons = season_table(grid)
    kind = customers.season + len(SEASONS) * customers.is_seasonal
    signup_week = customers.signup_day // WEEK_DAYS
    drift_from = grid.log_weeks - DRIFT_WEEKS
    drifted = np.exp(-drift * (0.3 + customers.price_sensitivity))
    path = np.empty((grid.weeks, len(customers)), dtype=np.float32)
    for week in range(grid.weeks):
        rate = customers.rate_weekly * seasons[kind, week] * _rhythm(customers, week)
        rate = rate * drifted if week >= drift_from else rate
        path[week] = np.where(week >= signup_week, rate * engaged[week], 0.0)
    return path


def season_table(grid: Grid) -> Floats:
    """Return the season's factor, mean 1 over a year; (kinds, weeks), seasonal kinds last."""
    week = np.arange(grid.weeks)
    at = grid.day_of_year(week).astype(float)
    year = np.arange(365.0)
    rows = []
    for base, strength in ((1.0, 0.6), (0.06, 5.0)):
        for season in SEASONS:
            names = ("christmas",) if season == "none" else ("christmas", season)
            scale = strength if base == 1.0 else strength / len(names)
            shapes = [
                base + scale * sum(_peak(days, *_PEAKS[name]) for name in names)
                for days in (at, year)
            ]
            rows.append(shapes[0] / np.mean(shapes[1]))
    return np.asarray(np.stack(rows))


def _peak(day: Floats, centre: float, width: float) -> Floats:
    away = np.abs(day - centre)
    away = np.minimum(away, _YEAR_DAYS - away)
    return np.asarray(np.exp(-0.5 * (away / width) ** 2))


def _rhythm(customers: Customers, week: int) -> Floats:
    has_rhythm = customers.is_regular & (customers.period_weeks >= SHORTEST_RHYTHM_WEEKS)
    angle = 2 * np.pi * (week + 0.5 - customers.phase_weeks) / customers.period_weeks
    bump = np.exp(RHYTHM_CONCENTRATION * np.cos(angle)) / np.i0(RHYTHM_CONCENTRATION)
    return np.asarray(np.where(has_rhythm, bump, 1.0))
