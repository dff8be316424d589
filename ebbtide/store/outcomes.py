"""What became of customers, as it is reported: matched to assignments, kept with its history.

An outcome says whether a customer churned in the outcome window of an answer. Which window that is
follows from the id of the answer; without one, it is the customer's newest window that had ended.
A report is refused if the window could not have been over: who has not left yet may still leave.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import bindparam, select, update

from ebbtide.answer.written import answer_from_json
from ebbtide.store.assignments import chunks
from ebbtide.store.schema.effects import ASSIGNMENTS, OUTCOMES
from ebbtide.store.schema.scores import PREDICTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from ebbtide.answer.answer import Answer

REPORTED_WITHIN_DAYS = 31
"""How long after its end a window is meant by an outcome that names no answer, days. What is
observed later may have happened later, too."""

_CERTAIN_AT_THE_END = "inactivity-"
"""How codes of definitions begin by which nobody has left before the window has ended."""

Refusal = Literal["unknown-prediction", "outcome-too-early"]
Unmatched = Literal["no_assignment", "already_reported", "window_long_over", "customer_erased"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What is reported about one customer.

    Parameters
    ----------
    outcome_id : unique id of the report.
    customer_id : who.
    churned : whether they churned in the window; None where only delivery is told.
    observed_at : when that was observed, aware.
    known_at : when the company's systems knew it, aware.
    prediction_id : of the answer that is meant; None for the newest window that had ended.
    action_code : the action that the delivery is about; None for that of the answer.
    accepted, delivered_at, cost : whether the customer accepted, when it reached them, what it
        cost in currency; None where unknown.
    """

    outcome_id: str
    customer_id: str
    churned: bool | None
    observed_at: datetime
    known_at: datetime
    prediction_id: str | None = None
    action_code: str | None = None
    accepted: bool | None = None
    delivered_at: datetime | None = None
    cost: float | None = None

    @property
    def delivery(self) -> dict[str, Any]:
        """What is told of the delivery."""
        told = {
            "accepted": self.accepted,
            "delivered_at": self.delivered_at,
            "cost": self.cost,
        }
        return {name: value for name, value in told.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What a report changed.

    Parameters
    ----------
    outcomes : of how many assignments it is the outcome.
    deliveries : of how many assignments it tells the delivery.
    corrections : how many of them had an outcome already, which it replaced.
    unmatched : why it is the outcome of none; None where it is of some, or no outcome.
    """

    outcomes: int = 0
    deliveries: int = 0
    corrections: int = 0
    unmatched: Unmatched | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Window:
    """The answer or assignment that a report may be about."""

    as_of: datetime
    matures_at: datetime
    definition: str

    def allows(self, outcome: Outcome) -> bool:
        """Whether what is reported could be known when it was observed."""
        if outcome.churned is None or outcome.observed_at >= self.matures_at:
            return True
        is_certain = outcome.churned and not self.definition.startswith(_CERTAIN_AT_THE_END)
        return is_certain and outcome.observed_at > self.as_of


@dataclass(slots=True, kw_only=True)
class _Assigned:
    """An assignment while the reports of one unit are matched to it."""

    key: tuple[str, str, int]
    prediction_id: str
    action_code: str
    assigned_at: datetime
    window: _Window
    churned: bool | None
    outcome_observed_at: datetime | None
    delivery: dict[str, Any] = field(default_factory=dict)
    is_changed: bool = False


_Answered = dict[str, tuple[str, _Window | None]]
"""Customer and window of answers, by their id; no window where an answer abstained."""
_Found = tuple[list[_Assigned], Unmatched | None]


def record_outcomes(
    connection: Connection, outcomes: Sequence[Outcome], *, at: datetime
) -> list[Recorded | Refusal]:
    """Keep reports and what follows from them, as a part of a unit of ``Database.write``.

    Parameters
    ----------
    connection : of the unit.
    outcomes : the reports; of several about one assignment the last counts.
    at : the present.

    Returns
    -------
    list of Recorded or Refusal
        For each report, in their order; what is refused is not kept.
    """
    assigned = _assignments_of(connection, {each.customer_id for each in outcomes})
    answered = _answers_of(connection, outcomes, assigned)
    results: list[Recorded | Refusal] = []
    kept = []
    for outcome in outcomes:
        result = _matched(outcome, assigned[outcome.customer_id], answered)
        results.append(result)
        if isinstance(result, Recorded):
            kept.append(_row(outcome, at=at))
    if kept:
        connection.execute(OUTCOMES.insert(), kept)
    _write_changes(connection, [each for own in assigned.values() for each in own])
    return results


def _matched(outcome: Outcome, own: Sequence[_Assigned], answered: _Answered) -> Recorded | Refusal:
    """Change the assignments that a report is about, or say why it is refused."""
    found = (
        _of_newest_window(outcome, own)
        if outcome.prediction_id is None
        else _of_answer(outcome, own, answered)
    )
    if isinstance(found, str):
        return found
    meant, unmatched = ([], None) if outcome.churned is None else found
    corrections = sum(each.churned is not None for each in meant)
    for each in meant:
        each.churned, each.outcome_observed_at = outcome.churned, outcome.observed_at
        each.is_changed = True
    delivered = _delivered(outcome, own)
    for each in delivered:
        each.delivery |= outcome.delivery
        each.is_changed = True
    return Recorded(
        outcomes=len(meant),
        deliveries=len(delivered),
        corrections=corrections,
        unmatched=unmatched,
    )


def _of_answer(outcome: Outcome, own: Sequence[_Assigned], answered: _Answered) -> _Found | Refusal:
    """Return the assignment that the named answer made."""
    meant = [each for each in own if each.prediction_id == outcome.prediction_id]
    windows: list[_Window | None] = [each.window for each in meant]
    if not meant:
        customer_id, window = answered.get(outcome.prediction_id or "", ("", None))
        if customer_id != outcome.customer_id:
            return "unknown-prediction"
        windows = [window]
    if not all(window is None or window.allows(outcome) for window in windows):
        return "outcome-too-early"
    return meant, None if meant else "no_assignment"


def _of_newest_window(outcome: Outcome, own: Sequence[_Assigned]) -> _Found | Refusal:
    """Return the assignments of the newest window that had ended, if the outcome may be theirs."""
    ended = [each for each in own if each.window.matures_at <= outcome.observed_at]
    if not ended:
        is_early = outcome.churned is not None and bool(own)
        return "outcome-too-early" if is_early else ([], "no_assignment")
    newest = max(each.window.matures_at for each in ended)
    if outcome.observed_at > newest + timedelta(days=REPORTED_WITHIN_DAYS):
        return [], "window_long_over"
    free = [
        each
        for each in ended
        if each.window.matures_at == newest
        and (each.churned is None or each.outcome_observed_at == outcome.observed_at)
    ]
    return free, None if free else "already_reported"


def _delivered(outcome: Outcome, own: Sequence[_Assigned]) -> list[_Assigned]:
    """Return the assignment whose delivery is told: of the answer, or the newest of the action."""
    if not outcome.delivery or (outcome.prediction_id is None and outcome.action_code is None):
        return []
    told = outcome.delivered_at or outcome.observed_at
    fitting = [
        each
        for each in own
        if outcome.action_code in (None, each.action_code)
        and (each.prediction_id == outcome.prediction_id if outcome.prediction_id else True)
        and each.assigned_at <= told
    ]
    return sorted(fitting, key=lambda each: each.assigned_at)[-1:]


def _assignments_of(
    connection: Connection, customer_ids: set[str]
) -> defaultdict[str, list[_Assigned]]:
    found: defaultdict[str, list[_Assigned]] = defaultdict(list)
    for ids in chunks(customer_ids):
        query = select(ASSIGNMENTS).where(ASSIGNMENTS.c.customer_id.in_(ids))
        for row in connection.execute(query):
            found[row.customer_id].append(
                _Assigned(
                    key=(row.customer_id, row.family, row.turn),
                    prediction_id=row.prediction_id,
                    action_code=row.action_code,
                    assigned_at=row.assigned_at,
                    window=_Window(
                        as_of=row.as_of, matures_at=row.matures_at, definition=row.definition
                    ),
                    churned=row.churned,
                    outcome_observed_at=row.outcome_observed_at,
                )
            )
    return found


def _answers_of(
    connection: Connection,
    outcomes: Sequence[Outcome],
    assigned: dict[str, list[_Assigned]],
) -> _Answered:
    """Return customer and window of the answers that are named and made no assignment."""
    known = {each.prediction_id for own in assigned.values() for each in own}
    named = {each.prediction_id for each in outcomes if each.prediction_id} - known
    found: _Answered = {}
    for ids in chunks(named):
        query = select(
            PREDICTIONS.c.prediction_id, PREDICTIONS.c.customer_id, PREDICTIONS.c.answer
        ).where(PREDICTIONS.c.prediction_id.in_(ids))
        for row in connection.execute(query):
            window = _window_of(answer_from_json(json.loads(row.answer)))
            found[row.prediction_id] = (row.customer_id, window)
    return found


def _window_of(answer: Answer) -> _Window | None:
    """Return the window of an answer; None where it abstained."""
    if answer.outcome_due_at is None:
        return None
    return _Window(
        as_of=answer.as_of, matures_at=answer.outcome_due_at, definition=answer.definition
    )


def _write_changes(connection: Connection, assigned: Sequence[_Assigned]) -> None:
    """Update the assignments that were changed, those with the same columns together."""
    by_columns: defaultdict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for each in assigned:
        if not each.is_changed:
            continue
        values = {
            "churned": each.churned,
            "outcome_observed_at": each.outcome_observed_at,
            **each.delivery,
        }
        where = dict(zip(("at_customer", "at_family", "at_turn"), each.key, strict=True))
        by_columns[tuple(sorted(values))].append(values | where)
    for columns, rows in by_columns.items():
        statement = (
            update(ASSIGNMENTS)
            .where(
                ASSIGNMENTS.c.customer_id == bindparam("at_customer"),
                ASSIGNMENTS.c.family == bindparam("at_family"),
                ASSIGNMENTS.c.turn == bindparam("at_turn"),
            )
            .values({name: bindparam(name) for name in columns})
        )
        connection.execute(statement, rows)


def _row(outcome: Outcome, *, at: datetime) -> dict[str, Any]:
    return {
        "outcome_id": outcome.outcome_id,
        "customer_id": outcome.customer_id,
        "prediction_id": outcome.prediction_id,
        "churned": outcome.churned,
        "observed_at": outcome.observed_at,
        "known_at": outcome.known_at,
        "action_code": outcome.action_code,
        "accepted": outcome.accepted,
        "delivered_at": outcome.delivered_at,
        "cost": outcome.cost,
        "recorded_at": at,
    }
