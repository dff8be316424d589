"""Answer single rows that are under way at the same time together.

While one group is being committed the next one gathers. So nobody waits for others to come, and the
more come at once, the less each costs. Rows of a group do not see each other: each gets the answer
that it would get alone, and one that fails is left to the ordinary way, which says why.
"""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import TYPE_CHECKING

import structlog

from ebbtide.store.store import StoreOutcomeUnknown, StoreUnavailable
from service.edge import place_of
from service.fast.answering import answer_usual, keep

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence
    from concurrent.futures import Executor

    from ebbtide.store.writer import Writer
    from ebbtide.words import Language
    from service.desk import Desk
    from service.fast.answering import Told
    from service.fast.reading import RowReader, Usual

_LOG = structlog.get_logger("ebbtide.fast")
AT_ONCE = 64
"""Most rows of a group, so that the event loop is soon free again for others."""

SLOW_AT_ONCE = 8
"""The same where LightGBM answers: milliseconds a row, and so in a thread."""

_DEED = "record the predictions"
_ROUNDS_BEFORE = 2
_ROUNDS_BETWEEN = 10
"""Rounds of the event loop, a few microseconds each, before a group begins. In them the answers of
the last group leave, and those who got them can ask again together with those who wait: otherwise
clients part into two halves that take turns, and each group pays for all that it costs at least."""


class _Waiting:
    __slots__ = ("future", "language", "reader", "row")

    def __init__(
        self,
        row: Usual,
        reader: RowReader,
        language: Language,
        future: asyncio.Future[bytes | None],
    ) -> None:
        self.row = row
        self.reader = reader
        self.language = language
        self.future = future


class Groups:
    """The rows that wait on one event loop.

    Parameters
    ----------
    desk : policy, store, clock and counters.
    writer : commits.
    loop : the event loop.
    slow : thread for models that compiled code does not answer.
    """

    def __init__(
        self, desk: Desk, *, writer: Writer, loop: asyncio.AbstractEventLoop, slow: Executor
    ) -> None:
        self.desk = desk
        self.loop = loop
        self._writer = writer
        self._slow = slow
        self._waiting: deque[_Waiting] = deque()
        self._is_at_work = False

    def __len__(self) -> int:
        """How many rows wait to be scored."""
        return len(self._waiting)

    def ask(
        self, row: Usual, *, reader: RowReader, language: Language
    ) -> asyncio.Future[bytes | None]:
        """Hand in a row; return what will be its answer, committed.

        It is None where the ordinary way has to answer; nothing was committed of it then. It raises
        ``StoreUnavailable`` where the log cannot be written, ``StoreOutcomeUnknown`` where the
        answer may be in it.
        """
        future = self.loop.create_future()
        self._waiting.append(_Waiting(row, reader, language, future))
        if not self._is_at_work:
            self._is_at_work = True
            self._begin_after(_ROUNDS_BEFORE)
        return future

    def _begin_after(self, rounds: int) -> None:
        """Begin after some rounds of the loop, in each of which sockets are written and read."""
        if rounds:
            self.loop.call_soon(self._begin_after, rounds - 1)
        else:
            self._begin()

    def _begin(self) -> None:
        """Answer those who wait, as far as they go together, and hand their answers in."""
        while self._waiting:
            group = self._taken()
            if self._goes_on(group, partial(self._answer, group)):
                return
        self._is_at_work = False

    def _goes_on(self, group: Sequence[_Waiting], step: Callable[[], None]) -> bool:
        """Take a step with a group; where it fails, leave the rows to the ordinary way."""
        try:
            step()
        except Exception as err:  # of which row is not known: each is tried alone
            _LOG.warning("group_failed", error=type(err).__name__, at=place_of(err))
            _resolve(group, [None] * len(group))
            return False
        except BaseException:  # not of a row: it ends the loop, or does not, but not others
            _fail(group, StoreUnavailable(_DEED))
            self._begin_after(_ROUNDS_BETWEEN)
            raise
        return True

    def _taken(self) -> list[_Waiting]:
        """Take those at the front who ask the same model in the same language."""
        first = self._waiting.popleft()
        group = [first]
        at_once = AT_ONCE if first.reader.is_quick else SLOW_AT_ONCE
        while self._waiting and len(group) < at_once:
            each = self._waiting[0]
            if each.reader is not first.reader or each.language != first.language:
                break
            group.append(self._waiting.popleft())
        return group

    def _answer(self, group: Sequence[_Waiting]) -> None:
        answering = partial(
            answer_usual,
            [each.row for each in group],
            reader=group[0].reader,
            desk=self.desk,
            language=group[0].language,
        )
        if group[0].reader.is_quick:
            self._commit(group, answering())
        else:
            in_thread = self.loop.run_in_executor(self._slow, answering)
            in_thread.add_done_callback(partial(self._go_on, group))

    def _go_on(self, group: Sequence[_Waiting], answered: asyncio.Future[Told]) -> None:
        """Hand in what was answered in a thread."""
        if not self._goes_on(group, lambda: self._commit(group, answered.result())):
            self._begin()

    def _commit(self, group: Sequence[_Waiting], told: Told) -> None:
        unit = partial(keep, told=told, desk=self.desk)
        committing = self._writer.write_soon(unit, deed=_DEED)
        committing.add_done_callback(partial(self._end, group, told))

    def _end(
        self, group: Sequence[_Waiting], told: Told, committed: asyncio.Future[frozenset[int]]
    ) -> None:
        """Tell each what became of it, and go on with those who have come meanwhile."""
        try:
            self._tell(group, told, committed)
        except Exception as err:
            _LOG.error("group_not_told", error=type(err).__name__, at=place_of(err))
        finally:  # whatever it was: who comes later must not wait for ever
            _fail(group, StoreOutcomeUnknown(_DEED))
            self._begin_after(_ROUNDS_BETWEEN)

    def _tell(
        self, group: Sequence[_Waiting], told: Told, committed: asyncio.Future[frozenset[int]]
    ) -> None:
        err = committed.exception()
        if err is None:
            overruled = committed.result()
            _resolve(group, told.contents(without=overruled))
            told.note(self.desk.metrics, committed_at=self.desk.now(), without=overruled)
        elif isinstance(err, StoreUnavailable):
            _fail(group, err)
        else:
            _LOG.warning("group_failed", error=type(err).__name__)
            _resolve(group, [None] * len(group))


def _resolve(group: Sequence[_Waiting], contents: Sequence[bytes | None]) -> None:
    for each, content in zip(group, contents, strict=True):
        if not each.future.done():
            each.future.set_result(content)


def _fail(group: Sequence[_Waiting], err: StoreUnavailable) -> None:
    """Let those have failed who know nothing yet."""
    for each in group:
        if not each.future.done():
            each.future.set_exception(err)
