"""Keep answers in the spool instead of the log, where that is allowed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from ebbtide.answer.answer import Answer
from ebbtide.answer.warned import warned
from service.idempotency import HEADER

if TYPE_CHECKING:
    from starlette.requests import Request

    from service.desk import Desk
    from service.scoring.answering import Answered


def may_be_spooled(request: Request, desk: Desk) -> bool:
    """Return whether a request may be answered though the log cannot be written.

    Not one with a key of its own: that it changes things once can only be told by the store.
    """
    return not desk.settings.log_required and HEADER not in request.headers


def spooled(answered: Answered, desk: Desk) -> Answered:
    """Return the answers with a warning; they are in the spool then.

    Parameters
    ----------
    answered : what could not be put into the log.
    desk : with the spool.

    Raises
    ------
    StoreUnavailable
        If the spool is full or cannot be written.
    """
    told = {id(entry.answer): _with_warning(entry.answer) for entry in answered.entries}
    entries = [
        replace(each, answer=told[id(each.answer)], written=None) for each in answered.entries
    ]
    desk.spool.add(entries)
    desk.metrics.spooled.inc(len(entries))
    return replace(
        answered,
        results=[
            told.get(id(each), each) if isinstance(each, Answer) else each
            for each in answered.results
        ],
        entries=entries,
    )


def _with_warning(answer: Answer) -> Answer:
    warning = warned("log_spooled", "", features=(), language=answer.language)
    return msgspec.structs.replace(answer, warnings=(*answer.warnings, warning))
