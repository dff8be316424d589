"""A registry that refuses, hangs or lies: what is served is served on, and no request waits."""

from __future__ import annotations

import signal
import time

import httpx
import pytest

from durable_service import served
from faulty_service import following
from steady_load import ROWS, said

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("lies-of-the-registry")]
LIES = {
    "refuses": "ConnectionRefusedError",
    "is HTML": "JSONDecodeError",
    "floods": "ended|JSONDecodeError",
    "crashes": "ended|BrokenPipe",
    "is elsewhere": "named a bundle elsewhere",
    "is a link": "named a bundle elsewhere",
    "hangs": "no answer in 1 seconds",
    "hangs half way": "no answer in 1 seconds",
    "sends without end": "more than it announced|no answer",
    "announces a huge file": "linear.json|larger|Altered|more than",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    made = following(
        tmp_path_factory.mktemp("lies") / "shop",
        REGISTRY_DEADLINE_SECONDS="1",
        MAX_BUNDLE_BYTES="1000000",
    )
    with served(made):
        made.wait_until(lambda told: told["state"] == "ready")
        yield made


def leaves_nothing(project):
    """Whether no folder stays that was fetched into; while the registry is asked there is one."""
    folder, seen = project.folder / ".ebbtide" / "service", None
    for _ in range(100):
        staged = set(folder.glob("staging-*"))
        seen = staged if seen is None else seen & staged
        if not seen:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("how", LIES)
def test_what_is_served_is_served_on_and_readyz_says_why(project, expected, how):
    project.registry_says("9@9", project.bundle(1), how=how)
    told = project.wait_until(lambda told: told["state"] == "degraded")
    assert told["model_version"] == project.versions[0]
    with httpx.Client() as client:
        began = time.monotonic()
        for row in ROWS:
            answer = client.post(f"{project.address}/v1/score", json=row).json()
            assert said(answer) == expected[project.versions[0], row["customer_id"]]
        assert time.monotonic() - began < 10
    project.registry_says("1@1", project.bundle(0))
    project.wait_until(lambda told: told["state"] == "ready")
    assert leaves_nothing(project)


def test_a_wrong_number_changes_nothing_of_what_an_answer_names(project):
    project.registry_says("77@1", project.bundle(1))
    project.wait_until(lambda told: told["model_version"] == project.versions[1])
    answer = project.post("/v1/score", ROWS[0]).json()
    assert answer["model_version"] == project.versions[1]


def test_with_a_dead_registry_it_starts_from_what_was_verified_last(project):
    last = project.readiness()["model_version"]
    project.registry_says("1@1", how="refuses")
    project.end(signal.SIGTERM)
    project.start()
    told = project.wait_until(lambda told: told["state"] != "ready")
    assert (told["state"], told["source"], told["model_version"]) == (
        "degraded",
        "last_verified",
        last,
    )
    assert project.post("/v1/score", ROWS[0]).status_code == 200


def test_with_a_dead_registry_and_nothing_verified_it_says_so(tmp_path):
    project = following(tmp_path / "shop")
    project.registry_says("1@1", how="refuses")
    with served(project):
        told = project.wait_until(lambda told: "does not answer" in "".join(told["reasons"]))
        assert told["state"] == "not_ready"
        assert httpx.get(f"{project.address}/readyz").status_code == 503
        refused = project.post("/v1/score", ROWS[0])
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
        assert refused.json()["type"] == "urn:ebbtide:problem:not-ready"
        assert httpx.get(f"{project.address}/livez").status_code == 200
