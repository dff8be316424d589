"""Which share of the living will churn in the coming window: a forecast from the log alone.

A calibrator learned a period ago carries that period's level. This module says how far the level
is about to move, from who lives now and from what the season did a year ago, using only what was
known. It does not say who will churn: the order of customers is the model's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ebbtide.errors import NotReady
from training.calibration.crowd import crowd_at, fit_leaving, sampled
from training.calibration.trade import YEAR_DAYS, calendar_clock, trade_before
from training.definition_lab.purchase_days import day_number

if TYPE_CHECKING:
    from datetime import datetime

    from ebbtide.definition import ChurnDefinition
    from ebbtide.scorer.scores import FloatArray
    from training.calibration.crowd import Crowd
    from training.calibration.trade import Trade
    from training.definition_lab.purchase_days import PurchaseDays

Basis = Literal["none", "customers", "customers and season"]

FEWEST_NEWCOMERS = 0.02
"""Share of new customers among the buyers of a window. With fewer the company only loses
customers: its trade falls because they leave, which is no season."""
PRIOR_SPREAD = 0.5
"""How far, before any evidence, levels may be from following trade one to one."""
MOST_CROWDS = 13
"""A year of crowds, four weeks apart."""
CROWD_DAYS = 28


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelShift:
    """How far the level is expected to move from the window that was learned to the coming one.

    Parameters
    ----------
    basis : what the forecast rests on; with ``none`` nothing is moved.
    learned_share : churned in the window that the calibrator was learned from.
    expected_share : expected to churn in the coming one.
    customers_share : expected were only the customers to change, and not the season.
    season : log of the coming window's trade against the learned one's, a year ago; 0 if unused.
    follows : how far levels have followed trade so far, 0 not at all to 1 fully.
    growth : log of the yearly growth that was taken out of the trade.
    newcomers : share of new customers among the buyers of the learned window.
    """

    basis: Basis
    learned_share: float
    expected_share: float
    customers_share: float
    season: float = 0.0
    follows: float = 0.0
    growth: float = 0.0
    newcomers: float = 0.0

    @property
    def log_odds(self) -> float:
        """The shift of the level, log-odds."""
        return log_odds_of(self.expected_share) - log_odds_of(self.learned_share)

    @property
    def evidence(self) -> str:
        """Why, in words."""
        learned, expected = f"{self.learned_share:.0%}", f"{self.expected_share:.0%}"
        if self.basis == "none":
            return f"{learned} churned when last seen, and nothing in the log tells of a change."
        words = (
            f"{learned} churned when last seen. Of customers who bought as often and as lately as "
            f"those who live now, {self.customers_share:.0%} would churn."
        )
        if self.basis == "customers":
            return words
        return (
            f"{words} A year ago, trade in the coming window was {np.exp(self.season):.2f} times "
            f"that of the window learned from, growth taken out, and levels have followed trade to "
            f"{self.follows:.0%}: {expected} are expected to churn."
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain data for the manifest."""
        return {
            "basis": self.basis,
            "log_odds": self.log_odds,
            "learned_share": self.learned_share,
            "expected_share": self.expected_share,
            "customers_share": self.customers_share,
            "season": self.season,
            "follows": self.follows,
            "growth": self.growth,
            "newcomers": self.newcomers,
            "evidence": self.evidence,
        }


def level_shift(
    purchases: PurchaseDays,
    definition: ChurnDefinition,
    *,
    learned_at: datetime,
    as_of: datetime,
    min_history_days: int,
) -> LevelShift:
    """Forecast the level of the window after ``as_of``.

    Parameters
    ----------
    purchases : the log; nothing is used that happened or was known at or after ``as_of``.
    definition : churn by inactivity.
    learned_at : instant of the snapshot that the calibrator was learned from; matured by ``as_of``.
    as_of : the present of the forecast.
    min_history_days : days of log that a crowd must have behind it.

    Raises
    ------
    NotReady
        If the window that was learned has no living customer, or outcomes of one kind only.
    """
    zone = definition.time_zone
    now, learned = day_number(as_of, time_zone=zone), day_number(learned_at, time_zone=zone)
    span = _Span(
        now=now,
        learned=learned,
        gap_days=definition.gap_days,
        horizon_days=definition.horizon_days,
        active_within_days=definition.active_within_days,
        min_history_days=min_history_days,
    )
    assert learned + span.outcome_days <= now, "a window was learned that had not matured"
    trade = trade_before(purchases, now, horizon_days=span.horizon_days)
    newcomers = _newcomers(purchases, span)
    is_open = newcomers >= FEWEST_NEWCOMERS
    clock = trade if is_open else calendar_clock(trade)
    days = span.crowd_days(trade.starts_on)
    few = sampled(purchases, before=now)
    crowds = [_crowd(few, day, clock, span, is_open=False) for day in days]
    last = crowds[-1]
    if not len(last.columns) or not 0 < last.share < 1:
        raise NotReady(
            "Expected leavers and stayers among the customers of the latest matured window, found "
            "one kind only. Check the churn definition."
        )
    learned_share = share_that_churned(purchases, definition, at=learned_at, now=as_of)
    leaving = fit_leaving(crowds)
    present = _crowd(few, now, clock, span, is_open=True)
    level, columns = float(leaving.levels[-1]), _within(present.columns, last.columns)
    # Nobody of the learned window was as silent as some are now: they are told of by nobody.
    told = float((present.silence <= last.silence.max()).mean())
    customers = _mix(learned_share, leaving.share(columns, level=level), weight=told)
    coming = span.first_day(now) - YEAR_DAYS
    if not is_open or not trade.holds(coming, span.horizon_days):
        return LevelShift(
            basis="customers",
            learned_share=learned_share,
            expected_share=customers,
            customers_share=customers,
            growth=trade.growth,
            newcomers=newcomers,
        )
    totals = [trade.log_total(span.first_day(day), span.horizon_days) for day in days]
    season = trade.log_total(coming, span.horizon_days) - totals[-1]
    follows = _follows(
        leaving.levels, np.array(totals), spans=len(days) * CROWD_DAYS / span.horizon_days
    )
    moved = leaving.share(columns, level=level + follows * season)
    still = leaving.share(columns, level=level)
    return LevelShift(
        basis="customers and season",
        learned_share=learned_share,
        expected_share=_silent(_rate(customers) * _rate(moved) / _rate(still)),
        customers_share=customers,
        season=season,
        follows=follows,
        growth=trade.growth,
        newcomers=newcomers,
    )


def share_that_churned(
    purchases: PurchaseDays, definition: ChurnDefinition, *, at: datetime, now: datetime
) -> float:
    """Return the share of those alive at an instant that churned, as known at ``now``; NaN if none.

    Parameters
    ----------
    purchases : the log.
    definition : churn by inactivity.
    at : instant of the snapshot, whose outcome has matured.
    now : the present.
    """
    zone = definition.time_zone
    day, today = day_number(at, time_zone=zone), day_number(now, time_zone=zone)
    seen = (purchases.day < day) & (purchases.known_day < day)
    alive = purchases.customer[seen & (purchases.day >= day - definition.active_within_days)]
    first = day + definition.gap_days
    came = (purchases.day >= first) & (purchases.day < first + definition.horizon_days)
    buyers = purchases.customer[came & (purchases.known_day < today)]
    living = np.unique(alive)
    return float(np.mean(~np.isin(living, buyers))) if len(living) else float("nan")


def log_odds_of(share: float) -> float:
    """Return the log-odds of a share.

    Examples
    --------
    >>> log_odds_of(0.5)
    0.0
    """
    inside = min(max(share, 1e-9), 1 - 1e-9)
    return float(np.log(inside) - np.log1p(-inside))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """The days that a forecast is made of."""

    now: int
    learned: int
    gap_days: int
    horizon_days: int
    active_within_days: int
    min_history_days: int

    @property
    def outcome_days(self) -> int:
        return self.gap_days + self.horizon_days

    def first_day(self, day: int) -> int:
        """First day of the outcome window of a snapshot."""
        return day + self.gap_days

    def crowd_days(self, starts_on: int) -> list[int]:
        """Days of crowds whose outcome is known, the learned one last."""
        earliest = starts_on + self.min_history_days
        days = [self.learned - CROWD_DAYS * index for index in range(MOST_CROWDS)]
        return [day for day in reversed(days) if day >= earliest or day == self.learned]


def _crowd(purchases: PurchaseDays, day: int, clock: Trade, span: _Span, *, is_open: bool) -> Crowd:
    first = span.first_day(day)
    return crowd_at(
        purchases,
        day,
        clock=clock,
        active_within_days=span.active_within_days,
        horizon_days=span.horizon_days,
        outcome=None if is_open else (first, first + span.horizon_days, span.now),
    )


def _newcomers(purchases: PurchaseDays, span: _Span) -> float:
    """Return the share of first-time buyers among the buyers of the learned window."""
    seen = (purchases.day < span.now) & (purchases.known_day < span.now)
    customer, day = purchases.customer[seen], purchases.day[seen]
    first = np.full(len(purchases.customer_ids), span.now, dtype=np.int64)
    np.minimum.at(first, customer, day)
    start = span.first_day(span.learned)
    bought = np.unique(customer[(day >= start) & (day < start + span.horizon_days)])
    return float((first[bought] >= start).mean()) if len(bought) else 0.0


def _follows(levels: FloatArray, totals: FloatArray, *, spans: float) -> float:
    """Return how far the levels of the crowds followed trade, in [0, 1].

    Posterior mean of a slope whose prior mean is 1: were everybody to buy at a rate that is
    multiplied by the season's, levels would follow exactly. Windows overlap, so that only as many
    crowds count as there are windows apart.
    """
    if len(levels) < 3:
        return 1.0
    moved, centred = levels - levels.mean(), totals - totals.mean()
    spread = float(centred @ centred) + 1e-9
    slope = float(centred @ moved) / spread
    left = moved - slope * centred
    variance = float(left @ left) / (len(levels) - 2) / spread * len(levels) / max(1.0, spans)
    precision, prior = 1 / (variance + 1e-9), 1 / PRIOR_SPREAD**2
    return float(np.clip((slope * precision + prior) / (precision + prior), 0, 1))


def _within(columns: FloatArray, seen: FloatArray) -> FloatArray:
    """Return columns kept within what was seen: weights say nothing of what lies beyond."""
    return np.clip(columns, seen.min(axis=0), np.quantile(seen, 0.995, axis=0))


def _mix(first: float, second: float, *, weight: float) -> float:
    """Return a share between two, ``weight`` of the way, in the log of the rate."""
    rate = np.log(_rate(first)) * (1 - weight) + np.log(_rate(second)) * weight
    return _silent(float(np.exp(rate)))


def _rate(share: float) -> float:
    return -float(np.log(np.clip(share, 1e-9, 1 - 1e-9)))


def _silent(rate: float) -> float:
    return float(np.exp(-rate))
