"""The whole service without its socket: any request gets an answer, and none is a fault of ours."""

from __future__ import annotations

import asyncio
import json
import tempfile
import threading
from functools import cache
from pathlib import Path
from typing import Any

from ebbtide.bundle.read import read_bundle
from ebbtide.store.sql import open_store
from fuzz.bodies import DATE, EVENTS, OUTCOME
from fuzz.target import Target
from service.app import create_app
from service.settings import read_settings
from small_model import FEATURES, KEY, NOW, write_small_bundle

_PROJECT = '[project]\nname = "t"\ncurrency = "EUR"\n[tables.transactions]\npath = "t.csv"\n'
_DEADLINE_SECONDS = 20.0
_JSON = b"application/json"
_HEADERS: tuple[tuple[tuple[bytes, bytes], ...], ...] = (
    ((b"content-type", _JSON),),
    ((b"content-type", _JSON), (b"accept-language", b"zh"), (b"accept", b"application/json")),
    ((b"content-type", _JSON), (b"idempotency-key", b"k")),
    ((b"content-type", b"text/csv"),),
    ((b"content-type", b"application/x-ndjson"),),
    (),
)


class _App:
    """The app in an event loop of its own thread."""

    def __init__(self) -> None:
        self._made = tempfile.TemporaryDirectory(prefix="fuzz-")
        folder = Path(self._made.name)
        write_small_bundle(folder / "bundle")
        (folder / "ebbtide.toml").write_text(_PROJECT)
        settings = read_settings(
            project_file=folder / "ebbtide.toml", bundle_key=KEY.decode(), job_workers=0
        )
        self._app = create_app(
            settings,
            model=read_bundle(folder / "bundle", key=KEY),
            store=open_store(f"sqlite:///{folder}/store.db", folder=folder),
            now=lambda: NOW,
        )
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        asyncio.run_coroutine_threadsafe(self._begin(), self._loop).result(30)

    async def _begin(self) -> None:
        begun = asyncio.Event()

        async def receive() -> dict[str, Any]:
            if not begun.is_set():
                return {"type": "lifespan.startup"}
            await asyncio.sleep(10**6)
            return {"type": "lifespan.shutdown"}

        async def send(message: dict[str, Any]) -> None:
            assert message["type"] == "lifespan.startup.complete", message
            begun.set()

        scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
        self._living = asyncio.ensure_future(self._app(scope, receive, send))
        await begun.wait()

    def status(
        self, method: str, target: bytes, headers: tuple[tuple[bytes, bytes], ...], body: bytes
    ) -> int:
        """Send a request and return the status of the answer."""
        asked = self._asked(method, target, headers, body)
        return asyncio.run_coroutine_threadsafe(asked, self._loop).result(_DEADLINE_SECONDS)

    async def _asked(
        self, method: str, target: bytes, headers: tuple[tuple[bytes, bytes], ...], body: bytes
    ) -> int:
        path, _, query = target.partition(b"?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path.decode("utf-8", errors="replace"),
            "raw_path": path,
            "query_string": query,
            "root_path": "",
            "headers": [(b"host", b"localhost"), *headers],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 2),
            "state": {},
        }
        sent = [False]
        status, said = [], []

        async def receive() -> dict[str, Any]:
            if sent[0]:
                await asyncio.sleep(_DEADLINE_SECONDS)
            sent[0] = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                status.append(message["status"])
            elif message["type"] == "http.response.body":
                said.append(message.get("body", b""))

        await self._app(scope, receive, send)
        if status[0] >= 400:
            problem = json.loads(b"".join(said))
            assert {"type", "title", "status"} <= problem.keys()
        return status[0]


@cache
def _app() -> _App:
    return _App()


def _fed(method: str, path: bytes) -> Target:
    def feed(data: bytes) -> None:
        headers = _HEADERS[data[0] % len(_HEADERS)] if data else ()
        status = _app().status(method, path, headers, data[1:])
        assert status < 500, f"{method} {path!r}: {status}"

    good = {
        b"/v1/score": {"customer_id": "c-1", "features": FEATURES},
        b"/v1/scores": {"rows": [{"customer_id": "c-1", "features": FEATURES}]},
        b"/v1/what-if": {
            "customer_id": "c-1",
            "features": FEATURES,
            "changes": {"recency_days": 1},
        },
        b"/v1/events": {"events": EVENTS},
        b"/v1/outcomes": OUTCOME,
        b"/v1/webhooks": {"url": "https://crm.example/", "kinds": ["job.finished"]},
        b"/v1/customers/c-1/preferences": {"contact_opt_out": True, "decided_at": DATE},
    }
    seed = json.dumps(good[path]).encode()
    return Target(feed=feed, seeds=tuple(bytes([kind]) + seed for kind in (0, 1)))


def _look(data: bytes) -> None:
    target = b"/" + data
    assert _app().status("GET", target, (), b"") < 500


def targets() -> dict[str, Target]:
    """Return the targets of this module by name."""
    fed = (
        ("POST", b"/v1/score"),
        ("POST", b"/v1/scores"),
        ("POST", b"/v1/what-if"),
        ("POST", b"/v1/events"),
        ("POST", b"/v1/outcomes"),
        ("POST", b"/v1/webhooks"),
        ("PUT", b"/v1/customers/c-1/preferences"),
    )
    return {
        **{f"{method} {path.decode()}": _fed(method, path) for method, path in fed},
        "GET": Target(
            feed=_look,
            seeds=(
                b"v1/customers/c-1/score?x=1",
                b"v1/scores?band=high&limit=5&cursor=x",
                b"v1/customers/c-1/history",
                b"v1/jobs/0?",
                b"openapi.json",
            ),
            words=(b"v1/", b"%2e%2e", b"%00", b"//", b"updated_since=", b"customers/", b"/score"),
        ),
    }
