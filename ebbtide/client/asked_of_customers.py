"""Requests about what is kept of customers: look-ups, lists, events, outcomes, choices."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ebbtide.client.answers import answer_of
from ebbtide.client.asked import Asked
from ebbtide.client.errors import Problem, UnreadableAnswer, problem_of
from ebbtide.client.kept import (
    Choices,
    Difference,
    Effect,
    Erased,
    EventsKept,
    HistoryEntry,
    HistoryPage,
    OutcomeKept,
    ScorePage,
)
from ebbtide.client.reading import read_as
from ebbtide.client.rows import plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from ebbtide.answer.answer import Answer


def current_score(customer_id: str) -> Asked[Answer]:
    """Ask for the newest answer about a customer."""
    return Asked(method="GET", path=_of(customer_id, "/score"), read=answer_of)


def history(
    customer_id: str, *, limit: int, cursor: str | None, as_of: datetime | None
) -> Asked[HistoryPage]:
    """Ask what was said about a customer."""
    query = {"limit": limit, "cursor": cursor, "as_of": plain(as_of)}
    return Asked(method="GET", path=_of(customer_id, "/history"), read=_history, query=query)


def score_page(
    *,
    cursor: str | None,
    limit: int,
    band: str | None,
    action: str | None,
    updated_since: datetime | None,
) -> Asked[ScorePage]:
    """Ask for a page of current scores."""
    query = {
        "cursor": cursor,
        "limit": limit,
        "band": band,
        "action": action,
        "updated_since": plain(updated_since),
    }
    return Asked(method="GET", path="/v1/scores", read=partial(read_as, ScorePage), query=query)


def record_events(events: Mapping[str, Sequence[Mapping[str, Any]]]) -> Asked[EventsKept]:
    """Ask to keep events."""
    body = {"events": plain(events)}
    read = partial(read_as, EventsKept)
    return Asked(method="POST", path="/v1/events", read=read, body=body, changes=True)


def record_outcomes(
    outcomes: Sequence[Mapping[str, Any]],
) -> Asked[list[OutcomeKept | Problem]]:
    """Ask to keep outcomes."""
    body = {"outcomes": plain(outcomes)}
    return Asked(method="POST", path="/v1/outcomes", read=_outcomes, body=body, changes=True)


def effect(action_code: str) -> Asked[Effect]:
    """Ask what an action did."""
    path = f"/v1/campaigns/{quote(action_code, safe='')}/effect"
    return Asked(method="GET", path=path, read=partial(read_as, Effect))


def choices(customer_id: str) -> Asked[Choices]:
    """Ask what a customer has decided."""
    path = _of(customer_id, "/preferences")
    return Asked(method="GET", path=path, read=partial(read_as, Choices))


def keep_choices(
    customer_id: str, *, profiling_opt_out: bool, contact_opt_out: bool
) -> Asked[Choices]:
    """Ask to keep what a customer has decided."""
    body = {"profiling_opt_out": profiling_opt_out, "contact_opt_out": contact_opt_out}
    path = _of(customer_id, "/preferences")
    return Asked(method="PUT", path=path, read=partial(read_as, Choices), body=body, changes=True)


def export(customer_id: str) -> Asked[dict[str, Any]]:
    """Ask for all that is held about a customer."""
    return Asked(method="GET", path=_of(customer_id, "/export"), read=_object)


def erase(customer_id: str) -> Asked[Erased]:
    """Ask to erase a customer."""
    read = partial(read_as, Erased)
    return Asked(method="DELETE", path=_of(customer_id, ""), read=read, changes=True)


def _of(customer_id: str, rest: str) -> str:
    return f"/v1/customers/{quote(customer_id, safe='')}{rest}"


def _history(content: Any) -> HistoryPage:
    entries = []
    for each in _listed(content):
        difference = _object(each).get("difference")
        entries.append(
            HistoryEntry(
                answer=answer_of(each.get("answer")),
                difference=None if difference is None else read_as(Difference, difference),
            )
        )
    return HistoryPage(entries=tuple(entries), next_cursor=content.get("next_cursor"))


def _outcomes(content: Any) -> list[OutcomeKept | Problem]:
    return [
        problem_of(each.get("problem"), status=_object(each.get("problem")).get("status", 500))
        if _object(each).get("status") == "failed"
        else read_as(OutcomeKept, each)
        for each in _listed(content)
    ]


def _listed(content: Any) -> list[Any]:
    results = _object(content).get("results")
    if not isinstance(results, list):
        raise UnreadableAnswer(
            "Expected a list of results, got something else. Check that the address is that of "
            "Ebbtide, and that the client is not older than the service."
        )
    return results


def _object(content: Any) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise UnreadableAnswer(
            "Expected an object, got something else. Check that the address is that of Ebbtide."
        )
    return content
