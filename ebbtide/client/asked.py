"""A request with how its answer is read, and those that score and describe.

Nothing is sent here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ebbtide.client.answers import (
    ModelSchema,
    PolicyActions,
    ServedModel,
    WhatIf,
    answer_of,
    result_of,
)
from ebbtide.client.errors import UnreadableAnswer
from ebbtide.client.reading import read_as
from ebbtide.client.rows import Row, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ebbtide.answer.answer import Answer
    from ebbtide.client.errors import Problem

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked(Generic[T]):
    """One request.

    Parameters
    ----------
    method, path : where it goes.
    read : makes typed data of the JSON that comes back.
    body : JSON to send; None for none.
    file : what to send instead of JSON: its bytes and their media type.
    query : parameters behind the path; those that are None are not sent.
    changes : whether it changes something, so that it may be sent again only under a key.
    """

    method: str
    path: str
    read: Callable[[Any], T]
    body: Any = None
    file: tuple[bytes, str] | None = None
    query: Mapping[str, Any] = field(default_factory=dict)
    changes: bool = False


def score(row: Row) -> Asked[Answer]:
    """Ask about one customer."""
    body = row.to_json()
    return Asked(method="POST", path="/v1/score", read=answer_of, body=body, changes=True)


def scores(rows: Sequence[Row]) -> Asked[list[Answer | Problem]]:
    """Ask about many customers at once."""
    body = {"rows": [row.to_json() for row in rows]}
    read = partial(_results, count=len(rows))
    return Asked(method="POST", path="/v1/scores", read=read, body=body, changes=True)


def what_if(features: Mapping[str, Any], changes: Mapping[str, Any]) -> Asked[WhatIf]:
    """Ask what the model makes of other values."""
    body = {"features": plain(features), "changes": plain(changes)}
    return Asked(method="POST", path="/v1/what-if", read=partial(read_as, WhatIf), body=body)


def model() -> Asked[ServedModel]:
    """Ask which model is served."""
    return Asked(method="GET", path="/v1/model", read=partial(read_as, ServedModel))


def schema() -> Asked[ModelSchema]:
    """Ask for the features of the served model."""
    return Asked(method="GET", path="/v1/schema", read=partial(read_as, ModelSchema))


def actions() -> Asked[PolicyActions]:
    """Ask for the policy in force."""
    return Asked(method="GET", path="/v1/actions", read=partial(read_as, PolicyActions))


def _results(content: Any, *, count: int) -> list[Answer | Problem]:
    results = content.get("results") if isinstance(content, dict) else None
    if not isinstance(results, list) or len(results) != count:
        raise UnreadableAnswer(
            f"Expected {count} results, one for each row, got something else. Check that the "
            f"address is that of Ebbtide."
        )
    return [result_of(each) for each in results]
