"""What is long or slow is done in threads, and what fails there is told."""

from __future__ import annotations

import json
import threading
from functools import partial

import anyio
import httpx
import pytest
from structlog.testing import capture_logs

from service.app import create_app
from service.fast import many
from service.fast.reading import RowReader
from service.fast.way import LONGEST_ROW_BYTES
from small_model import NOW, ROW

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def read(monkeypatch):
    """Note the length of each row that is read, and where."""
    found, real = [], RowReader.read

    def noting(reader, body, *, now):
        found.append((len(body), threading.current_thread().name))
        return real(reader, body, now=now)

    monkeypatch.setattr(RowReader, "read", noting)
    return found


def of_length(count):
    """Return a good row that takes that many bytes, one of them a backslash."""
    text = json.dumps({**ROW, "customer_id": "\u00e9"})
    return (text[:-1] + " " * (count - len(text)) + "}").encode()


def test_only_short_rows_are_read_on_the_loop(make_both, read):
    services = make_both(max_body_bytes=4 * LONGEST_ROW_BYTES)
    for count in (LONGEST_ROW_BYTES, LONGEST_ROW_BYTES + 1, 2 * LONGEST_ROW_BYTES):
        answer = services.send("POST", "/v1/score", content=of_length(count), headers=JSON)
        assert answer.status_code == 200
    assert [length for length, _ in read] == [LONGEST_ROW_BYTES]


def test_lists_are_read_in_threads_of_their_own(make_both, read):
    services = make_both(max_body_bytes=4 * LONGEST_ROW_BYTES)
    rows = b'{"rows": [%b, %b]}' % (of_length(1_000), of_length(2 * LONGEST_ROW_BYTES))
    assert services.send("POST", "/v1/scores", content=rows, headers=JSON).status_code == 200
    assert [length for length, _ in read] == [1_000, 2 * LONGEST_ROW_BYTES]
    assert all(thread.startswith("lists") for _, thread in read)


def test_a_list_that_fails_is_logged_without_what_was_sent(make_both, monkeypatch):
    def failing(*_given, **_more):
        raise ZeroDivisionError("c-1")

    services = make_both()
    monkeypatch.setattr(many, "answer_usual", failing)
    with capture_logs() as logs:
        answer = services.send("POST", "/v1/scores", json={"rows": [ROW]})
    assert answer.status_code == 200
    (failed,) = [each for each in logs if each["event"] == "list_failed"]
    assert failed["error"] == "ZeroDivisionError"
    assert "test_way.py:" in failed["at"]
    assert "c-1" not in str(logs)


def test_who_waits_for_the_keys_to_be_read_is_under_way(settings, bundle, store, monkeypatch):
    app = create_app(
        settings.model_copy(update={"max_requests": 1}), model=bundle, store=store, now=lambda: NOW
    )
    gate, asked = app.state.desk.gate, []

    async def ask():
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            waits, goes_on = anyio.Event(), anyio.Event()

            async def slowly(request, admit=gate.admit):
                asked.append(request.url.path)
                waits.set()
                await goes_on.wait()
                return await admit(request)

            monkeypatch.setattr(gate, "admit", slowly)
            async with anyio.create_task_group() as group:
                group.start_soon(partial(client.post, "/v1/score", json=ROW))
                await waits.wait()
                refused = await client.post("/v1/score", json=ROW)
                goes_on.set()
            return refused, await client.post("/v1/score", json=ROW)

    refused, after = anyio.run(ask)
    assert (refused.status_code, refused.json()["type"]) == (503, "urn:ebbtide:problem:busy")
    assert (len(asked), after.status_code) == (2, 200)
