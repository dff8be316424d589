"""Requests count while they are under way, and not before their body has come."""

from __future__ import annotations

import asyncio

import pytest

from service import under_way as bounds
from service.long_answer import LongAnswer
from service.problems import ProblemError
from service.under_way import UnderWay

BODY = [(b"content-length", b"4")]


def scope(path="/v1/score", headers=()):
    return {"type": "http", "path": path, "headers": list(headers)}


def receiving(*pieces):
    """Give the pieces of a body, the last one as its end."""
    messages = [
        {"type": "http.request", "body": piece, "more_body": number < len(pieces)}
        for number, piece in enumerate(pieces, start=1)
    ]

    async def receive():
        return messages.pop(0)

    return receive


def run(coroutine):
    return asyncio.run(coroutine)


@pytest.mark.parametrize("headers", [[], [(b"content-length", b"0")]])
def test_a_request_without_body_counts_at_once_and_until_its_end(headers):
    under_way = UnderWay(max_requests=1)
    with under_way.visit(scope(headers=headers), receiving(b"")):
        assert (under_way.count, under_way.is_full) == (1, True)
    assert under_way.count == 0


@pytest.mark.parametrize("headers", [BODY, [(b"transfer-encoding", b"chunked")]])
def test_a_body_that_is_still_coming_takes_no_turn(headers):
    under_way = UnderWay(max_requests=1)
    with under_way.visit(scope(headers=headers), receiving(b"ab", b"cd")) as receive:
        run(receive())
        assert (under_way.count, under_way.received_bytes) == (0, 2)
        run(receive())
        assert (under_way.count, under_way.received_bytes) == (1, 0)
    assert under_way.count == 0


def test_who_comes_last_with_a_whole_body_is_sent_away():
    under_way = UnderWay(max_requests=1)
    with (
        under_way.visit(scope(headers=BODY), receiving(b"abcd")) as first,
        under_way.visit(scope(headers=BODY), receiving(b"abcd")) as second,
    ):
        run(first())
        with pytest.raises(ProblemError, match="busy"):
            run(second())
        assert under_way.count == 1
    assert under_way.count == 0


def test_bytes_of_unfinished_bodies_are_bounded_and_forgotten():
    under_way = UnderWay(max_requests=9, max_received_bytes=5)
    with under_way.visit(scope(headers=BODY), receiving(b"abc", b"d")) as first:
        run(first())
        with (
            under_way.visit(scope(headers=BODY), receiving(b"abc", b"d")) as second,
            pytest.raises(ProblemError, match="busy"),
        ):
            run(second())
        assert under_way.received_bytes == 3
    assert (under_way.count, under_way.received_bytes) == (0, 0)


def test_a_file_counts_at_once_and_not_by_its_bytes():
    under_way = UnderWay(max_requests=9, max_received_bytes=1)
    with under_way.visit(scope("/v1/jobs", BODY), receiving(b"abc", b"d")) as receive:
        assert under_way.count == 1
        assert run(receive())["body"] == b"abc"
        assert under_way.received_bytes == 0


def test_who_hangs_up_before_the_end_is_forgotten():
    under_way = UnderWay(max_requests=1)

    async def gone():
        return {"type": "http.disconnect"}

    with under_way.visit(scope(headers=BODY), gone) as receive:
        assert run(receive()) == {"type": "http.disconnect"}
    assert (under_way.count, under_way.received_bytes) == (0, 0)


async def sent_slowly(under_way, *, pieces):
    """Send an answer in pieces; return how many were under way before each was taken."""
    counts = []
    asked = scope("/v1/jobs/j/results")

    async def taking(message):
        if message["type"] == "http.response.body":
            counts.append((under_way.count, under_way.long_answers))

    with under_way.visit(asked, None):
        await LongAnswer(iter([b"piece"] * pieces))(
            {**asked, "asgi": {"spec_version": "2.4"}}, None, taking
        )
    return counts


def test_an_answer_on_its_way_takes_no_turn_from_others():
    under_way = UnderWay(max_requests=1)
    assert run(sent_slowly(under_way, pieces=3)) == [(1, 0), *[(0, 1)] * 3]
    assert (under_way.count, under_way.long_answers) == (0, 0)


def test_beyond_a_limit_an_answer_on_its_way_keeps_its_turn(monkeypatch):
    monkeypatch.setattr(bounds, "MAX_LONG_ANSWERS", 0)
    under_way = UnderWay(max_requests=1)
    assert run(sent_slowly(under_way, pieces=2)) == [(1, 0)] * 3
    assert (under_way.count, under_way.long_answers) == (0, 0)
