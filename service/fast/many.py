"""``POST /v1/scores`` on the fast way: where all rows are usual ones."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import structlog

from ebbtide.store.store import StoreOutcomeUnknown, StoreUnavailable
from service.edge import place_of
from service.fast.answering import answer_usual, keep

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ebbtide.words import Language
    from service.desk import Desk
    from service.fast.answering import Told
    from service.fast.reading import RowReader

_LOG = structlog.get_logger("ebbtide.fast")


def answer_many(body: bytes, reader: RowReader, desk: Desk, language: Language) -> bytes | None:
    """Return what is answered to a list of rows; None where the ordinary way has to.

    Nothing is committed then. It runs in a thread: so many rows take their time.

    Parameters
    ----------
    body : of the request.
    reader : of the model's rows.
    desk : policy, store, clock, limits and counters.
    language : of the texts.

    Raises
    ------
    StoreUnavailable
        If the log cannot be written, and answers may not be kept elsewhere.
    """
    rows = reader.read_many(body, now=desk.now())
    if rows is None or not 1 <= len(rows) <= desk.settings.max_rows:
        return None
    try:
        told = answer_usual(rows, reader=reader, desk=desk, language=language)
    except Exception as err:  # of which row is not known: the ordinary way says what it is
        _LOG.warning("list_failed", error=type(err).__name__, at=place_of(err))
        return None
    if len(told.entries) < len(rows):
        return None
    try:
        desk.store.database.write(
            partial(_keep_all, told=told, desk=desk), deed="record the predictions"
        )
    except _Decided:
        return None
    except StoreOutcomeUnknown:
        raise  # they may be in the log
    except StoreUnavailable:
        if desk.settings.log_required:
            raise
        return None
    told.note(desk.metrics, committed_at=desk.now())
    return b'{"results":[%b]}' % b",".join([each for each in told.contents() if each is not None])


class _Decided(Exception):
    """A customer has decided something: nothing of the request is committed here."""


def _keep_all(connection: Connection, *, told: Told, desk: Desk) -> None:
    if keep(connection, told=told, desk=desk):
        raise _Decided
