"""What the endpoints of one app work with; made once by ``create_app``."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from starlette.requests import Request  # noqa: TC002  FastAPI reads it from the signature

from service.problems import Problem, ProblemError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ebbtide.policy.policy import Policy
    from ebbtide.store.spool import Spool
    from ebbtide.store.sql import SqlStore
    from service.access.gate import Gate
    from service.champion.supply import Served, Supply
    from service.metrics import Metrics
    from service.monitoring.monitor import Monitor
    from service.settings import Settings
    from service.turns import Turns


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Settings, policy, store, model supply, clock and counters.

    ``event_turns`` bounds how many computations from events run at once; ``gate`` tells who asks;
    ``spool`` holds answers while the log cannot be written; ``monitor`` measures drift;
    ``news`` is set when customers wait to be scored again.
    """

    settings: Settings
    currency: str
    policy: Policy
    store: SqlStore
    supply: Supply
    metrics: Metrics
    now: Callable[[], datetime]
    event_turns: Turns
    gate: Gate
    spool: Spool
    monitor: Monitor
    news: threading.Event = field(default_factory=threading.Event)

    def served(self) -> Served:
        """Return the model for one request.

        Raises
        ------
        ProblemError
            If none is being served yet.
        """
        served = self.supply.current
        if served is None:
            raise ProblemError(
                Problem(
                    kind="not-ready",
                    detail=self.supply.complaint or "No model is loaded yet. Try again shortly.",
                )
            )
        return served


def desk_of(request: Request) -> Desk:
    """Return the desk of the app that a request came to."""
    return cast("Desk", request.app.state.desk)
