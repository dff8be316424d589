"""The protocol of one connection as this service bounds it, and the room for all of them.

uvicorn counts connections and answers 503 to everything beyond a limit, also to probes, and closes
those that are kept when it is told to end, also with a request on its way. Here who is slow makes
room for others, probes have a reserve, and a request on its way is waited for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from service.problems import Problem
from service.prompt_answer import PromptAnswers, is_tried

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from starlette.types import Receive, Scope, Send
    from uvicorn._types import ASGI3Application
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

    from service.prompt_answer import Prompt
    from service.refusal import Refusal

PROBES = frozenset({b"/livez", b"/readyz", b"/metrics"})
RESERVE = 64
"""How many connections beyond the limit are taken, where there are descriptors enough."""

LINGER_SECONDS = 0.5
"""How long a connection without a request is kept when the service ends."""

_CROWDED = Problem(
    kind="busy",
    detail="Too many connections are open. Try again after Retry-After, and keep connections for "
    "further requests.",
    headers={"Connection": "close"},
)


@dataclass(slots=True, kw_only=True, eq=False)
class Room:
    """The open connections of one server.

    Parameters
    ----------
    max_connections : how many may be open, the reserve apart.
    reserve : how many more are taken: for probes, and to say 503 to others.
    on_refused : called for each request and connection that found no room.
    """

    max_connections: int
    reserve: int = RESERVE
    on_refused: Callable[[], None] = lambda: None
    open: set[Connection] = field(default_factory=set)
    waiting: dict[Connection, None] = field(default_factory=dict)
    """Those without a whole head yet, the oldest first: they can make room for others."""

    def enter(self, connection: Connection) -> bool:
        """Take in a connection; return whether it is one of the reserve.

        The one that has waited longest for its head is closed when the room is full.
        """
        self.open.add(connection)
        if len(self.open) <= self.max_connections:
            return False
        oldest = next(iter(self.waiting), connection)
        if oldest is not connection:
            oldest.make_room()
            return False
        if len(self.open) > self.max_connections + self.reserve:
            self.on_refused()
            connection.make_room()
        return True

    def leave(self, connection: Connection) -> None:
        """Forget a connection."""
        self.open.discard(connection)
        self.waiting.pop(connection, None)

    @property
    def is_crowded(self) -> bool:
        """Whether more are open than may be."""
        return len(self.open) > self.max_connections


def _no_refusal(_scope: Scope) -> Refusal | None:
    return None


class Connection(PromptAnswers):
    """One connection in the room of its server."""

    room: Room

    refusal: Callable[[Scope], Refusal | None] = staticmethod(_no_refusal)
    """What a request is answered at once, before anything is begun for it; None to begin with it.
    """

    _is_reserve = False
    _is_ending = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Find room."""
        super().connection_made(transport)
        self._is_reserve = self.room.enter(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the room back."""
        super().connection_lost(exc)
        self.room.leave(self)

    def make_room(self) -> None:
        """Close at once, for others."""
        self.room.leave(self)
        self._cut()

    def on_headers_complete(self) -> None:
        """Begin the request, or refuse it where there is no room for it."""
        self._is_reserve = self._is_reserve and self.room.is_crowded
        is_refused = self._is_reserve and self.url.partition(b"?")[0] not in PROBES
        self.app = _crowded if is_refused else self.config.loaded_app
        if is_refused:
            self.room.on_refused()
        super().on_headers_complete()
        if self._is_ending:
            self.cycle.keep_alive = False

    def shutdown(self) -> None:
        """Begin to end: the request under way, and one that is on its way, are the last."""
        self._is_ending = True
        if self._is_under_way:
            super().shutdown()
        else:
            self.loop.call_later(LINGER_SECONDS, self._end_if_idle)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        """Begin with a request, unless it is refused at once."""
        if not (app is self.config.loaded_app and self._is_refused(cycle)):
            super()._start_asgi_task(cycle, app)

    def _is_refused(self, cycle: RequestResponseCycle) -> bool:
        if self._is_ending or is_tried(cycle) or not self._can_write_whole(cycle):
            return False
        refusal = self.refusal(cycle.scope)  # type: ignore[arg-type]  # the same by another name
        if refusal is None:
            return False
        self._write_whole(cycle, refusal.head, refusal.content, status=refusal.status)
        self._let_go(cycle)
        return True

    @property
    def _is_under_way(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _end_if_idle(self) -> None:
        if not self._is_under_way:
            self._cut()

    def _begin_to_wait(self) -> None:
        super()._begin_to_wait()
        self.room.waiting.setdefault(self)

    def _end_waiting(self) -> None:
        super()._end_waiting()
        self.room.waiting.pop(self, None)


async def _crowded(scope: Scope, receive: Receive, send: Send) -> None:
    await _CROWDED.response()(scope, receive, send)


def connection_class(
    *,
    room: Room,
    head_deadline_seconds: float,
    answer_deadline_seconds: float,
    refusal: Callable[[Scope], Refusal | None] = _no_refusal,
    prompt: Prompt | None = None,
) -> type[Connection]:
    """Make the protocol of a server; uvicorn takes a class and gives it no settings.

    Parameters
    ----------
    room : for its connections.
    head_deadline_seconds : how long a head may take to arrive.
    answer_deadline_seconds : how long a client may leave its answer untaken.
    refusal : what a request is answered at once, by its scope; None to begin with it.
    prompt : begins with usual requests without a task; None for none.

    Examples
    --------
    >>> made = connection_class(
    ...     room=Room(max_connections=8), head_deadline_seconds=2.5, answer_deadline_seconds=5.0
    ... )
    >>> made.head_deadline_seconds, made.answer_deadline_seconds
    (2.5, 5.0)
    """
    return type(
        "ServedConnection",
        (Connection,),
        {
            "room": room,
            "unread": {},
            "just_answered": [],
            "head_deadline_seconds": head_deadline_seconds,
            "answer_deadline_seconds": answer_deadline_seconds,
            "refusal": staticmethod(refusal),
            "prompt": prompt,
        },
    )
