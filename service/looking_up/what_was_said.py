"""Answers of the log about one customer, each with what differs from the one before it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ebbtide.answer.difference import difference
from ebbtide.answer.written import answer_to_json
from service.looking_up.telling import in_language

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ebbtide.answer.difference import Shown
    from ebbtide.store.predictions import Logged
    from service.desk import Desk
    from service.looking_up.telling import Present

Place = tuple["datetime", str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some answers, the newest first.

    Parameters
    ----------
    entries : each with ``answer`` and ``difference``, as JSON.
    older : after which the next page begins; None where there is none.
    changed_since : what differs from the answer of a date to the current one, as JSON.
    """

    entries: list[dict[str, Any]]
    older: Place | None = None
    changed_since: dict[str, Any] | None = None


def answers_given(
    desk: Desk, customer_id: str, *, limit: int, before: Place | None, present: Present
) -> Page:
    """Return answers that were given, with one more read than shown: the last is compared, too."""
    found = desk.store.history(customer_id, limit=limit + 1, before=before)
    shown = found[:limit]
    earlier = [*found[1:], None][: len(shown)]
    return Page(
        entries=[_entry(each, other, present) for each, other in zip(shown, earlier, strict=True)],
        older=_place(shown[-1]) if len(found) > limit else None,
    )


def answer_given_at(desk: Desk, customer_id: str, instant: datetime, *, present: Present) -> Page:
    """Return the answer that was current at an instant, and what has changed since."""
    then = desk.store.answer_at(customer_id, instant)
    if then is None:
        return Page(entries=[])
    earlier = desk.store.history(customer_id, limit=1, before=_place(then))
    now = desk.store.answer_at(customer_id, present.now)
    is_same = now is None or now.answer.prediction_id == then.answer.prediction_id
    return Page(
        entries=[_entry(then, earlier[0] if earlier else None, present)],
        changed_since=None if is_same or now is None else _difference(then, now, present),
    )


def _place(logged: Logged) -> Place:
    return logged.answer.scored_at, logged.answer.prediction_id


def _entry(logged: Logged, earlier: Logged | None, present: Present) -> dict[str, Any]:
    return {
        "answer": answer_to_json(in_language(logged.answer, present)),
        "difference": None if earlier is None else _difference(earlier, logged, present),
    }


def _difference(before: Logged, after: Logged, present: Present) -> dict[str, Any]:
    return asdict(
        difference(
            in_language(before.answer, present),
            in_language(after.answer, present),
            values_before=_values(before, present),
            values_after=_values(after, present),
            language=present.language,
        )
    )


def _values(logged: Logged, present: Present) -> Mapping[str, Shown]:
    """Return logged values as a reader knows them.

    Which category a logged number stands for only its own model says: of another one, numbers of
    the catalogue alone are known.
    """
    bundle = present.bundle
    if bundle is None or bundle.version != logged.answer.model_version:
        if logged.answer.definition.startswith("label-"):
            return {}
        return {name: v if v == v else None for name, v in logged.values.items()}
    contracts = {feature.name: feature for feature in bundle.scorer.features}
    return {
        name: contracts[name].shown(value)
        for name, value in logged.values.items()
        if name in contracts
    }
