"""What a retention action does to a customer's intensity, and how that wears off.

An action multiplies the intensity by ``exp(beta * fading(weeks since delivery))``. Beta depends on
whether the action answers the cause, and on the customer; it is negative for sleeping dogs. Who
is offered what is decided in ``campaigns``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from training.simulator.episodes import CAUSE_NAMES, NONE, Episodes
from training.simulator.streams import stream

if TYPE_CHECKING:
    from training.simulator.customers import Customers
    from training.simulator.grid import Floats, Ints

FADING_WEEKS = 4.0
"""Time constant of an action's effect."""
EFFECT_WEEKS = 12
"""Weeks after which nothing is left of it, and until which no other action is assigned."""
NOTICEABLE = 0.15
"""Fall of log intensity below which there is no cause to name."""
RESPONSE_SPREAD = 0.20
"""Standard deviation of beta between customers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedAction:
    """An action: what it costs and what it does."""

    code: str
    cost_cents: int
    anyway: float
    """Beta where it answers no cause."""
    intrusion: float
    """How much of a customer's annoyance it meets."""
    answers: dict[str, float] = field(default_factory=dict)
    """Beta by cause that it answers."""


ACTIONS = (
    SimulatedAction(
        code="apology_call",
        cost_cents=600,
        anyway=-0.05,
        intrusion=0.8,
        answers={"service_failure": 1.4},
    ),
    SimulatedAction(
        code="priority_resolution",
        cost_cents=800,
        anyway=0.0,
        intrusion=0.2,
        answers={"service_failure": 1.2},
    ),
    SimulatedAction(
        code="goodwill_credit",
        cost_cents=1000,
        anyway=0.20,
        intrusion=0.1,
        answers={"service_failure": 0.8, "value_for_money": 0.7},
    ),
    SimulatedAction(
        code="reactivation_email",
        cost_cents=5,
        anyway=0.10,
        intrusion=1.2,
        answers={"disengagement": 1.0},
    ),
    SimulatedAction(
        code="onboarding_help",
        cost_cents=300,
        anyway=0.0,
        intrusion=0.6,
        answers={"poor_start": 1.5, "product_mismatch": 0.4},
    ),
    SimulatedAction(
        code="loyalty_points",
        cost_cents=400,
        anyway=0.15,
        intrusion=0.3,
        answers={"disengagement": 0.7, "rival_or_unknown": 0.7, "value_for_money": 0.4},
    ),
    SimulatedAction(
        code="discount_voucher",
        cost_cents=700,
        anyway=0.30,
        intrusion=0.3,
        answers={"value_for_money": 1.4, "rival_or_unknown": 0.9},
    ),
    SimulatedAction(
        code="better_fit_review",
        cost_cents=500,
        anyway=-0.05,
        intrusion=0.7,
        answers={"product_mismatch": 1.4},
    ),
    SimulatedAction(
        code="billing_contact",
        cost_cents=200,
        anyway=-0.15,
        intrusion=0.6,
        answers={"payment_failure": 1.8},
    ),
)
ACTION_CODES = tuple(action.code for action in ACTIONS)


def fading(weeks_since: Ints) -> Floats:
    """Return what is left of an action in each week after delivery, from 1 down to 0.

    Examples
    --------
    >>> fading(np.array([0, 4, 12])).round(3).tolist()
    [1.0, 0.368, 0.0]
    """
    acts = (weeks_since >= 0) & (weeks_since < EFFECT_WEEKS)
    return np.asarray(np.where(acts, np.exp(-np.clip(weeks_since, 0, None) / FADING_WEEKS), 0.0))


def draw_responses(customers: Customers, *, seed: int) -> Floats:
    """Return each customer's own part of beta for each action; (customers, actions)."""
    rng = stream(seed, "responses")
    own = RESPONSE_SPREAD * rng.standard_normal((len(customers), len(ACTIONS)), dtype=np.float32)
    intrusion = np.array([action.intrusion for action in ACTIONS], dtype=np.float32)
    return np.asarray(own - customers.annoyance.astype(np.float32)[:, None] * intrusion)


def betas(cause: Ints, responses: Floats) -> Floats:
    """Return beta of every action for every customer; (customers, actions).

    Parameters
    ----------
    cause : index into ``CAUSE_NAMES`` at the delivery, one for each customer.
    responses : from ``draw_responses``.
    """
    table = np.array(
        [[action.answers.get(name, action.anyway) for action in ACTIONS] for name in CAUSE_NAMES]
    )
    return np.asarray(table[cause] + responses)


def dominant_cause(episodes: Episodes, displeasure: Floats, *, week: int) -> Ints:
    """Return what pulls each customer's intensity down most in a week, or none.

    Parameters
    ----------
    episodes : the declines.
    displeasure : fall of log intensity by complaints in that week, one for each customer.
    week : index of the week.
    """
    falls = np.column_stack([-np.log(episodes.factors(week)), displeasure])
    failure = np.full(len(displeasure), CAUSE_NAMES.index("service_failure"))
    causes = np.column_stack([episodes.cause, failure])
    worst = falls.argmax(axis=1)
    rows = np.arange(len(displeasure))
    return np.where(falls[rows, worst] > NOTICEABLE, causes[rows, worst], NONE)
