"""Receive a body that is there already without the cost of a deadline; others with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from service.body import receive_body

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator

    from starlette.types import Message, Receive, Scope

    from service.under_way import UnderWay


async def received(
    scope: Scope,
    receive: Receive,
    *,
    under_way: UnderWay,
    max_bytes: int,
    deadline_seconds: float,
) -> bytes:
    """Return the bytes of a body, as :func:`service.body.receive_body` does.

    A timer costs more than all else that receiving costs. So the first piece is asked for before
    there is one; only where that would wait, or more follows, the deadline begins.

    Raises
    ------
    ProblemError
        413 if it is too large, 408 if it comes too slowly, 400 if it breaks off, 503 if too much is
        under way.
    """
    first: Any = receive()
    try:
        waiting_for = first.send(None)
    except StopIteration as done:
        message: Message = done.value
        body = message.get("body", b"")
        is_whole = message["type"] == "http.request" and not message.get("more_body", False)
        if is_whole and len(body) <= max_bytes:
            return bytes(body)
        begun: Any = _told(message)
    else:
        begun = _Resumed(first, waiting_for)
    with under_way.visit(scope, _first_then(begun, receive)) as receiving:
        return await receive_body(receiving, max_bytes=max_bytes, deadline_seconds=deadline_seconds)


def _first_then(begun: Any, receive: Receive) -> Receive:
    first = [begun]

    async def receiving() -> Message:
        message: Message = await (first.pop() if first else receive())
        return message

    return receiving


async def _told(message: Message) -> Message:
    return message


class _Resumed:
    """A coroutine that was begun and waits for something: await it to go on with it."""

    def __init__(self, rest: Coroutine[Any, Any, Message], waiting_for: Any) -> None:
        self._rest = rest
        self._waiting_for = waiting_for

    def __await__(self) -> Generator[Any, Any, Message]:
        try:
            yield self._waiting_for
        except BaseException as err:
            self._rest.throw(err)
            raise
        return (yield from self._rest.__await__())
