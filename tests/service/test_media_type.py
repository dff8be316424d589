"""A problem has its own media type, save for those who accept plain JSON alone."""

from __future__ import annotations

import pytest

from service.media_type import is_plain_json_wanted, quality_of

PROBLEM, PLAIN = "application/problem+json", "application/json"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, PROBLEM),
        ("*/*", PROBLEM),
        ("application/json", PLAIN),
        ("Application/JSON; charset=utf-8", PLAIN),
        ("application/json, text/plain;q=0.5", PLAIN),
        ("application/json, */*;q=0.1", PROBLEM),
        ("application/json, application/*", PROBLEM),
        ("application/json, application/problem+json;q=0.1", PROBLEM),
        ("application/json, application/problem+json;q=0, */*", PLAIN),
        ("application/json;q=0", PROBLEM),
        ("text/html", PROBLEM),
        ("application/json;q=nonsense", PROBLEM),
        (",;q=,", PROBLEM),
    ],
)
@pytest.mark.parametrize("path", ["/nowhere", "/v1/score"])
def test_a_problem_is_sent_as_it_is_accepted(client, path, accept, expected):
    headers = {"Content-Type": PLAIN, "Accept": accept if accept is not None else "*/*"}
    response = client.post(path, content="{", headers=headers)
    assert response.status_code in (400, 404)
    assert response.headers["content-type"] == expected
    assert response.headers["vary"] == "Accept"
    assert response.json()["type"].startswith("urn:ebbtide:problem:")
    assert is_plain_json_wanted(accept) is (expected == PLAIN)


def test_what_is_no_problem_stays_as_it_is(client):
    response = client.get("/v1/model/card", headers={"Accept": PLAIN})
    assert response.headers["content-type"] == "text/markdown; charset=utf-8"


def test_the_most_specific_range_counts():
    assert quality_of("text/csv", accept="*/*, text/*;q=0.5, text/csv;q=0.25") == 0.25
    assert quality_of("text/csv", accept="text/html") == 0.0
