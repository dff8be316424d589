"""Who was assigned which action in which arm: the first in an outcome window sticks.

Assignments are noted in the same unit as the answers that make them. What became of them is noted
by :mod:`ebbtide.store.outcomes`.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, func, or_, select

from ebbtide.effects.tally import Tally
from ebbtide.store.schema.effects import ASSIGNMENTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from ebbtide.answer.answer import Answer
    from ebbtide.store.driver import Driver

_PLAIN = (
    "customer_id",
    "prediction_id",
    "arm",
    "propensity",
    "policy_version",
    "definition",
    "value",
    "expected_cost",
)
_COLUMNS = (
    *_PLAIN,
    "family",
    "turn",
    "action_code",
    "p_churn",
    "as_of",
    "assigned_at",
    "matures_at",
)
_AS_IT_IS = attrgetter(*_PLAIN)
_TURNS = "SELECT customer_id, family, turn, matures_at FROM assignments WHERE customer_id IN ids"
CHUNK = 500  # ids in one query; SQLite allows 32,766 variables, PostgreSQL 65,535


def record_assignments(driver: Driver, answers: Iterable[Answer]) -> int:
    """Note the arms of answers, as a part of a unit of ``Database.write``.

    Nothing is noted of an answer without an arm, nor of one that no longer held when it was made:
    what is asked about the past assigns nobody. A customer who has an assignment of the family
    whose window has not matured keeps that one.

    Parameters
    ----------
    driver : of the unit.
    answers : in any order.

    Returns
    -------
    int
        How many assignments are new.
    """
    assigning = [
        answer for answer in answers if answer.arm and answer.scored_at <= answer.valid_until
    ]
    if not assigning:
        return 0
    newest = _newest_turns(driver, [answer.customer_id for answer in assigning])
    rows = []
    for answer in assigning:
        assert answer.action_family is not None
        assert answer.outcome_due_at is not None
        key = (answer.customer_id, answer.action_family)
        turn, matures_at = newest.get(key, (0, None))
        if matures_at is not None and matures_at > driver.bound(answer.scored_at):
            continue
        rows.append(_row(answer, driver, turn=turn + 1))
        newest[key] = (turn + 1, driver.bound(answer.outcome_due_at))
    # Another process may have begun the same turn since it was looked up: then that one counts.
    driver.insert(ASSIGNMENTS.name, _COLUMNS, rows, "ON CONFLICT DO NOTHING")
    return len(rows)


def tallies_of(connection: Connection, action_code: str, *, now: datetime) -> list[Tally]:
    """Return what is known of the assignments of an action, by arm and propensity.

    Each customer is counted once, with their first assignment of the family: who gets a second one
    depends on what the first one did, so that arms of later turns are no matter of chance.

    Parameters
    ----------
    connection : of ``Database.read``.
    action_code : the action.
    now : the present; outcomes of windows that have not matured are not looked at.
    """
    each = ASSIGNMENTS.c
    is_matured = each.matures_at <= now
    is_known = and_(is_matured, each.churned.is_not(None))
    query = (
        select(
            each.arm,
            each.propensity,
            func.count().label("assigned"),
            _count(is_matured).label("matured"),
            _count(is_known).label("known"),
            _count(and_(is_known, each.churned)).label("left"),
            _sum(is_known, each.p_churn).label("p_churn_sum"),
            _sum(is_known, each.value).label("value_sum"),
            _sum(is_known, func.coalesce(each.cost, each.expected_cost)).label("cost_sum"),
            _count(and_(is_known, each.cost.is_not(None))).label("costs_reported"),
            _count(or_(each.delivered_at.is_not(None), each.accepted)).label("delivered"),
        )
        .where(each.action_code == action_code, each.turn == 1)
        .group_by(each.arm, each.propensity)
        .order_by(each.arm, each.propensity)
    )
    return [Tally(**row._mapping) for row in connection.execute(query)]


def later_turns_of(connection: Connection, action_code: str) -> int:
    """Return how many assignments of an action are left out, because they are not the first."""
    query = (
        select(func.count())
        .select_from(ASSIGNMENTS)
        .where(ASSIGNMENTS.c.action_code == action_code, ASSIGNMENTS.c.turn > 1)
    )
    return int(connection.scalar(query) or 0)


def chunks(ids: Iterable[str]) -> Iterator[Sequence[str]]:
    """Yield distinct ids, as many as one query takes."""
    distinct = sorted(set(ids))
    for start in range(0, len(distinct), CHUNK):
        yield distinct[start : start + CHUNK]


def _newest_turns(
    driver: Driver, customer_ids: Iterable[str]
) -> dict[tuple[str, str], tuple[int, Any]]:
    """Return the newest turn of each customer and family, and when its window matures."""
    found: dict[tuple[str, str], tuple[int, Any]] = {}
    for customer_id, family, turn, matures_at in driver.of_ids(_TURNS, customer_ids):
        key = (customer_id, family)
        if key not in found or found[key][0] < turn:
            found[key] = (turn, matures_at)
    return found


def _row(answer: Answer, driver: Driver, *, turn: int) -> tuple[Any, ...]:
    assert answer.outcome_due_at is not None
    return (
        *_AS_IT_IS(answer),
        answer.action_family,
        turn,
        answer.action_code or answer.withheld_action_code,
        answer.churn_probability,
        driver.bound(answer.as_of),
        driver.bound(answer.scored_at),
        driver.bound(answer.outcome_due_at),
    )


def _count(condition: Any) -> Any:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _sum(condition: Any, summed: Any) -> Any:
    return func.coalesce(func.sum(case((condition, summed), else_=0.0)), 0.0)
