"""``GET /livez``, ``/readyz`` and ``/metrics``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from fastapi import APIRouter, Depends
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field
from starlette.responses import PlainTextResponse, Response

from ebbtide.store.store import StoreUnavailable
from service.access.gate import NOBODY_KNOWN
from service.access.guard import needs
from service.endpoint import TheDesk  # noqa: TC001  FastAPI reads it too

if TYPE_CHECKING:
    from service.access.gate import Mode
    from service.champion.supply import Served
    from service.desk import Desk

router = APIRouter(tags=["health"])


class Readiness(BaseModel):
    """Whether requests can be answered."""

    state: Literal["ready", "degraded", "not_ready"] = Field(
        description="degraded: requests are answered, but something needs an operator."
    )
    reasons: list[str] = Field(description="What is wrong and what to do; empty if ready.")
    model_version: str | None = Field(description="Version of the bundle being served.")
    source: str | None = Field(description="registry, last_verified or given.")
    access: Literal["keys", "demo mode", "closed"] | None = Field(
        description="keys: callers need one; demo mode: there is none, and only this machine is "
        "answered; closed: there is none, and nobody is. Null if the store does not answer."
    )


class Liveness(BaseModel):
    """The process answers."""

    state: Literal["alive"] = Field(default="alive", description="Always alive.")


@router.get("/livez", operation_id="check_liveness")
async def check_liveness() -> Liveness:
    """Say that the process answers; touches neither model nor store, and needs no free thread."""
    return Liveness()


@router.get(
    "/readyz",
    operation_id="check_readiness",
    responses={503: {"model": Readiness, "description": "Requests cannot be answered."}},
)
def check_readiness(response: Response, desk: TheDesk) -> Readiness:
    """Say whether requests can be answered, and if not, why."""
    found = readiness(desk)
    if found.state == "not_ready":
        response.status_code = 503
    return found


def readiness(desk: Desk) -> Readiness:
    """Return whether requests can be answered, and what is wrong."""
    served = desk.supply.current
    blocking = [] if served else [desk.supply.complaint or "No model is loaded yet."]
    access: Mode | None = None
    try:
        desk.store.check()
        access = desk.gate.mode()
    except StoreUnavailable as err:
        blocking.append(str(err))
    complaints = [desk.supply.complaint] if served and desk.supply.complaint else []
    if served:
        complaints += _withheld_actions(desk, served)
    complaints += [NOBODY_KNOWN] if access == "closed" else []
    complaints += _unwritten(desk)
    return Readiness(
        state="not_ready" if blocking else "degraded" if complaints else "ready",
        reasons=blocking + complaints,
        model_version=served.bundle.version if served else None,
        source=served.source if served else None,
        access=access,
    )


def _unwritten(desk: Desk) -> list[str]:
    found = []
    if desk.store.database.last_write_failed:
        found.append(
            "The store could not be written the last time. Look at the database's state and free "
            "space."
        )
    if desk.spool.waiting:
        found.append(
            f"{desk.spool.waiting} answer(s) wait in the spool until the log can be written again."
        )
    return found


def _withheld_actions(desk: Desk, served: Served) -> list[str]:
    names = {feature.name for feature in served.bundle.scorer.features}
    return [
        f"The policy's action {code} is never suggested: its eligibility asks for "
        f"{', '.join(unknown)}, which the model does not read. Mend the policy, or train again."
        for code, unknown in desk.policy.unknown_features(names).items()
    ]


@router.get(
    "/metrics",
    operation_id="read_metrics",
    dependencies=[Depends(needs("watch"))],
    response_class=PlainTextResponse,
)
def read_metrics(desk: TheDesk) -> Response:
    """Return counters and gauges in Prometheus' text format."""
    return Response(generate_latest(desk.metrics.registry), media_type=CONTENT_TYPE_LATEST)
