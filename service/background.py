"""What works beside the requests: began with the app, and ended before its store is closed."""

from __future__ import annotations

from typing import Protocol


class Background(Protocol):
    """A part of the service with threads of its own."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End; return when nothing runs any more."""
