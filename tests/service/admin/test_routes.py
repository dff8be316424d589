"""Promotion over HTTP runs the verbs, says what they say, and leaves a trace."""

from __future__ import annotations

import json
import sys

import pytest

from service.admin import promotion, verb

WHY = {"why": "it is better"}
SAYS = "import sys; print(' '.join(sys.argv[1:]))"


def fails(code: int, text: str) -> str:
    return f"import sys; sys.stderr.write('a warning\\nerror: {text}'); sys.exit({code})"


@pytest.fixture
def command(monkeypatch):
    """Let a line of Python stand for the command line."""

    def use(program: str) -> None:
        def run(arguments, *, deadline_seconds):
            return verb.run_verb(
                arguments,
                deadline_seconds=deadline_seconds,
                command=(sys.executable, "-c", program),
            )

        monkeypatch.setattr(promotion, "run_verb", run)

    return use


def deeds(client):
    return client.get("/v1/admin/audit").json()["deeds"]


def test_a_promotion_hands_its_options_and_its_caller_on(client, command, project_file):
    command(SAYS)
    asked = {**WHY, "version": "7", "accept": ["definition", "older"]}
    answer = client.post("/v1/admin/model/promote", json=asked)
    assert answer.status_code == 200
    assert answer.json()["text"] == (
        "promote --why=it is better --version=7 --accept=definition --accept=older "
        f"--config {project_file} --who demo"
    )
    assert answer.json()["model_version"] == client.get("/v1/model").json()["model_version"]


def test_a_rollback_is_one(client, command):
    command(SAYS)
    answer = client.post("/v1/admin/model/rollback", json=WHY)
    assert answer.json()["text"].startswith("rollback --why=it is better --config")


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        (5, 409, "promotion-refused"),
        (4, 409, "promotion-refused"),
        (2, 422, "invalid-request"),
        (1, 503, "registry-unavailable"),
    ],
)
def test_what_the_verb_refuses_is_refused_and_noted(client, command, code, status, kind):
    command(fails(code, "too_good: it knows the future"))
    answer = client.post("/v1/admin/model/promote", json=WHY)
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:ebbtide:problem:{kind}")
    if status != 503:
        assert answer.json()["detail"] == "too_good: it knows the future"
    newest = next(each for each in deeds(client) if each["deed"] != "audit.read")
    assert newest["deed"] == "model.promoted.refused"
    assert json.loads(newest["details"])["refused"] == kind


def test_what_the_verb_repeats_is_not_repeated(client, command):
    command(
        "import sys; sys.stderr.write('error: Expected a code, got ' + "
        "repr(sys.argv[3].partition('=')[2])); sys.exit(2)"
    )
    answer = client.post("/v1/admin/model/promote", json={**WHY, "accept": ["canary"]})
    assert answer.json()["detail"] == "Expected a code, got another"


def test_one_that_takes_too_long_is_ended(client, command, app, monkeypatch):
    command("import time; time.sleep(60)")
    settings = app.state.desk.settings.model_copy(update={"promotion_deadline_seconds": 0.2})
    object.__setattr__(app.state.desk, "settings", settings)
    answer = client.post("/v1/admin/model/promote", json=WHY)
    assert answer.json()["type"] == "urn:ebbtide:problem:registry-unavailable"


def test_a_second_one_is_sent_away_while_one_is_under_way(client, command):
    command(SAYS)
    with promotion._ONE_AT_A_TIME:
        answer = client.post("/v1/admin/model/promote", json=WHY)
    assert answer.json()["type"] == "urn:ebbtide:problem:promotion-under-way"


def test_a_repeat_under_the_same_key_promotes_once(client, command):
    command(SAYS)
    headers = {"Idempotency-Key": "k"}
    first = client.post("/v1/admin/model/promote", json=WHY, headers=headers)
    command(fails(5, "it is champion already"))
    again = client.post("/v1/admin/model/promote", json=WHY, headers=headers)
    assert (again.status_code, again.json()) == (200, first.json())


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ([], ""),
        ({}, "/why"),
        ({"why": ""}, "/why"),
        ({"why": "x" * 301}, "/why"),
        ({"why": "line\nbreak"}, "/why"),
        ({**WHY, "canary": 1}, ""),
        ({**WHY, "version": 7}, "/version"),
        ({**WHY, "accept": "definition"}, "/accept"),
        ({**WHY, "accept": ["a"] * 41}, "/accept"),
        ({**WHY, "accept": [7]}, "/accept/0"),
    ],
)
def test_a_wrong_request_starts_nothing(client, command, body, pointer):
    command("raise SystemExit(9)")
    answer = client.post("/v1/admin/model/promote", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_an_option_cannot_be_smuggled_in(client, command):
    command("import json, sys; print(json.dumps(sys.argv[1:]))")
    asked = {"why": "--accept=definition --config=/etc/x", "version": "7"}
    said = json.loads(client.post("/v1/admin/model/promote", json=asked).json()["text"])
    assert said[:3] == ["promote", "--why=--accept=definition --config=/etc/x", "--version=7"]


def test_deeds_are_listed_page_by_page(client, command):
    command(SAYS)
    for _ in range(3):
        client.post("/v1/admin/model/rollback", json=WHY)
    first = client.get("/v1/admin/audit", params={"limit": 2}).json()
    second = client.get(
        "/v1/admin/audit", params={"limit": 2, "cursor": first["next_cursor"]}
    ).json()
    numbers = [each["sequence"] for each in first["deeds"] + second["deeds"]]
    assert numbers == [4, 3, 2, 1]


def test_a_reload_says_what_is_served(client):
    answer = client.post("/v1/admin/model/reload")
    assert answer.status_code == 200
    assert answer.json()["model_version"] == client.get("/v1/model").json()["model_version"]
