"""What was sent is in no problem, log line, metric or deed, whichever way a request goes wrong.

A mark is planted into every path, query, header, name and value of every operation of the document.
Only answers of success may hold it, in the fields that ``ECHOED`` lists.
"""

from __future__ import annotations

import copy
import io
import json
import logging

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from fastapi.testclient import TestClient

from bad_requests.every import LET_IN
from ebbtide.api_key import PREFIX
from ebbtide.store.database import Database
from ebbtide.store.schema.access import AUDIT_LOG
from ebbtide.store.schema.base import METADATA
from service.access.gate import Gate
from service.access.key_verbs import create_key
from service.admin import routes as admin
from small_model import FEATURES, NOW

CANARY = "C4N4RY7f3a"
SURROGATE = "\ud800"
KEPT_WITHOUT_STORE = {"api_keys", "audit_log", "audit_head"}
ECHOED = {
    "score": {"customer_id"},
    "score_many": {"customer_id"},
    "current_score": {"customer_id"},
    "score_history": {"customer_id"},
    "list_scores": {"customer_id"},
    "export_customer": {"tables"},
    "create_webhook": {"url", "description"},
    "list_webhooks": {"url", "description"},
    "read_webhook": {"url", "description"},
    "change_webhook": {"url", "description"},
    "rotate_webhook_secret": {"url", "description"},
    "list_deeds": {"details"},  # why a model was promoted
}
"""Which fields of a success may hold what was sent, by operation."""


def operations(app):
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def filled(path, operation, value):
    for parameter in operation.get("parameters", ()):
        path = path.replace("{" + parameter["name"] + "}", value)
    return path


def example_of(operation):
    content = operation.get("requestBody", {}).get("content", {})
    return content.get("application/json", {}).get("example")


def planted_in(body):
    """Yield copies of a body with the mark at one more name, or at one value."""
    places = [()]
    for place in places:
        node = body
        for step in place:
            node = node[step]
        if isinstance(node, dict):
            places += [(*place, name) for name in node]
            yield _with(body, place, {**node, CANARY: CANARY})
        elif isinstance(node, list):
            places += [(*place, position) for position in range(len(node))]
        yield _with(body, place, CANARY)
        yield _with(body, place, {CANARY: [CANARY + SURROGATE]})


def _with(body, place, value):
    if not place:
        return value
    made = copy.deepcopy(body)
    node = made
    for step in place[:-1]:
        node = node[step]
    node[place[-1]] = value
    return made


def requests_of(method, path, operation):
    """Yield every planted request of an operation: method, target, headers, body."""
    known, marked = filled(path, operation, "c-1"), filled(path, operation, CANARY)
    example = example_of(operation)
    body = None if example is None else json.dumps(example).encode()
    json_type = {} if body is None else {"Content-Type": "application/json"}
    yield method, marked, json_type, body
    yield method, f"{known}?{CANARY}={CANARY}", json_type, body
    yield method, f"{marked}/{CANARY}%00", json_type, body
    yield CANARY, known, json_type, body
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "query":
            yield method, f"{known}?{parameter['name']}={CANARY}", json_type, body
    for name in ("Accept", "Accept-Language", "Idempotency-Key", "Authorization", "X-Api-Key"):
        yield method, known, {**json_type, name: f"{CANARY}\t{CANARY}"}, body
    yield method, known, {**json_type, "Cookie": CANARY, f"X-{CANARY}": CANARY}, body
    if body is None:
        return
    for planted in planted_in(example):
        yield method, known, json_type, json.dumps(planted).encode()
    for broken in (b'{"%s": NaN}', b'{"%s"', b'{"a\x00%s": 1}', b'\xff"%s"', b'{"%s":1,"%s":2}'):
        text = broken.replace(b"%s", CANARY.encode())
        yield method, known, json_type, text
    yield method, known, {"Content-Type": f"text/{CANARY}; charset={CANARY}"}, body
    yield method, known, {**json_type, "Content-Encoding": CANARY}, body
    yield method, known, json_type, CANARY.encode() * 40_000


def fields_with(value, name=""):
    """Return the names of the fields that hold the mark; the outermost of ``tables``."""
    if isinstance(value, dict):
        inner = [
            fields_with(each, key if name != "tables" else name) for key, each in value.items()
        ]
        named = {f"the name {key}" for key in value if CANARY in key and name != "tables"}
        return named.union(*inner) if inner else named
    if isinstance(value, list):
        return set().union(*[fields_with(each, name) for each in value])
    return {name} if CANARY in str(value) else set()


def leaks(response, operation_id):
    """Return where an answer holds the mark and may not."""
    found = [f"header {name}" for name, value in response.headers.items() if CANARY in name + value]
    if response.status_code >= 400:
        return found + (["the problem"] if CANARY in response.text else [])
    if CANARY not in response.text:
        return found
    try:
        held = fields_with(response.json())
    except ValueError:
        return [*found, "a text"]
    return [*found, *(held - ECHOED.get(operation_id, set()))]


class Watch:
    """Sends requests and notes every leak, in answers and beside them."""

    def __init__(self, app) -> None:
        self.app = app
        self.client = TestClient(app)
        self.statuses = []
        self.found = []

    def send(self, method, target, headers, body, operation_id):
        response = self.client.request(
            method,
            target,
            headers=[(name.encode(), value.encode()) for name, value in headers.items()],
            content=body,
        )
        self.statuses.append(response.status_code)
        for leak in leaks(response, operation_id):
            self.found.append(f"{method} {target[:80]} {response.status_code}: {leak}")
        return response

    def beside(self, capsys, caplog):
        """Look into what was printed and logged, the metrics and the log of deeds."""
        printed = "".join(capsys.readouterr())
        assert "route=" in printed  # the log is there
        self.found += [f"log: {line}" for line in printed.splitlines() if CANARY in line]
        for record in caplog.records:
            if CANARY in logging.Formatter().format(record):
                self.found.append(f"log of {record.name}")
        if CANARY in self.client.get("/metrics").text:
            self.found.append("metrics")
        with self.app.state.desk.store.database.engine.connect() as connection:
            deeds = connection.execute(AUDIT_LOG.select()).mappings().all()
        for deed in deeds:
            if CANARY in str({**deed, "details": ""}):
                self.found.append(f"deed {deed['deed']}")
            if CANARY in deed["details"] and not deed["deed"].startswith("model."):
                self.found.append(f"details of {deed['deed']}")


@pytest.fixture
def watch(make_service, monkeypatch):
    monkeypatch.setattr(admin, "run_promotion", lambda *_given, **_more: "done")

    def watched(**changes):
        return Watch(make_service(**changes))

    return watched


def test_every_operation_of_the_document_and_every_place_in_it(watch, capsys, caplog):
    seen = watch()
    for method, path, operation in operations(seen.app):
        for request in requests_of(method, path, operation):
            seen.send(*request, operation["operationId"])
    assert {200, 202, 400, 401, 404, 405, 413, 415, 422} <= set(seen.statuses)
    assert max(seen.statuses) < 500
    assert len(seen.statuses) > 600
    seen.beside(capsys, caplog)
    assert seen.found == []


def test_every_bad_request_of_the_tables(watch, capsys, caplog):
    """The mark goes along: in the query, a header and, of JSON, the outermost object."""
    seen = watch()
    for bad in LET_IN:
        content = bad.content
        if content is not None and content.startswith(b"{"):
            content = b'{"%s": "%s", ' % (CANARY.encode(), CANARY.encode()) + content[1:]
        elif content is not None:
            content += CANARY.encode()
        headers = {n: v for n, v in bad.headers.items() if isinstance(v, str) and v.isascii()}
        target = f"{bad.path}{'&' if '?' in bad.path else '?'}{CANARY}={CANARY}"
        seen.send(bad.method, target, {**headers, f"X-{CANARY}": CANARY}, content, "")
    seen.beside(capsys, caplog)
    assert seen.found == []


def marked(method, path, operation):
    """Return one request of an operation with the mark wherever it is still let in."""
    headers = {"Idempotency-Key": CANARY, "Accept-Language": CANARY, f"X-{CANARY}": CANARY}
    example = example_of(operation)
    body = None
    if example is not None:
        headers["Content-Type"] = "application/json"
        text = json.dumps(example).replace("17850", CANARY)
        body = text.replace("crm.example/", f"crm.example/{CANARY}").encode()
    return method, filled(path, operation, CANARY), headers, body


def break_keys(_seen, _monkeypatch):
    """Let every request come with a key that is none."""
    return {"X-Api-Key": f"{PREFIX}{CANARY}"}


def lack_scope(seen, _monkeypatch):
    key = create_key(
        seen.app.state.desk.store.database,
        name="nothing",
        scopes=("score",),
        days=30,
        rate_limit="100000/second",
        at=NOW,
        actor="cli:ops",
    )
    return {"X-Api-Key": key.text}


def exceed_limit(seen, _monkeypatch):
    key = create_key(
        seen.app.state.desk.store.database,
        name="slow",
        scopes=("score",),
        days=30,
        rate_limit="1/day",
        at=NOW,
        actor="cli:ops",
    )
    return {"X-Api-Key": key.text}


def drop_tables(seen, _monkeypatch):
    """Take the tables away, so that the database repeats what was to be written."""
    gone = [table for name, table in METADATA.tables.items() if name not in KEPT_WITHOUT_STORE]
    seen.app.state.desk.store.database.write(lambda connection: METADATA.drop_all(connection, gone))
    return {}


def fail_within(_seen, monkeypatch):
    """Let whatever the endpoints call fail, with the mark in the message."""

    def fail(*_given, **_more):
        raise RuntimeError(CANARY)

    for name in ("read", "write"):
        monkeypatch.setattr(Database, name, fail)
    return {}


def fail_before(_seen, monkeypatch):
    """Let what comes before the endpoints fail."""

    async def fail(*_given):
        raise RuntimeError(CANARY)

    monkeypatch.setattr(Gate, "admit", fail)
    return {}


CIRCUMSTANCES = [
    pytest.param(break_keys, 401, 30, id="not known"),
    pytest.param(lack_scope, 403, 25, id="not allowed"),
    pytest.param(exceed_limit, 429, 30, id="too often"),
    pytest.param(drop_tables, 503, 15, id="the store fails"),
    pytest.param(fail_within, 500, 15, id="an endpoint fails"),
    pytest.param(fail_before, 500, 30, id="the gate fails"),
]


@pytest.mark.parametrize(("arrange", "status", "at_least"), CIRCUMSTANCES)
def test_whatever_goes_wrong(watch, monkeypatch, capsys, caplog, arrange, status, at_least):
    seen = watch(key_cache_seconds=0.0)
    asked = [(*marked(*each), each[2]["operationId"]) for each in operations(seen.app)]
    with monkeypatch.context() as patch:
        given = arrange(seen, patch)
        for method, target, headers, body, operation_id in asked:
            seen.send(method, target, {**headers, **given}, body, operation_id)
    assert seen.statuses.count(status) >= at_least
    seen.beside(capsys, caplog)
    assert seen.found == []


def files():
    head = ["customer_id", *FEATURES]
    good = [CANARY, "143", "840.5", "0", "0.25", "2", "", "0"]
    lines = [",".join([CANARY if place == at else cell for place, cell in enumerate(good)])
             for at in range(len(good))]  # fmt: skip
    typed = {"customer_id": [CANARY], **{name: [CANARY] for name in FEATURES}}
    broken = pa.table({**typed, CANARY: [CANARY]})
    yield "cells", "text/csv", "\n".join([",".join(head), *lines, f'"{CANARY}']).encode()
    yield "too many cells", "text/csv", "\n".join([",".join(head), f"{CANARY}," * 20]).encode()
    yield "a column", "text/csv", f"customer_id,{CANARY}\nc-1,{CANARY}\n".encode()
    yield "no head", "text/csv", f"{CANARY};{CANARY}\n".encode()
    rows = [{"customer_id": CANARY, CANARY: 1}, {"customer_id": CANARY, "features": {CANARY: 1}}]
    rows += [CANARY, [CANARY], {"customer_id": "c-1", "as_of": CANARY, "value": CANARY}]
    text = "\n".join(["{}", *map(json.dumps, rows), f"{{{CANARY}", f'{{"{CANARY}": NaN}}'])
    yield "lines", "application/x-ndjson", text.encode()
    for name, table in (("typed cells", pa.table(typed)), ("a typed column", broken)):
        sink = io.BytesIO()
        pyarrow.parquet.write_table(table, sink)
        yield name, "application/vnd.apache.parquet", sink.getvalue()
    yield "noise", "application/vnd.apache.parquet", b"PAR1" + CANARY.encode() * 100 + b"PAR1"


FILES = [pytest.param(kind, content, id=name) for name, kind, content in files()]


@pytest.mark.parametrize(("kind", "content"), FILES)
def test_every_column_and_cell_of_a_file(make_service, make_teller, capsys, caplog, kind, content):
    teller = make_teller(make_service())
    seen = Watch(teller.app)
    made = seen.send("POST", "/v1/jobs", {"Content-Type": kind}, content, "create_job")
    assert made.status_code == 202
    teller.work()
    address = made.headers["Location"]
    job = seen.send("GET", address, {}, None, "read_job").json()
    if job["state"] == "done":
        assert job["rows_failed"] > 0
        results = seen.client.get(f"{address}/results").text.splitlines()
        held = set().union(*[fields_with(json.loads(line)) for line in results])
        flat = seen.client.get(f"{address}/results?format=csv").content
        table = pyarrow.csv.read_csv(io.BytesIO(flat)).to_pylist()
        held |= set().union(*[fields_with(row) for row in table])
        assert held <= {"customer_id"}
    else:
        assert job["problem"]["type"].endswith("file-unreadable")
    seen.beside(capsys, caplog)
    assert seen.found == []
