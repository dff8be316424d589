"""The fast way: three addresses answered before the framework sees their requests.

``POST /v1/score``, ``POST /v1/scores`` and ``GET /v1/customers/{customer_id}/score`` have their
routes as all others have, and those are the law: they describe, check and word everything. Here is
answered only what is usual and right, with the same bytes; all else goes on to them unchanged.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

from starlette.requests import HTTPConnection

from ebbtide.store.current_reader import current_reader
from ebbtide.store.store import StoreOutcomeUnknown, StoreUnavailable
from ebbtide.store.writer import Writer
from service.access.guard import ADMITTED
from service.body import BYTES_A_VALUE
from service.fast.groups import Groups
from service.fast.head import LINES, head_of_answer, heads_of, is_usual, language_of
from service.fast.look_up import customer_asked_for, looked_up
from service.fast.many import answer_many
from service.fast.reading import RowReader
from service.fast.receiving import received
from service.handlers import EXPECTED, response_to
from service.problems import ProblemError
from service.under_way import BUSY
from service.whole_answer import written_whole

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.datastructures import State
    from starlette.types import Message, Receive, Scope, Send

    from ebbtide.store.current_reader import CurrentReader
    from ebbtide.words import Language
    from service.access.gate import Gate
    from service.access.scopes import Caller
    from service.desk import Desk
    from service.fast.head import Heads
    from service.under_way import UnderWay

    Ordinary = Callable[[Scope, Receive, Send], Awaitable[None]]
    Handler = Callable[[Scope, Receive, Send, Ordinary], Awaitable[int]]

_ONE, _MANY = "/v1/score", "/v1/scores"
_CUSTOMERS, _SCORE = "/v1/customers/", "/score"
_LOOK_UP = "/v1/customers/{customer_id:path}/score"
_LISTS_AT_ONCE = 2
LONGEST_ROW_BYTES = 65_536
"""Longer single rows are read in a thread: a usual one is 3 KB, and the event loop serves all."""

_OK = 200
_SENT = 0
"""The status is known from what was sent."""


BEGUN = "ebbtide.begun"
"""Under this name the scope of a request has what was begun for it; None to go the ordinary way."""


class Begun(NamedTuple):
    """A request that was begun.

    Parameters
    ----------
    answer : the answer of a look-up; of a single row what will be its answer, committed: see
        ``Groups.ask``.
    head : lines of the answer's headers but for the length.
    """

    answer: asyncio.Future[bytes | None] | bytes
    head: bytes


class _Route:
    """Stands for a route where requests are counted by it."""

    def __init__(self, path: str) -> None:
        self.path = path


_ROUTE = {path: _Route(path) for path in (_ONE, _MANY, _LOOK_UP)}


class FastWay:
    """Answers what is usual at the three addresses.

    Parameters
    ----------
    state : of the app, with its desk.
    under_way : counts requests.
    """

    def __init__(self, state: State, *, under_way: UnderWay) -> None:
        self._state = state
        self.under_way = under_way
        desk: Desk = state.desk
        self._writer = Writer(desk.store.database, wait_seconds=desk.settings.store_wait_seconds)
        self._reader: RowReader | None = None
        self._on_loop: _OnLoop | None = None
        self._lists = ThreadPoolExecutor(_LISTS_AT_ONCE, thread_name_prefix="lists")
        self._slow = ThreadPoolExecutor(1, thread_name_prefix="groups")
        self._is_stopped = False
        desk.metrics.queue.set_function(self._count_waiting)

    def handler(self, scope: Scope) -> Handler | None:
        """Return what answers a request, or has the ordinary way do it; None for other addresses.

        The ordinary way, which it is given, counts requests as under way by itself. What it
        returns is the status of what it wrote past ``send``, or 0.
        """
        path, method = scope["path"], scope["method"]
        if method == "POST":
            return self._one if path == _ONE else self._many if path == _MANY else None
        return self._look_up if _is_look_up(path, method) else None

    def may_begin(self, scope: Scope) -> bool:
        """Return whether a request is of those that :meth:`begin` is for."""
        path, method = scope["path"], scope["method"]
        return _is_look_up(path, method) or (method == "POST" and path == _ONE)

    def begin(self, scope: Scope, body: bytes, *, loop: asyncio.AbstractEventLoop) -> Begun | None:
        """Begin with a usual look-up, or a usual single row whose body is there; None for others.

        Whatever becomes of it, :meth:`handler` goes on with it if it is given the scope. ``loop``
        is the one that runs; to ask for it takes a call of the system.
        """
        heads = heads_of(scope)
        if heads is None or self.under_way.is_full:
            return None
        if scope["method"] == "GET":
            return self._begun_look_up(scope, heads, loop)
        desk: Desk = self._state.desk
        if not is_usual(heads, max_bytes=desk.settings.max_body_bytes):
            return None
        if not _is_let_in(scope, heads, gate=desk.gate, as_scope="score"):
            return None
        language = language_of(heads)
        answer = scope[BEGUN] = self._asked(body, language, desk, loop)
        if answer is None:
            return None
        scope["route"] = _ROUTE[_ONE]
        self.under_way.count += 1
        answer.add_done_callback(self._leave)
        return Begun(answer, LINES[language])

    def _begun_look_up(
        self, scope: Scope, heads: Heads, loop: asyncio.AbstractEventLoop
    ) -> Begun | None:
        desk: Desk = self._state.desk
        customer_id, current = customer_asked_for(scope), self._here(desk, loop).current
        if customer_id is None or current is None:
            return None
        if not _is_let_in(scope, heads, gate=desk.gate, as_scope="read"):
            return None
        try:
            told = looked_up(customer_id, desk=desk, current=current, language=language_of(heads))
        except EXPECTED:  # it is met again, and answered
            return None
        if told is None:
            scope[BEGUN] = None
            return None
        scope["route"] = _ROUTE[_LOOK_UP]
        content, language = told
        return Begun(content, LINES[language])

    def forget(self, scope: Scope) -> None:
        """Let go of what was begun: an open connection keeps the scope of its last request."""
        scope.pop(BEGUN, None)

    def _leave(self, _answer: object) -> None:
        self.under_way.count -= 1

    def stop(self) -> None:
        """End, after what was begun; what comes then goes the ordinary way."""
        self._is_stopped = True
        self._lists.shutdown()
        self._slow.shutdown()
        self._writer.stop()
        if self._on_loop is not None and self._on_loop.current is not None:
            self._on_loop.current.close()

    async def _one(self, scope: Scope, receive: Receive, send: Send, ordinary: Ordinary) -> int:
        return await self._scored(
            scope, receive, send, ordinary, answer=self._answer_one, route=_ONE
        )

    async def _many(self, scope: Scope, receive: Receive, send: Send, ordinary: Ordinary) -> int:
        return await self._scored(
            scope, receive, send, ordinary, answer=self._answer_many, route=_MANY
        )

    async def _scored(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        ordinary: Ordinary,
        *,
        answer: Callable[[Scope, bytes, Language, Desk], Awaitable[bytes | None]],
        route: str,
    ) -> int:
        desk: Desk = self._state.desk
        settings = desk.settings
        heads = heads_of(scope)
        is_begun = scope.get(BEGUN) is not None
        if (
            heads is None
            or not is_usual(heads, max_bytes=settings.max_body_bytes)
            or (self.under_way.is_full and not is_begun)
        ):
            await ordinary(scope, receive, send)
            return _SENT
        try:
            caller = await self._admitted(scope, heads, gate=desk.gate)
            if "score" not in caller.scopes:
                await ordinary(scope, receive, send)
                return _SENT
            scope["route"] = _ROUTE[route]
            body = await received(
                scope,
                receive,
                under_way=self.under_way,
                max_bytes=settings.max_body_bytes,
                deadline_seconds=settings.body_deadline_seconds,
            )
            if self.under_way.is_full and not is_begun:
                raise ProblemError(BUSY)
            language = language_of(heads)
            self.under_way.count += 1
            try:
                content = await answer(scope, body, language, desk)
            finally:
                self.under_way.count -= 1
        except EXPECTED as err:
            await response_to(err, metrics=desk.metrics)(scope, receive, send)
            return _SENT
        if content is None:
            await ordinary(scope, _again(body, receive), send)
            return _SENT
        return await _send(content, language, scope, send)

    async def _look_up(self, scope: Scope, receive: Receive, send: Send, ordinary: Ordinary) -> int:
        if BEGUN in scope:  # looked up in vain
            await ordinary(scope, receive, send)
            return _SENT
        desk: Desk = self._state.desk
        heads, customer_id = heads_of(scope), customer_asked_for(scope)
        current = self._here(desk, asyncio.get_running_loop()).current
        if heads is None or customer_id is None or current is None or self.under_way.is_full:
            await ordinary(scope, receive, send)
            return _SENT
        told = None
        try:
            caller = await self._admitted(scope, heads, gate=desk.gate)
            if "read" in caller.scopes:
                language = language_of(heads)
                told = looked_up(customer_id, desk=desk, current=current, language=language)
        except EXPECTED as err:
            scope["route"] = _ROUTE[_LOOK_UP]
            await response_to(err, metrics=desk.metrics)(scope, receive, send)
            return _SENT
        if told is None:
            await ordinary(scope, receive, send)
            return _SENT
        scope["route"] = _ROUTE[_LOOK_UP]
        return await _send(*told, scope, send)

    async def _admitted(self, scope: Scope, heads: Heads, *, gate: Gate) -> Caller:
        """Return who asks; the ordinary way relies on it, so that nobody is counted twice.

        Where the store has to be asked that is work for the request, which counts from here on:
        else a flood would wait for the keys, to be turned away after that.
        """
        caller: Caller | None = scope.get(ADMITTED) or gate.recognised(heads)
        if caller is None:
            self.under_way.count += 1
            try:
                caller = await gate.admit(HTTPConnection(scope))
            finally:
                self.under_way.count -= 1
        scope[ADMITTED] = caller
        return caller

    async def _answer_one(
        self, scope: Scope, body: bytes, language: Language, desk: Desk
    ) -> bytes | None:
        if BEGUN in scope:
            asked = scope[BEGUN]
        else:
            asked = self._asked(body, language, desk, asyncio.get_running_loop())
        if asked is None:
            return None
        try:
            content: bytes | None = await asked
        except StoreOutcomeUnknown:
            raise  # it may be in the log: a second answer would be one too many
        except StoreUnavailable:
            if desk.settings.log_required:
                raise
            return None  # the ordinary way may keep it beside the log
        return content

    def _asked(
        self, body: bytes, language: Language, desk: Desk, loop: asyncio.AbstractEventLoop
    ) -> asyncio.Future[bytes | None] | None:
        """Return what will be the answer of a usual single row; None for others."""
        if len(body) > LONGEST_ROW_BYTES:
            return None
        reader = self._reader_now(desk)
        row = reader and reader.read(body, now=desk.now())
        if not row or not reader:
            return None
        return self._here(desk, loop).groups.ask(row, reader=reader, language=language)

    async def _answer_many(
        self, _scope: Scope, body: bytes, language: Language, desk: Desk
    ) -> bytes | None:
        reader = self._reader_now(desk)
        if reader is None:
            return None
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._lists, answer_many, body, reader, desk, language)

    def _reader_now(self, desk: Desk) -> RowReader | None:
        """Return what reads rows for the model that is served; None if none is."""
        served = desk.supply.current
        if served is None or self._is_stopped:
            return None
        reader = self._reader
        if reader is None or reader.bundle is not served.bundle:
            max_values = desk.settings.max_body_bytes // BYTES_A_VALUE
            reader = self._reader = RowReader(served.bundle, max_values=max_values)
        return reader

    def _here(self, desk: Desk, loop: asyncio.AbstractEventLoop) -> _OnLoop:
        """Return what belongs to the running loop; there is another one only where there is none.

        A test client begins a loop for each request.
        """
        here = self._on_loop
        if here is None or here.groups.loop is not loop or here.groups.desk is not desk:
            here = self._on_loop = _OnLoop(
                groups=Groups(desk, writer=self._writer, loop=loop, slow=self._slow),
                current=current_reader(desk.store.database),
            )
        return here

    def _count_waiting(self) -> int:
        return 0 if self._on_loop is None else len(self._on_loop.groups)


class _OnLoop:
    """What one event loop has for itself."""

    __slots__ = ("current", "groups")

    def __init__(self, *, groups: Groups, current: CurrentReader | None) -> None:
        self.groups = groups
        self.current = current


def _is_look_up(path: str, method: str) -> bool:
    return method == "GET" and path.startswith(_CUSTOMERS) and path.endswith(_SCORE)


def _is_let_in(scope: Scope, heads: Heads, *, gate: Gate, as_scope: str) -> bool:
    """Return whether a known key may do something; whoever goes on relies on who it is."""
    try:
        caller = gate.recognised(heads)
    except ProblemError:  # who comes too often took nothing: it is found again, and answered
        return False
    if caller is None:
        return False
    scope[ADMITTED] = caller
    return as_scope in caller.scopes


async def _send(content: bytes, language: Language, scope: Scope, send: Send) -> int:
    if written_whole(scope, LINES[language], content):
        return _OK
    headers = head_of_answer(content, language)
    await send({"type": "http.response.start", "status": _OK, "headers": headers})
    await send({"type": "http.response.body", "body": content})
    return _OK


def _again(body: bytes, receive: Receive) -> Receive:
    """Give a body that was read once more."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receiving() -> Message:
        return waiting.pop() if waiting else await receive()

    return receiving
