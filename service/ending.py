"""End the process in time: what was begun is finished, but no longer than the grace time.

uvicorn waits for requests under way and then for every part of the app to end; a store that hangs
would keep it waiting for ever. A second signal ends it at once.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from types import FrameType

FOR_REQUESTS = 0.75
"""Share of the grace time that requests under way have; the parts of the app have the rest."""

_GIVEN_UP = b'{"event": "not everything ended within the grace time", "level": "error"}\n'


class EndingServer(uvicorn.Server):
    """A server that is gone when the grace time is over.

    Parameters
    ----------
    config : of uvicorn.
    grace_seconds : from the first signal to the end, whatever hangs.
    """

    def __init__(self, config: uvicorn.Config, *, grace_seconds: float) -> None:
        config.timeout_graceful_shutdown = grace_seconds * FOR_REQUESTS  # type: ignore[assignment]
        super().__init__(config)
        self._grace_seconds = grace_seconds

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end at the first signal; be gone at the second, whichever they are."""
        if self.should_exit:
            os._exit(128 + sig)
        super().handle_exit(sig, frame)
        last = threading.Timer(self._grace_seconds, _give_up, args=(128 + sig,))
        last.daemon = True
        last.start()


def _give_up(code: int) -> None:
    """Leave without a further look at what hangs; what was acknowledged is on disk."""
    os.write(sys.stderr.fileno(), _GIVEN_UP)
    os._exit(code)
