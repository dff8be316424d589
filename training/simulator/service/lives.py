"""Live through the periods of all contracts: prices fall due, are paid or not, contracts end."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Self

import numpy as np

from training.simulator.service.calendar import DAY, NEVER
from training.simulator.service.hazards import (
    DUNNING_DAYS,
    PERIOD_DAYS,
    RETURNS,
    cancels,
    fails,
    recovers,
)
from training.simulator.service.subscribers import PLANS, Subscribers
from training.simulator.streams import stream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from training.simulator.grid import Flags, Floats, Ints
    from training.simulator.service.calendar import Calendar

CAUSES = ("voluntary", "payment")
CHANGES_PLAN = 0.012
"""Share of periods after which the plan changes: one contract ends, another follows at once."""
COMES_BACK_LATE = 0.06
"""Share of ends after which a subscriber is lost, and begins anew after forty days or more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """Arrays of one length."""

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Return several lots as one, in their order."""
        names = [each.name for each in fields(cls)]
        return cls(**{name: np.concatenate([getattr(p, name) for p in parts]) for name in names})


@dataclass(frozen=True, slots=True, kw_only=True)
class Contracts(_Rows):
    """Contracts; instants in seconds, an end that does not come is ``NEVER``."""

    customer: Ints
    plan: Ints
    started: Ints
    ended: Ints
    cause: Ints
    """Place in ``CAUSES``; -1 while it runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dues(_Rows):
    """Prices that fell due."""

    customer: Ints
    plan: Ints
    due: Ints
    paid: Ints
    """``NEVER`` if it is not."""
    failed: Flags
    """The first attempt failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses(_Rows):
    """Ends after which nobody came back within the grace days."""

    customer: Ints
    at: Ints
    cause: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Periods(_Rows):
    """A period of a running contract, as it was when it began."""

    customer: Ints
    due: Ints
    since: Ints
    """When the subscriber subscribed, or came back."""
    paid: Ints
    failed: Flags
    lost_at: Ints
    """When the contract ends for want of payment; ``NEVER`` if it does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lives:
    """All that happened."""

    contracts: Contracts
    dues: Dues
    losses: Losses
    periods: Periods


@dataclass(slots=True)
class _Standing:
    """Where each subscriber stands when a period begins, and what is on record by then."""

    due: Ints
    plan: Ints
    row_started: Ints
    since: Ints
    is_first: Flags
    contracts: list[Contracts] = field(default_factory=list)
    dues: list[Dues] = field(default_factory=list)
    losses: list[Losses] = field(default_factory=list)
    periods: list[Periods] = field(default_factory=list)


def live(people: Subscribers, *, calendar: Calendar, seed: int) -> Lives:
    """Live through all periods that begin before the end of the calendar.

    Parameters
    ----------
    people : the subscribers.
    calendar : until when.
    seed : seed of the service.
    """
    now = _Standing(
        due=people.signup.astype(np.int64),
        plan=people.plan.astype(np.int64),
        row_started=people.signup.astype(np.int64),
        since=people.signup.astype(np.int64),
        is_first=np.ones(len(people), dtype=np.bool_),
    )
    round_ = 0
    while (now.due < calendar.ends).any():
        chance = stream(seed, "contracts", week=round_).random((8, len(people)))
        _live_a_period(people, now, chance, np.flatnonzero(now.due < calendar.ends))
        round_ += 1
    running = np.flatnonzero(now.due < NEVER)
    _keep_contracts(now, running, np.full(len(running), NEVER), np.full(len(running), -1))
    return Lives(
        contracts=Contracts.joined(now.contracts),
        dues=Dues.joined(now.dues),
        losses=Losses.joined(now.losses),
        periods=Periods.joined(now.periods),
    )


def _live_a_period(people: Subscribers, now: _Standing, chance: Floats, who: Ints) -> None:
    u, due = chance[:, who], now.due[who]
    failed = (u[0] < fails(people, due, of=who)) & ~now.is_first[who]
    is_lost = failed & (u[1] >= recovers(people, due, of=who))
    after = np.where(failed, u[2] * DUNNING_DAYS * DAY, 60 + u[2] * 6 * 3600).astype(np.int64)
    paid = np.where(is_lost, NEVER, due + after)
    now.dues.append(Dues(customer=who, plan=now.plan[who], due=due, paid=paid, failed=failed))
    dunned, over = due + DUNNING_DAYS * DAY, due + PERIOD_DAYS * DAY
    now.periods.append(
        Periods(
            customer=who,
            due=due,
            since=now.since[who],
            paid=paid,
            failed=failed,
            lost_at=np.where(is_lost, dunned, NEVER),
        )
    )
    has_cancelled = ~is_lost & (u[3] < cancels(people, over, since=now.since[who], of=who))
    has_changed = ~is_lost & ~has_cancelled & (u[4] < CHANGES_PLAN)
    now.due[who], now.is_first[who] = over, False
    _end(now, who[is_lost], dunned[is_lost], u[:, is_lost], cause=1)
    _end(now, who[has_cancelled], over[has_cancelled], u[:, has_cancelled], cause=0)
    _change_plan(now, who[has_changed], over[has_changed], u[:, has_changed])


def _end(now: _Standing, who: Ints, at: Ints, u: Floats, *, cause: int) -> None:
    """End contracts, and let some subscribers come back."""
    _keep_contracts(now, who, at, np.full(len(who), cause))
    soon, late = RETURNS[CAUSES[cause]], COMES_BACK_LATE
    is_soon = u[5] < soon
    is_late = ~is_soon & (u[5] < soon + late)
    after_days = np.where(is_soon, 0.5 + 5.5 * u[6], 40 + 80 * u[6])
    again = np.where(is_soon | is_late, at + (after_days * DAY).astype(np.int64), NEVER)
    now.due[who] = now.row_started[who] = now.since[who] = again
    now.is_first[who] = True
    lost = ~is_soon
    now.losses.append(
        Losses(customer=who[lost], at=at[lost], cause=np.full(int(lost.sum()), cause))
    )


def _change_plan(now: _Standing, who: Ints, at: Ints, u: Floats) -> None:
    _keep_contracts(now, who, at, np.zeros(len(who), dtype=np.int64))
    now.row_started[who] = at
    step = 1 + (u[7] * (len(PLANS) - 1)).astype(np.int64)
    now.plan[who] = (now.plan[who] + step) % len(PLANS)


def _keep_contracts(now: _Standing, who: Ints, ended: Ints, cause: Ints) -> None:
    now.contracts.append(
        Contracts(
            customer=who,
            plan=now.plan[who],
            started=now.row_started[who],
            ended=ended,
            cause=cause,
        )
    )
