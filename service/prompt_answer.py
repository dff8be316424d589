"""Begin with a request when its body is there, without a task for it.

A task and the layers of an application cost more than it takes to score a row. What is begun here
is a usual request whose body came with its head; whatever becomes of it but an answer, and all
other requests, the application goes on with.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

from service.whole_answer import WholeAnswers

if TYPE_CHECKING:
    import asyncio

    from starlette.types import Scope
    from uvicorn._types import ASGI3Application
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

    from service.fast.way import Begun

_TRIED = "ebbtide.tried"

_Request = tuple["RequestResponseCycle", "ASGI3Application"]


class Prompt(Protocol):
    """Begins with requests."""

    def may_begin(self, scope: Scope) -> bool:
        """Return whether a request is of those that may be begun when their body is there."""

    def begin(self, scope: Scope, body: bytes, *, loop: asyncio.AbstractEventLoop) -> Begun | None:
        """Begin with a request; None to leave it to the application."""

    def answered(self, scope: Scope) -> None:
        """Note that a request that was begun has its answer; its client may have left."""


class PromptAnswers(WholeAnswers):
    """The protocol of one connection, whose usual requests need no task."""

    prompt: Prompt | None = None
    """What begins with requests; None for none."""

    _is_reading = False
    _is_for_body: _Request | None = None

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        """Wait for the body where it may have come with the head."""
        prompt = self.prompt
        scope: Scope = cycle.scope  # type: ignore[assignment]  # the same by another name
        may_be_tried = app is self.config.loaded_app and not is_tried(cycle)
        if prompt is None or not may_be_tried or not prompt.may_begin(scope):
            super()._start_asgi_task(cycle, app)
        elif not cycle.more_body:
            self._begin(prompt, cycle, app)
        elif self._is_reading:
            self._is_for_body = (cycle, app)
        else:
            super()._start_asgi_task(cycle, app)

    def on_message_complete(self) -> None:
        """Begin with the request."""
        super().on_message_complete()
        waiting, self._is_for_body = self._is_for_body, None
        if waiting is not None and self.prompt is not None:
            self._begin(self.prompt, *waiting)

    def data_received(self, data: bytes) -> None:
        """Take what has come; the application waits for the rest of a body, and for how long."""
        self._is_reading = True
        try:
            super().data_received(data)
        finally:
            self._is_reading = False
        waiting, self._is_for_body = self._is_for_body, None
        if waiting is not None:
            super()._start_asgi_task(*waiting)

    def _begin(self, prompt: Prompt, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        cycle.scope[_TRIED] = True  # type: ignore[literal-required]
        begun, body = None, cycle.body
        if self._can_write_whole(cycle):
            scope: Scope = cycle.scope  # type: ignore[assignment]  # the same by another name
            begun = prompt.begin(scope, bytes(body), loop=self.loop)
        if begun is None:
            super()._start_asgi_task(cycle, app)
        elif isinstance(begun.answer, bytes):
            self._answer(prompt, cycle, begun.head, begun.answer)
        else:
            cycle.body = bytearray()  # an open connection keeps its last request
            begun.answer.add_done_callback(partial(self._end, cycle, app, begun.head, body))

    def _end(
        self,
        cycle: RequestResponseCycle,
        app: ASGI3Application,
        head: bytes,
        body: bytearray,
        answer: asyncio.Future[bytes | None],
    ) -> None:
        has_failed = answer.cancelled() or answer.exception() is not None
        content = None if has_failed else answer.result()
        is_told = self._can_write_whole(cycle) or cycle.disconnected
        if content is None or self.prompt is None or not is_told:
            cycle.body = body
            super()._start_asgi_task(cycle, app)  # which finds in the scope what was begun
        else:
            self._answer(self.prompt, cycle, head, content)

    def _answer(
        self, prompt: Prompt, cycle: RequestResponseCycle, head: bytes, content: bytes
    ) -> None:
        if not cycle.disconnected:
            self._write_whole(cycle, head, content, status=200)
        self._let_go(cycle)
        prompt.answered(cycle.scope)  # type: ignore[arg-type]


def is_tried(cycle: RequestResponseCycle) -> bool:
    """Return whether a request was begun here, or could not be; what was begun has to go on."""
    return _TRIED in cycle.scope
