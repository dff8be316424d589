"""Bodies that come slowly or never."""

from __future__ import annotations

import asyncio
import json

from service.app import create_app

HEADERS = [(b"content-type", b"application/json"), (b"host", b"localhost")]


async def post(app, messages):
    """Send a body message by message over bare ASGI; return status and problem."""
    sent = []
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/score",
        "raw_path": b"/v1/score",
        "query_string": b"",
        "headers": HEADERS,
        "client": ("127.0.0.1", 50_000),
        "app": app,
    }

    async def receive():
        return messages.pop(0) if messages else await asyncio.sleep(60)

    async def send(message):
        sent.append(message)

    await asyncio.wait_for(app(scope, receive, send), 20)
    return sent[0]["status"], json.loads(b"".join(m.get("body", b"") for m in sent))


def test_a_body_that_does_not_end_is_given_up(settings, bundle, store):
    hurried = settings.model_copy(update={"body_deadline_seconds": 0.1})
    app = create_app(hurried, model=bundle, store=store)
    begun = [{"type": "http.request", "body": b'{"customer_id"', "more_body": True}]
    status, problem = asyncio.run(post(app, begun))
    assert (status, problem["type"]) == (408, "urn:ebbtide:problem:body-too-slow")


def test_a_client_that_hangs_up_is_no_error_of_ours(app):
    status, problem = asyncio.run(post(app, [{"type": "http.disconnect"}]))
    assert (status, problem["type"]) == (400, "urn:ebbtide:problem:malformed-json")
