"""The demo calls the verbs in order, stops at the first that fails, and leaves nothing running.

A stand-in plays the ``ebbtide`` command here; the real one goes through the same steps in CI.
"""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from rich.console import Console

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STAND_IN = """
import http.server, json, pathlib, sys

here = pathlib.Path(__file__).parent
verb, options = sys.argv[1], dict(zip(sys.argv[2::2], sys.argv[3::2]))
with (here / "calls").open("a") as calls:
    print(" ".join(sys.argv[1:]), file=calls)
if verb == (here / "fails_at").read_text():
    sys.exit(3)
if verb in ("simulate", "score"):
    import pyarrow as pa, pyarrow.parquet as pq
    from datetime import datetime
if verb == "simulate":
    out = pathlib.Path(options["--out"])
    when = [datetime.fromisoformat("2024-12-31 10:00")]
    pq.write_table(pa.table({"occurred_at": when}), out / "transactions.parquet")
    (out / "ebbtide.toml").write_text("")
if verb == "score":
    scores = {"customer_id": ["a", "b", "c"], "churn_probability": [0.1, 0.9, 0.5]}
    pq.write_table(pa.table(scores), options["--out"])

def answer(row):
    if (here / "fails_at").read_text() == "the answer":
        return {"status": "failed", "problem": {"title": "No snapshot"}}
    return {"status": "scored", "customer_id": row["customer_id"], "churn_probability": 0.25,
            "risk_band": "low", "reason_1": "Bought yesterday", "action_text": None,
            "expected_value": None}

class Service(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def do_POST(self):
        assert self.path == "/v1/scores"
        rows = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["rows"]
        body = json.dumps({"results": [answer(row) for row in rows]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

if verb == "serve":
    address = ("127.0.0.1", int(options["--port"]))
    (here / "port").write_text(options["--port"])
    http.server.HTTPServer(address, Service).serve_forever()
"""


class Rehearsal:
    """A demo with a stand-in for the command, and what came of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said = io.StringIO()

    def run(self, **changes: Any) -> None:
        from demo import Demo, run

        console = Console(file=self.said, width=140)
        about = {"data": "simulated", "folder": self.folder / "demo", "customers": 3}
        run(Demo(**{**about, "console": console, **changes}), keep_serving=False)

    @property
    def calls(self) -> list[str]:
        return (self.folder / "calls").read_text(encoding="utf-8").splitlines()

    @property
    def verbs(self) -> list[str]:
        return [call.split()[0] for call in self.calls]


@pytest.fixture
def rehearse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Rehearsal]:
    def prepare(fails_at: str) -> Rehearsal:
        program = tmp_path / "ebbtide"
        program.write_text(f"#!{sys.executable}\n{STAND_IN}", encoding="utf-8")
        program.chmod(0o755)
        (tmp_path / "fails_at").write_text(fails_at, encoding="utf-8")
        monkeypatch.setattr("demo.EBBTIDE", program)
        return Rehearsal(tmp_path)

    return prepare


def test_the_verbs_come_in_order_and_the_service_is_stopped(
    rehearse: Callable[[str], Rehearsal],
) -> None:
    demo = rehearse("nothing")
    demo.run()
    assert demo.verbs == [
        "simulate",
        "check-data",
        "features",
        "train",
        "models",
        "promote",
        "score",
        "serve",
    ]
    said = demo.said.getvalue()
    for part in ("Bought yesterday", "25%", "The service is stopped", "make serve", "curl"):
        assert part in said
    port = (demo.folder / "port").read_text(encoding="utf-8")
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=2)


def test_everybody_is_scored_as_of_the_end_of_the_log(
    rehearse: Callable[[str], Rehearsal],
) -> None:
    demo = rehearse("nothing")
    demo.run()
    [score] = [call for call in demo.calls if call.startswith("score ")]
    assert "--as-of 2025-01-01 " in score
    assert score.endswith("--publish")


def test_a_second_run_starts_afresh(rehearse: Callable[[str], Rehearsal]) -> None:
    demo = rehearse("nothing")
    demo.run()
    left = demo.folder / "demo" / ".ebbtide" / "mlflow.db"
    left.parent.mkdir()
    left.touch()
    demo.run()
    assert not left.exists()
    assert demo.verbs == demo.verbs[:8] * 2


@pytest.mark.parametrize("verb", ["simulate", "check-data", "train", "promote", "score"])
def test_the_demo_ends_with_the_first_step_that_fails(
    rehearse: Callable[[str], Rehearsal], verb: str
) -> None:
    from demo import StepFailed

    demo = rehearse(verb)
    with pytest.raises(StepFailed, match=f"ebbtide {verb} .*exit code 3"):
        demo.run()
    assert demo.verbs[-1] == verb


def test_a_service_that_does_not_start_ends_the_demo(
    rehearse: Callable[[str], Rehearsal],
) -> None:
    from service_process import ServiceError

    with pytest.raises(ServiceError, match="exit code 3"):
        rehearse("serve").run()


def test_a_service_that_scores_nobody_fails_the_demo(
    rehearse: Callable[[str], Rehearsal],
) -> None:
    from demo import StepFailed

    with pytest.raises(StepFailed, match="scored nobody"):
        rehearse("the answer").run()


def test_the_models_of_a_demo_stay_out_of_a_real_tracking_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from demo import own_environment

    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://tracking.example")
    monkeypatch.setenv("LANG", "C.UTF-8")
    assert "MLFLOW_TRACKING_URI" not in own_environment()
    assert own_environment()["LANG"] == "C.UTF-8"


def test_a_real_shop_gets_a_project_that_needs_no_environment(
    rehearse: Callable[[str], Rehearsal], monkeypatch: pytest.MonkeyPatch
) -> None:
    demo = rehearse("nothing")
    data = demo.folder / "data"
    data.mkdir()
    monkeypatch.setattr("demo.FETCHERS", {"cdnow": lambda folder: data})
    demo.run(data="cdnow")
    made = demo.folder / "demo"
    assert f"{data.as_posix()}/cdnow_master.parquet" in (made / "ebbtide.toml").read_text("utf-8")
    assert demo.verbs[0] == "check-data"
    assert "make serve DATA=cdnow" in demo.said.getvalue()


def test_a_shop_that_was_fetched_into_its_own_folder_can_be_moved(
    rehearse: Callable[[str], Rehearsal], monkeypatch: pytest.MonkeyPatch
) -> None:
    demo = rehearse("nothing")
    monkeypatch.setattr("demo.FETCHERS", {"cdnow": lambda folder: folder})
    demo.run(data="cdnow")
    written = (demo.folder / "demo" / "ebbtide.toml").read_text("utf-8")
    assert "${PROJECT_DIR}/cdnow_master.parquet" in written
