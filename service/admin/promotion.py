"""Choose the model that is served, by the very verbs of the command line."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from service.admin.verb import run_verb
from service.problems import Problem, ProblemError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from service.admin.verb import Ended
    from service.desk import Desk

_SETTINGS, _BUNDLE, _NOT_READY = 2, 4, 5
_ONE_AT_A_TIME = threading.Lock()

_BUSY = Problem(
    kind="promotion-under-way",
    detail="Another promotion or rollback is under way. Wait for it, and look at GET /v1/model.",
)
_FAILED = Problem(
    kind="registry-unavailable",
    detail="The registry did not do it in time, or failed. Nothing is known to have changed; look "
    "at GET /v1/model, and try again.",
)


def run_promotion(arguments: Sequence[str], desk: Desk, *, who: str) -> str:
    """Run ``promote`` or ``rollback``, then look for the champion; return what was said.

    Parameters
    ----------
    arguments : the verb and its options.
    desk : of the app.
    who : goes into the history of promotions.

    Raises
    ------
    ProblemError
        409 if the gate refuses or another one is under way, 422 if an option is wrong, 503 if the
        registry fails.
    """
    if not _ONE_AT_A_TIME.acquire(blocking=False):
        raise ProblemError(_BUSY)
    try:
        ended = run_verb(
            [*arguments, "--config", str(desk.settings.project_file), "--who", who],
            deadline_seconds=desk.settings.promotion_deadline_seconds,
        )
        if ended.exit_code != 0:
            raise ProblemError(_problem(ended, arguments))
        desk.supply.poll()
        return ended.text
    finally:
        _ONE_AT_A_TIME.release()


def _problem(ended: Ended, arguments: Sequence[str]) -> Problem:
    text = ended.text
    for argument in arguments:  # the command line repeats what it was given; a problem does not
        text = text.replace(repr(argument.partition("=")[2]), "another")
    if ended.exit_code in (_NOT_READY, _BUNDLE):
        return Problem(kind="promotion-refused", detail=text)
    if ended.exit_code == _SETTINGS:
        return Problem(kind="invalid-request", detail=text)
    return _FAILED
