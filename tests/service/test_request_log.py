"""A line for each request, with the same content however it is written."""

from __future__ import annotations

import asyncio
import io
import json
from datetime import UTC, datetime

import structlog

from service.request_log import RequestLines, log_each

NOW = datetime(2026, 3, 1, 9, 30, 0, 120, tzinfo=UTC)
GIVEN = ("POST", "/v1/customers/{customer_id:path}/score", 200, 1.5)


def test_a_line_says_what_the_ordinary_log_says():
    fast, ordinary = io.StringIO(), io.StringIO()
    lines = RequestLines(fast)
    lines(*GIVEN)
    lines.flush()
    before = structlog.get_config()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(ordinary),
    )
    try:
        log_each(*GIVEN)
    finally:
        structlog.configure(**before)
    (here,), (there,) = (
        [json.loads(line) for line in each.getvalue().splitlines()] for each in (fast, ordinary)
    )
    assert list(here) == list(there)
    assert len(here.pop("timestamp")) == len(there.pop("timestamp"))
    assert here == there


def test_lines_are_written_soon_without_being_asked():
    stream = io.StringIO()

    async def note():
        lines = RequestLines(stream, now=lambda: NOW)
        lines(*GIVEN)
        lines(*GIVEN)
        assert stream.getvalue() == ""
        await asyncio.sleep(0.1)

    asyncio.run(note())
    assert [json.loads(line)["timestamp"] for line in stream.getvalue().splitlines()] == [
        "2026-03-01T09:30:00.000120Z"
    ] * 2


def test_many_lines_wait_for_nothing():
    stream = io.StringIO()
    lines = RequestLines(stream, now=lambda: NOW)
    for _ in range(450):
        lines(*GIVEN)
    assert len(stream.getvalue().splitlines()) == 400
    lines.flush()
    assert len(stream.getvalue().splitlines()) == 450


def test_a_whole_second_has_its_fraction():
    stream = io.StringIO()
    lines = RequestLines(stream, now=lambda: NOW.replace(microsecond=0))
    lines(*GIVEN)
    lines.flush()
    assert json.loads(stream.getvalue())["timestamp"] == "2026-03-01T09:30:00.000000Z"


class Broken(io.StringIO):
    """Takes nothing as long as it is full."""

    is_full = True

    def write(self, text):
        if self.is_full:
            raise OSError("no space left")
        return super().write(text)


def test_a_log_that_takes_nothing_harms_no_request():
    stream = Broken()
    lines = RequestLines(stream, now=lambda: NOW)
    for _ in range(201):
        lines(*GIVEN)
    lines.flush()
    stream.is_full = False
    lines(*GIVEN)
    lines.flush()
    assert len(stream.getvalue().splitlines()) == 1
