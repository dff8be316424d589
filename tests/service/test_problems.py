"""A problem says when to try again, unless that is what must not be done."""

from __future__ import annotations

import pytest

from service.problems import KINDS, Problem

PASSING = [
    kind for kind, (status, _) in KINDS.items() if status == 503 and kind != "store-outcome-unknown"
]


@pytest.mark.parametrize("kind", PASSING)
def test_what_passes_by_itself_says_when_to_try_again(kind):
    problem = Problem(kind=kind, detail="...")
    assert problem.response().headers["retry-after"] == "2"
    assert problem.to_json()["retry_after_seconds"] == 2


@pytest.mark.parametrize("kind", ["store-outcome-unknown", "invalid-request", "internal"])
def test_what_is_not_to_be_sent_again_as_it_is_says_no_time_for_it(kind):
    problem = Problem(kind=kind, detail="...")
    assert "retry-after" not in problem.response().headers
    assert "retry_after_seconds" not in problem.to_json()


def test_a_time_that_is_given_goes_before_the_usual_one():
    problem = Problem(kind="busy", detail="...", retry_after_seconds=5)
    assert problem.response().headers["retry-after"] == "5"
