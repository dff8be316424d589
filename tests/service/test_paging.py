"""A cursor goes there and back; any other text is refused."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest

from service.paging import cursor_text, read_cursor
from service.problems import ProblemError

NOW = datetime(2026, 3, 2, 12, 0, 0, 5, tzinfo=UTC)


def written(content) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode()


def test_a_cursor_goes_there_and_back():
    place = (NOW, "客户/1", 7)
    assert read_cursor(cursor_text("jobs", place), "jobs", kinds=(datetime, str, int)) == place


def test_without_a_cursor_the_list_begins_anew():
    assert read_cursor(None, "jobs", kinds=(str,)) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "!",
        "é",
        "x" * 500,
        cursor_text("scores", ("a",)),
        cursor_text("jobs", (1,)),
        cursor_text("jobs", ("a", "b")),
        written(["jobs"]),
        written({"jobs": 1}),
        written(7),
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
        base64.urlsafe_b64encode(b"[" * 200).decode(),
    ],
)
def test_a_text_that_is_no_cursor_of_this_list_is_refused(text):
    with pytest.raises(ProblemError) as refused:
        read_cursor(text, "jobs", kinds=(str,))
    assert refused.value.problem.status == 422
    assert not text or text not in str(refused.value.problem.to_json())


@pytest.mark.parametrize("value", ["half a character: \ud800", "none: \0"])
def test_a_text_is_one_that_databases_hold(value):
    with pytest.raises(ProblemError):
        read_cursor(written(["jobs", value]), "jobs", kinds=(str,))


@pytest.mark.parametrize(
    "value",
    [
        "2026-03-02T12:00:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:00:00-14:00",
        "soon",
        7,
        None,
        True,
    ],
)
def test_an_instant_is_one_with_an_offset(value):
    with pytest.raises(ProblemError):
        read_cursor(written(["jobs", value]), "jobs", kinds=(datetime,))


@pytest.mark.parametrize("value", [True, 2**63, 1.5, "1"])
def test_a_number_is_a_whole_one_that_databases_hold(value):
    with pytest.raises(ProblemError):
        read_cursor(written(["jobs", value]), "jobs", kinds=(int,))
