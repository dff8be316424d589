"""How many of those who fell silent for N days came back: the return-rate curve of a log.

A spell is the silence after one purchase day: it ends with the next purchase day, or is still
running when the log ends (censored). Nothing here knows about snapshots or labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from training.definition_lab.purchase_days import BoolArray, Days, PurchaseDays

FOLLOW_UPS = (90, 180, 365)
"""Days after the idle days within which a return is looked for."""
IDLE_DAYS = (7, 14, 30, 45, 60, 90, 120, 150, 180, 240, 300, 365)
"""The N for which the curve is drawn, as far as the log reaches."""
FEWEST_AT_RISK = 20
"""A rate of fewer spells is not shown."""
_Z_95 = 1.959963984540054


@dataclass(frozen=True, slots=True, kw_only=True)
class Spells:
    """Silences after purchase days.

    Parameters
    ----------
    days : day of the next purchase less that of the last, or for a running spell the silent days
        that were observed, shape (n,).
    ended : whether a purchase ended it, shape (n,).
    possible : silent days that the log could have shown at most, from the last purchase to the
        end of the log, shape (n,).
    """

    days: Days
    ended: BoolArray
    possible: Days


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnRate:
    """Of the spells that reached N idle days, the share that ended with a purchase later.

    Parameters
    ----------
    idle_days : N, the days of silence that had passed.
    follow_up_days : within how many further days a return counts; None is the rest of the log.
    spells : how many spells reached N idle days.
    share : Kaplan-Meier estimate for a fixed follow-up; for the rest of the log the share that was
        seen to return, which is the least that it can be. None where the log cannot tell.
    low, high : central 95 % interval of the share, by Greenwood's formula; None without a fixed
        follow-up.
    followed : spells that reached N and that the log could follow to the end of the follow-up.
    share_followed : share of these that returned: no estimate of the unseen, but fewer spells.
    """

    idle_days: int
    follow_up_days: int | None
    spells: int
    share: float | None
    low: float | None
    high: float | None
    followed: int
    share_followed: float | None


def spells_of(log: PurchaseDays) -> Spells:
    """Return every silence of a log.

    Examples
    --------
    >>> from training.definition_lab.purchase_days import of_one_customer
    >>> spells = spells_of(of_one_customer([0, 10], ends_on=31))
    >>> spells.days.tolist(), spells.ended.tolist()
    ([10, 20], [True, False])
    """
    runs_on = np.append(log.customer[1:] == log.customer[:-1], False)
    following = np.append(log.day[1:], 0)
    possible = log.ends_on - 1 - log.day
    return Spells(
        days=np.where(runs_on, following - log.day, possible), ended=runs_on, possible=possible
    )


def return_rate(spells: Spells, *, idle_days: int, follow_up_days: int) -> ReturnRate:
    """Estimate the share of spells of N idle days that end within a fixed follow-up.

    The product-limit estimate of those who are still silent after N days: a spell counts among
    those at risk for as long as the log could see it, so that neither recent customers are taken
    for lost nor their silence thrown away. It takes the time at which observation stops to say
    nothing about the customer, which holds where the end of the log is a date on the calendar.

    Parameters
    ----------
    spells : all silences of a log.
    idle_days : days of silence that had passed, N >= 0.
    follow_up_days : within how many further days a return counts, >= 1.

    References
    ----------
    E. L. Kaplan, P. Meier, Nonparametric estimation from incomplete observations, JASA 53 (1958),
    457-481; the variance is M. Greenwood's (1926), as given there.

    Examples
    --------
    >>> spells = Spells(
    ...     days=np.array([40, 40, 50, 60]),
    ...     ended=np.array([True, True, False, True]),
    ...     possible=np.array([99, 99, 50, 99]),
    ... )
    >>> rate = return_rate(spells, idle_days=30, follow_up_days=30)  # 1 - 2/4 * 0/1
    >>> rate.share, rate.spells, rate.followed, rate.share_followed
    (1.0, 4, 3, 1.0)
    """
    until = idle_days + follow_up_days
    reached = spells.days > idle_days
    reached |= ~spells.ended & (spells.days == idle_days)
    ended = reached & spells.ended & (spells.days <= until)
    times, returns = np.unique(spells.days[ended], return_counts=True)
    ordered = np.sort(spells.days[reached])
    at_risk = len(ordered) - np.searchsorted(ordered, times, side="left")
    followed = reached & (spells.possible >= until)
    reaches = bool(followed.any())
    silent = float(np.prod(1.0 - returns / at_risk))
    terms = returns / np.maximum(at_risk * (at_risk - returns), 1.0)
    error = silent * float(np.sqrt(terms.sum()))
    return ReturnRate(
        idle_days=idle_days,
        follow_up_days=follow_up_days,
        spells=int(reached.sum()),
        share=1.0 - silent if reaches else None,
        low=max(0.0, 1.0 - silent - _Z_95 * error) if reaches else None,
        high=min(1.0, 1.0 - silent + _Z_95 * error) if reaches else None,
        followed=int(followed.sum()),
        share_followed=float((ended & followed).sum() / followed.sum()) if reaches else None,
    )


def seen_to_return(spells: Spells, *, idle_days: int) -> ReturnRate:
    """Return the share of spells of N idle days that ended before the log did.

    It is the least that the true share can be: who is silent at the end may still come back.

    Examples
    --------
    >>> spells = Spells(
    ...     days=np.array([40, 50]), ended=np.array([True, False]), possible=np.array([99, 50])
    ... )
    >>> seen_to_return(spells, idle_days=30).share
    0.5
    """
    reached = spells.days > idle_days
    reached |= ~spells.ended & (spells.days == idle_days)
    count = int(reached.sum())
    return ReturnRate(
        idle_days=idle_days,
        follow_up_days=None,
        spells=count,
        share=float((reached & spells.ended).sum() / count) if count else None,
        low=None,
        high=None,
        followed=count,
        share_followed=None,
    )


def return_curve(
    spells: Spells,
    *,
    idle_days: Sequence[int] = IDLE_DAYS,
    follow_ups: Sequence[int] = FOLLOW_UPS,
) -> tuple[ReturnRate, ...]:
    """Return the rates of every N and follow-up that enough spells can tell about.

    Parameters
    ----------
    spells : all silences of a log.
    idle_days : the N.
    follow_ups : days; the rest of the log is always added.
    """
    rates = [
        rate
        for idle in idle_days
        for rate in (
            seen_to_return(spells, idle_days=idle),
            *(return_rate(spells, idle_days=idle, follow_up_days=days) for days in follow_ups),
        )
    ]
    return tuple(
        rate for rate in rates if rate.share is not None and rate.followed >= FEWEST_AT_RISK
    )
