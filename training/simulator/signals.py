"""Signs of life and answers to surveys: what customers do besides buying and complaining."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from training.simulator.arrivals import Arrivals, arrivals_in_week, join_arrivals
from training.simulator.grid import WEEK_DAYS, Floats, Grid, Ints
from training.simulator.streams import stream

if TYPE_CHECKING:
    from training.simulator.customers import Customers

LEAD_WEEKS = 2
"""Activity follows the engagement that purchases will show so many weeks later."""
KINDS = ("login", "visit", "email_open")
METRICS = ("csat", "nps", "ces")
SURVEYS_WEEKLY = 0.03
"""Rate of answers of an engaged customer."""
_BOUNDS = {"csat": (1, 5), "nps": (0, 10), "ces": (1, 7)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """Signs of life; arrays of one length."""

    at: Arrivals
    kind: Ints
    minutes: Floats
    """Length of a login or visit; NaN for an opened e-mail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surveys:
    """Answers; arrays of one length."""

    at: Arrivals
    metric: Ints
    score: Floats


def draw_activity(
    customers: Customers, engaged: Floats, displeasure: Floats, *, grid: Grid, seed: int
) -> Activity:
    """Draw logins, visits and opened e-mails of the log.

    Parameters
    ----------
    customers : their traits.
    engaged : engagement, ``LEAD_WEEKS`` longer than the grid.
    displeasure : fall of log intensity by complaints, (weeks, customers).
    grid : the weeks of the simulation.
    seed : seed of the shop.
    """
    parts, kinds, minutes = [], [], []
    for week in range(grid.log_weeks):
        rng = stream(seed, "activity", week=week)
        mood = engaged[week + LEAD_WEEKS] * np.exp(-0.4 * displeasure[week])
        mean = customers.contacts_weekly * mood * _has_joined(customers, week)
        drawn = arrivals_in_week(mean, week=week, signup_day=customers.signup_day, rng=rng)
        kind = rng.choice(len(KINDS), p=[0.35, 0.35, 0.30], size=len(drawn.customer))
        length = np.round(rng.gamma(2.0, 2.5, len(kind)) * (0.5 + 0.5 * mood[drawn.customer]), 1)
        parts.append(drawn)
        kinds.append(kind)
        minutes.append(np.where(kind == KINDS.index("email_open"), np.nan, length))
    return Activity(
        at=join_arrivals(parts), kind=np.concatenate(kinds), minutes=np.concatenate(minutes)
    )


def draw_surveys(
    customers: Customers, engaged: Floats, displeasure: Floats, *, grid: Grid, seed: int
) -> Surveys:
    """Draw the answers to surveys; the score falls with displeasure and lost engagement.

    Parameters
    ----------
    customers : their traits.
    engaged : engagement, at least as many weeks as the log.
    displeasure : fall of log intensity by complaints, (weeks, customers).
    grid : the weeks of the simulation.
    seed : seed of the shop.
    """
    parts, metrics, scores = [], [], []
    for week in range(grid.log_weeks):
        rng = stream(seed, "surveys", week=week)
        mean = SURVEYS_WEEKLY * (0.2 + 0.8 * engaged[week]) * _has_joined(customers, week)
        drawn = arrivals_in_week(mean, week=week, signup_day=customers.signup_day, rng=rng)
        who = drawn.customer
        metric = rng.integers(len(METRICS), size=len(who))
        content = (
            0.80
            + 0.10 * customers.cheerfulness[who]
            - 0.35 * displeasure[week, who]
            - 0.25 * (1 - engaged[week, who])
            + rng.normal(0, 0.12, len(who))
        )
        low, high = np.array([_BOUNDS[name] for name in METRICS])[metric].T
        parts.append(drawn)
        metrics.append(metric)
        scores.append(np.round(low + (high - low) * np.clip(content, 0, 1)))
    return Surveys(
        at=join_arrivals(parts), metric=np.concatenate(metrics), score=np.concatenate(scores)
    )


def _has_joined(customers: Customers, week: int) -> Floats:
    return np.where(week >= customers.signup_day // WEEK_DAYS, 1.0, 0.0)
