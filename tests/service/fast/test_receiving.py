"""Bodies are received as on the ordinary way, whether they are there already or not."""

from __future__ import annotations

import asyncio

import pytest

from service.fast.receiving import received
from service.problems import ProblemError
from service.under_way import UnderWay

SCOPE = {"type": "http", "path": "/v1/score", "headers": [(b"content-length", b"4")]}


def receiving(*pieces, waits=False, ends=True):
    messages = [
        {"type": "http.request", "body": piece, "more_body": not ends or number < len(pieces)}
        for number, piece in enumerate(pieces, start=1)
    ]

    async def receive():
        if waits:
            await asyncio.sleep(0.001)
        if not messages:
            await asyncio.sleep(10)
        return messages.pop(0)

    return receive


def run(receive, *, max_bytes=10, deadline_seconds=5.0, under_way=None):
    under_way = under_way or UnderWay(max_requests=1)

    async def asked():
        return await received(
            SCOPE,
            receive,
            under_way=under_way,
            max_bytes=max_bytes,
            deadline_seconds=deadline_seconds,
        )

    return asyncio.run(asked())


def kind_of(receive, **limits):
    with pytest.raises(ProblemError) as refused:
        run(receive, **limits)
    return refused.value.problem.kind


@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize("pieces", [(b"abcd",), (b"ab", b"cd"), (b"", b"abcd", b"")])
def test_a_body_is_received_whole(pieces, waits):
    under_way = UnderWay(max_requests=1)
    assert run(receiving(*pieces, waits=waits), under_way=under_way) == b"abcd"
    assert (under_way.count, under_way.received_bytes) == (0, 0)


@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize("pieces", [(b"x" * 11,), (b"x" * 6, b"x" * 5)])
def test_a_large_one_is_refused(pieces, waits):
    assert kind_of(receiving(*pieces, waits=waits)) == "body-too-large"


@pytest.mark.parametrize("pieces", [(), (b"ab",)])
def test_a_slow_one_is_refused(pieces):
    under_way = UnderWay(max_requests=1)
    slow = receiving(*pieces, ends=False)
    assert kind_of(slow, deadline_seconds=0.02, under_way=under_way) == "body-too-slow"
    assert (under_way.count, under_way.received_bytes) == (0, 0)


@pytest.mark.parametrize("pieces", [(), (b"ab",)])
def test_one_that_breaks_off_is_refused(pieces):
    messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]

    async def receive():
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    assert kind_of(receive) == "malformed-json"


def test_what_waits_of_bodies_is_bounded():
    under_way = UnderWay(max_requests=1, max_received_bytes=3)
    assert kind_of(receiving(b"abcd", b""), under_way=under_way) == "busy"


def test_giving_up_ends_the_receiving():
    ended = []

    async def receive():
        try:
            await asyncio.sleep(10)
        finally:
            ended.append(True)

    async def asked():
        task = asyncio.create_task(
            received(
                SCOPE,
                receive,
                under_way=UnderWay(max_requests=1),
                max_bytes=10,
                deadline_seconds=5.0,
            )
        )
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(asked())
    assert ended == [True]
