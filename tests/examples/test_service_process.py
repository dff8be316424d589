"""The demo's service is waited for, reports how it failed, and never outlives the demo."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

READY = """
import http.server, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/readyz" else 404)
        self.end_headers()
port = int(sys.argv[sys.argv.index("--port") + 1])
assert sys.argv[1] == "serve"
http.server.HTTPServer(("127.0.0.1", port), Answer).serve_forever()
"""
FAILS = "import sys; sys.exit('there is no model, promote one first')"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + READY


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], Path]:
    """Make a stand-in for the ``ebbtide`` command out of some Python."""

    def make(code: str) -> Path:
        path = tmp_path / "ebbtide"
        path.write_text(f"#!{sys.executable}\n{code}", encoding="utf-8")
        path.chmod(0o755)
        return path

    return make


def refuses(address: str) -> bool:
    try:
        httpx.get(address, timeout=2)
    except httpx.ConnectError:
        return True
    return False


def test_the_service_answers_inside_and_is_gone_outside(
    program: Callable[[str], Path], tmp_path: Path
) -> None:
    from service_process import running_service

    log = tmp_path / "log"
    with running_service(program(READY), tmp_path, log=log, environment=os.environ) as address:
        assert httpx.get(f"{address}/readyz", timeout=2).status_code == 200
    assert refuses(address)


def test_the_service_is_stopped_when_something_goes_wrong_inside(
    program: Callable[[str], Path], tmp_path: Path
) -> None:
    from service_process import running_service

    seen = []

    def interrupted() -> None:
        log = tmp_path / "log"
        with running_service(program(READY), tmp_path, log=log, environment=os.environ) as address:
            seen.append(address)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert refuses(seen[0])


def test_a_service_that_ignores_a_polite_request_is_killed(
    program: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import service_process

    monkeypatch.setattr(service_process, "GRACE_SECONDS", 0.2)
    log = tmp_path / "log"
    with service_process.running_service(
        program(STUBBORN), tmp_path, log=log, environment=os.environ
    ) as address:
        pass
    assert refuses(address)


def test_a_service_that_ends_early_is_quoted(
    program: Callable[[str], Path], tmp_path: Path
) -> None:
    from service_process import ServiceError, running_service

    started = running_service(
        program(FAILS), tmp_path, log=tmp_path / "log", environment=os.environ
    )
    with pytest.raises(ServiceError, match=r"(?s)exit code 1.*promote one first"), started:
        pytest.fail("it was never ready")


def test_a_service_that_never_gets_ready_is_given_up(
    program: Callable[[str], Path], tmp_path: Path
) -> None:
    from service_process import ServiceError, running_service

    started = running_service(
        program("import time; time.sleep(60)"),
        tmp_path,
        log=tmp_path / "log",
        environment=os.environ,
        patience_seconds=0.3,
    )
    with pytest.raises(ServiceError, match="not ready after"), started:
        pytest.fail("it was never ready")
