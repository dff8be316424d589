"""What the service says of what it keeps: histories, lists, events, outcomes, effects, choices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime  # noqa: TC003  read when answers are made
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ebbtide.answer.answer import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonChange:
    """One feature that is a reason of the earlier or the later answer."""

    feature: str
    family: str
    change: str
    value_before: float | str | None
    value_after: float | str | None
    contribution_before: float | None
    contribution_after: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What differs from an earlier answer to a later one; ``why_changed`` claims no cause."""

    before: str
    after: str
    probability_before: float | None
    probability_after: float | None
    probability_difference: float | None
    model_changed: bool
    policy_changed: bool
    definition_changed: bool
    reasons: tuple[ReasonChange, ...]
    why_changed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One answer, and what differs from the one given before it; None for the first."""

    answer: Answer
    difference: Difference | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPage:
    """Answers about a customer, the newest first; ``next_cursor`` leads to older ones."""

    entries: tuple[HistoryEntry, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorePage:
    """Current scores in the order of their changes.

    Parameters
    ----------
    results : rows with the flat fields of an answer and ``updated_at``, as they came.
    has_more : whether the next page has something already.
    next_cursor : where to go on, also tomorrow; None before there was any score.
    """

    results: tuple[dict[str, Any], ...]
    has_more: bool
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFault:
    """One thing that is wrong with a row of events."""

    pointer: str
    expected: str
    got_kind: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotRescored:
    """How many customers are not scored again for one reason; docs/events.md lists the reasons."""

    reason: str
    customers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsKept:
    """What became of rows that were sent; those that failed are in ``problems``."""

    kept: int
    already_known: int
    erased: int
    failed: int
    customers: int
    rescoring: int
    not_rescored: tuple[NotRescored, ...]
    unread_tables: tuple[str, ...]
    problems: tuple[EventFault, ...]
    more_problems: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeKept:
    """A report that is kept, and of how many assignments it tells."""

    outcome_id: str
    outcomes: int
    deliveries: int
    corrections: int
    unmatched_code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What an action did: only ``helps`` and ``harms`` claim an effect."""

    action_code: str
    as_of: datetime
    verdict: str
    verdict_text: str
    level: float
    effect: float | None
    effect_low: float | None
    effect_high: float | None
    churn_treated: float | None
    churn_holdout: float | None
    treated: int
    holdout: int
    net_value: float | None
    net_value_low: float | None
    net_value_high: float | None
    currency: str
    more_needed: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What a customer has decided; ``updated_at`` is None where nothing was noted."""

    profiling_opt_out: bool
    contact_opt_out: bool
    updated_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What was erased, in rows by table."""

    erased_at: datetime
    rows: int
    tables: dict[str, Any]
