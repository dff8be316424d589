"""Raw bytes into the socket of a real process: answered or ended in time, never a fault."""

from __future__ import annotations

import asyncio

import pytest

from durable_service import project_in
from durable_service import served as serving
from fuzz.sockets import CASES, HONEST, MOST_SECONDS, SETTINGS, Case, heard, storm, wrong_of


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    project = project_in(tmp_path_factory.mktemp("raw"), **SETTINGS)
    with serving(project) as project:
        host, port = project.address.removeprefix("http://").split(":")
        yield host, int(port)
        assert project.process.poll() is None


@pytest.mark.e2e
def test_each_malformed_request_is_refused_or_ended(address):
    async def all_of_them():
        return await asyncio.gather(*(heard(address, case) for case in CASES.values()))

    found = asyncio.run(all_of_them())
    told = [
        wrong_of(name, case, *what) for (name, case), what in zip(CASES.items(), found, strict=True)
    ]
    assert [each for each in told if each] == []
    honest = Case(pieces=(HONEST,), statuses=frozenset({200}))
    assert wrong_of("honest", honest, *asyncio.run(heard(address, honest))) is None


@pytest.mark.e2e
def test_a_storm_of_spoiled_requests_harms_nobody(address):
    tally = asyncio.run(storm(address, seconds=5, seed=7))
    assert tally.wrong == []
    assert tally.sent > 100
    assert {0, 200, 400} <= tally.answers.keys()  # some are ended, some good, some refused


@pytest.mark.parametrize(
    ("statuses", "seconds", "told"),
    [
        ([500], 0.1, "500 instead of"),
        ([200, 500], 0.1, "500"),
        ([200, 404], 0.1, "2 answers"),
        ([], MOST_SECONDS + 1, "neither answered nor ended"),
    ],
    ids=["a-fault", "a-fault-later", "a-request-within", "a-hang"],
)
def test_what_is_wrong_would_be_seen(statuses, seconds, told):
    case = Case(pieces=(), statuses=frozenset({200, None}), answers=1)
    if statuses == [200, 500]:
        case = Case(pieces=(), statuses=frozenset({200, None}))
    assert told in wrong_of("it", case, statuses, seconds)
