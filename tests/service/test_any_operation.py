"""Every operation keeps the word of the OpenAPI document, whatever is sent: by Schemathesis.

A long run: ``EBBTIDE_API_EXAMPLES=500 pytest -n 0 -rP tests/service/test_any_operation.py``, where
``-rP`` prints the summary.
"""

from __future__ import annotations

import itertools
import os
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
import schemathesis
from schemathesis import engine
from schemathesis.config import SchemathesisConfig
from schemathesis.engine.events import NonFatalError, ScenarioFinished
from schemathesis.python.asgi import shutdown_lifespans
from structlog.testing import capture_logs

from ebbtide.store.sql import open_store
from service.access.key_verbs import create_key
from service.access.scopes import SCOPES
from service.admin import routes as admin
from service.app import create_app
from service.settings import read_settings
from small_model import KEY, NOW

if TYPE_CHECKING:
    from schemathesis.engine.recorder import ScenarioRecorder

EXAMPLES = int(os.environ.get("EBBTIDE_API_EXAMPLES", "6"))
OFTEN = "1000000/second"
ROWS = {"POST /v1/scores", "POST /v1/events", "POST /v1/outcomes"}
"""Where a bad row is told in the answer, and harms no other."""


@dataclass
class Tried:
    """What was tried and what came of it."""

    cases: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    checks: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    logs: list[dict] = field(default_factory=list)

    def add(self, label: str, recorder: ScenarioRecorder) -> None:
        self.cases[label] += len(recorder.cases)
        for case_id, checks in recorder.checks.items():
            interaction = recorder.interactions.get(case_id)
            answer = interaction.response if interaction else None
            if answer is not None:
                self.statuses[answer.status_code] += 1
            for check in checks:
                self.checks[check.name] += 1
                if check.failure_info is not None and not is_as_agreed(label, check.name, answer):
                    info = check.failure_info
                    self.failures.append(f"{label}: {info.failure}\n{info.code_sample[:2000]}")

    def summary(self) -> str:
        rows = [f"{count:6} {label}" for label, count in sorted(self.cases.items())]
        statuses = ", ".join(f"{s}: {n}" for s, n in sorted(self.statuses.items()))
        checks = ", ".join(f"{name}: {n}" for name, n in sorted(self.checks.items()))
        total = f"{len(self.cases)} operations, {self.cases.total()} cases, "
        return "\n".join(
            [
                *rows,
                f"statuses: {statuses}",
                f"checks: {checks}",
                f"{total}{len(self.failures)} failures",
            ]
        )


def is_as_agreed(label, check, answer):
    """Say whether what Schemathesis minds is in the contract."""
    if check == "negative_data_rejection" and label in ROWS:
        told = answer.json()
        return told.get("failed", 0) > 0 or any(
            each["status"] == "failed" for each in told.get("results", ())
        )
    return False


def fresh_keys(app):
    """Put a number behind each good Idempotency-Key: most requests are to be answered anew."""
    number = itertools.count()

    def renewed(name, value):
        is_good = 0 < len(value) < 200 and all(32 < byte < 127 for byte in value)
        is_key = name == b"idempotency-key" and is_good
        return name, value + str(next(number) // 2).encode() if is_key else value

    async def outer(scope, receive, send):
        if scope["type"] == "http":
            scope = {**scope, "headers": [renewed(*header) for header in scope["headers"]]}
        await app(scope, receive, send)

    return outer


def configured(key: str) -> SchemathesisConfig:
    return SchemathesisConfig.from_dict(
        {
            "seed": 1,
            "continue-on-failure": True,
            "headers": {"Authorization": f"Bearer {key}"},
            "request-timeout": 20,
            "generation": {
                "max-examples": EXAMPLES,
                "deterministic": True,
                "database": "none",
                "with-security-parameters": False,
            },
            "phases": {"stateful": {"enabled": False}},
            # What fits the document may be refused: an unknown customer, a time in the future.
            "checks": {"positive_data_acceptance": {"enabled": False}},
        }
    )


@pytest.fixture(scope="module")
def app(bundle, tmp_path_factory):
    """A service without threads of its own: nothing is sent to anybody."""
    folder = tmp_path_factory.mktemp("any_operation")
    (folder / "ebbtide.toml").write_text(
        '[project]\nname = "test"\ncurrency = "EUR"\n[tables.transactions]\npath = "t.csv"\n'
    )
    settings = read_settings(
        project_file=folder / "ebbtide.toml",
        bundle_key=KEY.decode(),
        rate_limit=OFTEN,
        failed_access_limit=OFTEN,
        max_jobs=10_000,
    )
    store = open_store(f"sqlite:///{folder}/store.db", folder=folder)
    app = create_app(settings, model=bundle, store=store, now=lambda: NOW)
    app.state.background = []
    return app


@pytest.fixture(scope="module")
def tried(app) -> Tried:
    """Try all operations: what examples, borders and chance bring."""
    key = create_key(
        app.state.desk.store.database,
        name="any",
        scopes=tuple(SCOPES),
        days=30,
        rate_limit=None,
        at=NOW,
        actor="cli:ops",
    ).text
    found = Tried()
    with pytest.MonkeyPatch.context() as patch, capture_logs() as logs:
        patch.setattr(admin, "run_promotion", lambda *_given, **_more: "done")
        schema = schemathesis.openapi.from_asgi(
            "/openapi.json", fresh_keys(app), config=configured(key)
        )
        for event in engine.from_schema(schema).execute():
            if isinstance(event, ScenarioFinished):
                found.add(event.label, event.recorder)
            elif isinstance(event, NonFatalError):
                found.failures.append(f"{event.label}: {event.info}")
        shutdown_lifespans()
    found.logs = [each for each in logs if each["log_level"] in ("error", "critical")]
    return found


@pytest.mark.property
def test_every_operation_does_what_its_document_says(tried):
    print(tried.summary())  # noqa: T201  the summary is asked for with -rP
    assert tried.failures == [], "\n\n".join(tried.failures[:20])
    assert tried.logs == []


@pytest.mark.property
def test_no_operation_is_left_out(tried, app):
    document = app.openapi()
    operations = {
        f"{method.upper()} {path}"
        for path, methods in document["paths"].items()
        for method in methods
    }
    assert set(tried.cases) == operations
    assert min(tried.cases.values()) >= 5
    assert {"not_a_server_error", "status_code_conformance", "response_schema_conformance"} <= set(
        tried.checks
    )
    assert tried.checks["negative_data_rejection"] > 500
    assert not [status for status in tried.statuses if status >= 500]
