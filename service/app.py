"""Put the service together."""

from __future__ import annotations

from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from fastapi import FastAPI

from ebbtide.policy.file import load_policy
from ebbtide.project import load_project
from ebbtide.store.spool import Spool
from ebbtide.store.sql import open_store
from service.access.gate import open_gate
from service.admin.routes import router as admin
from service.background import background_of
from service.campaigns.routes import router as campaigns
from service.champion.kept import KeptBundles
from service.champion.registry import RegistryProcess
from service.champion.supply import ChampionSupply, FixedSupply
from service.champion.trial import try_bundle
from service.champion.warming import warm_up
from service.describing.routes import router as describing
from service.desk import Desk
from service.documents import router as documents
from service.edge import UNEXPECTED, Edge
from service.fast.way import FastWay
from service.handlers import install_handlers
from service.health.routes import router as health
from service.jobs.routes import router as jobs
from service.looking_up.routes import router as looking_up
from service.metrics import Metrics
from service.monitoring.collectors import DriftCollector, StoreCollector
from service.monitoring.monitor import Monitor
from service.monitoring.routes import router as monitoring
from service.openapi import describe
from service.outcomes.routes import router as outcomes
from service.privacy.routes import router as privacy
from service.recording.routes import router as recording
from service.request_log import log_each
from service.scoring.routes import router as scoring
from service.turns import Turns
from service.under_way import UnderWay
from service.webhooks.routes import router as webhooks
from service.what_if.routes import router as what_if

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

    from ebbtide.bundle.contents import Bundle
    from ebbtide.policy.policy import Policy
    from ebbtide.project import Project
    from ebbtide.store.sql import SqlStore
    from service.background import Background
    from service.champion.supply import Supply
    from service.request_log import RequestLog
    from service.settings import Settings


ROUTERS = (
    scoring,
    what_if,
    looking_up,
    recording,
    outcomes,
    campaigns,
    monitoring,
    jobs,
    describing,
    webhooks,
    privacy,
    admin,
    documents,
    health,
)
"""Every group of addresses, in the order in which the OpenAPI document lists them."""


def utc_now() -> datetime:
    """Return the present; the one place where the service asks for it."""
    return datetime.now(UTC)


def create_app(
    settings: Settings,
    *,
    model: Bundle | None = None,
    store: SqlStore | None = None,
    now: Callable[[], datetime] = utc_now,
    host: str = "127.0.0.1",
    log: RequestLog = log_each,
) -> FastAPI:
    """Make the service of one project.

    Parameters
    ----------
    settings : how it runs; names the project file.
    model : serve this bundle for ever; None to follow the champion of the registry.
    store : keep snapshots and predictions there; None for the project's database.
    now : the present.
    host : address that it will listen at; without keys it answers only at loopback.
    log : takes a line for each request.

    Raises
    ------
    SettingsError
        If project file, policy file, database URL or the settings of tokens are wrong.
    """
    project = load_project(settings.project_file)
    policy = load_policy(project.policy_path)
    supply: Supply = (
        FixedSupply(model, loaded_at=now())
        if model is not None
        else _champion_supply(settings, project=project, policy=policy, now=now)
    )
    store = store or open_store(
        project.database_url, folder=project.folder, busy_seconds=settings.store_wait_seconds
    )
    desk = Desk(
        settings=settings,
        currency=project.project.currency,
        policy=policy,
        store=store,
        supply=supply,
        metrics=Metrics(supply),
        now=now,
        event_turns=Turns(
            at_once=settings.max_event_computations, wait_seconds=settings.event_wait_seconds
        ),
        gate=open_gate(settings, database=store.database, now=now, host=host),
        spool=Spool(project.folder / "service" / "spool", max_bytes=settings.spool_max_bytes),
        monitor=Monitor(store.database, now=now),
    )
    desk.metrics.requests_limit.set(settings.max_requests)
    gauges = desk.metrics.registry
    gauges.register(StoreCollector(spool=desk.spool, database=store.database))
    gauges.register(
        DriftCollector(
            monitor=desk.monitor, supply=supply, interval_seconds=60 * settings.drift_minutes
        )
    )
    app = _Service(
        title="Ebbtide",
        version="1",
        summary="Which customers are about to leave, why, and what to do about it.",
        lifespan=_lifespan,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # /metrics says all
        openapi_url=None,  # service.documents has it
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.desk = desk
    app.state.background = background_of(desk)
    for router in ROUTERS:
        app.include_router(router)
    _build_routes(app)
    install_handlers(app, metrics=desk.metrics)
    app.add_exception_handler(Exception, _unexpected)
    under_way = UnderWay(max_requests=settings.max_requests)
    fast = FastWay(app.state, under_way=under_way)
    app.state.fast = fast
    app.edge = Edge(app.within_edge, metrics=desk.metrics, under_way=under_way, fast=fast, log=log)
    app.state.edge = app.edge
    app.openapi = partial(describe, app)  # type: ignore[method-assign]  # FastAPI's way to extend it
    return app


class _Service(FastAPI):
    """An app with an edge around everything, also around what the framework puts outermost.

    A middleware would come behind that, and a request on the fast way would pay for it.
    """

    edge: Edge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.edge(scope, receive, send)

    async def within_edge(self, scope: Scope, receive: Receive, send: Send) -> None:
        await super().__call__(scope, receive, send)


def _build_routes(app: FastAPI) -> None:
    """Have the framework make of each route what it would else make within the first request.

    It does so where it first asks whether a route matches. That took a request 20 ms, and two apps
    at once would change each other's filter of warnings.
    """
    nowhere = {"type": "http", "method": "GET", "path": "/", "root_path": "", "headers": []}
    for route in app.routes:
        route.matches(dict(nowhere))


async def _unexpected(_request: Request, _err: Exception) -> Response:
    """Answer as the edge would, before the framework does; it then has the edge note the error."""
    return UNEXPECTED.response()


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    desk: Desk = app.state.desk
    desk.gate.announce()
    background: list[Background] = app.state.background
    with ExitStack() as ending:  # whatever one of them raises, the others are ended, too
        ending.callback(desk.store.close)
        ending.callback(app.state.fast.stop)
        for part in background:
            part.start()
            ending.callback(part.stop)
        yield


def _champion_supply(
    settings: Settings, *, project: Project, policy: Policy, now: Callable[[], datetime]
) -> ChampionSupply:
    key = settings.bundle_key.get_secret_value().encode() if settings.bundle_key else None
    return ChampionSupply(
        registry=RegistryProcess(
            tracking_uri=project.tracking_uri,
            model_name=project.model_name,
            deadline_seconds=settings.registry_deadline_seconds,
            max_bytes=settings.max_bundle_bytes,
        ),
        kept=KeptBundles(project.folder / "service"),
        try_bundle=partial(
            try_bundle,
            key=key,
            deadline_seconds=settings.trial_deadline_seconds,
            memory_bytes=settings.trial_memory_bytes,
        ),
        key=key,
        poll_seconds=settings.champion_poll_seconds,
        now=now,
        warm_up=lambda bundle: warm_up(bundle, policy=policy, now=now()),
    )
