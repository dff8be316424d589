"""The effect over HTTP: from answers and outcomes to a claim, and none without reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient

from ebbtide.effects.estimate import NOT_ENOUGH
from ebbtide.effects.sound import EFFECT_WARNINGS
from ebbtide.policy.policy import Holdout
from service.app import create_app
from service.campaigns.shapes import EffectShape
from service.outcomes.row import OUTCOME_NAMES
from service.outcomes.shapes import RecordedShape

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DUE = "2026-05-31T12:00:00Z"
LATER = NOW + timedelta(days=100)
FEATURES = {
    "recency_days": 10,
    "spend_365d": 840.5,
    "purchase_days_90d": 3,
    "discount_share_365d": 0.0,
    "complaints_90d": 0,
    "complaint_open_days": None,
    "payments_overdue": 50,
}
ACTION = "billing_contact"
PATH = f"/v1/campaigns/{ACTION}/effect"


class Clock:
    """A present that tests move."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def client(settings, bundle, store, clock):
    app = create_app(settings, model=bundle, store=store, now=clock)
    desk = app.state.desk
    holdout = Holdout(share=0.5, salt="a salt of tests")
    app.state.desk = replace(desk, policy=replace(desk.policy, holdout=holdout))
    with TestClient(app) as made:
        yield made


def ask(client, count):
    """Have customers answered about, and return who is in which arm."""
    answers = []
    for start in range(0, count, 200):
        rows = [
            {"customer_id": f"c-{number}", "features": FEATURES, "value": 300}
            for number in range(start, min(start + 200, count))
        ]
        answered = client.post("/v1/scores", json={"rows": rows})
        assert answered.status_code == 200
        answers += answered.json()["results"]
    return {
        name: [each["customer_id"] for each in answers if each["arm"] == name]
        for name in ("treated", "holdout")
    }


def report(client, customers, *, left):
    rows = [
        {"customer_id": each, "churned": place < left, "observed_at": DUE}
        for place, each in enumerate(customers)
    ]
    for start in range(0, len(rows), 500):
        answered = client.post("/v1/outcomes", json={"outcomes": rows[start : start + 500]})
        assert all(each["outcomes"] == 1 for each in answered.json()["results"])


def told(client, **headers):
    answer = client.get(PATH, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_from_answers_and_outcomes_to_an_effect(client, clock):
    arms = ask(client, 1600)
    clock.now = LATER
    treated, holdout = len(arms["treated"]), len(arms["holdout"])
    assert told(client)["not_enough"][0]["code"] == "no_outcomes"
    report(client, arms["treated"], left=round(0.2 * treated))
    report(client, arms["holdout"], left=round(0.5 * holdout))
    found = told(client)
    assert found["verdict"] == "helps"
    assert (found["treated"], found["holdout"]) == (treated, holdout)
    assert (found["assigned"], found["matured"]) == (1600, 1600)
    assert found["effect"] == pytest.approx(0.3, abs=0.002)
    assert found["effect_low"] < 0.3 < found["effect_high"]
    assert found["saved_customers"] == pytest.approx(found["effect"] * treated, abs=0.1)
    assert found["saved_value"] == pytest.approx(found["effect"] * treated * 300, abs=0.5)
    assert found["cost"] == pytest.approx(treated * 1.0)
    assert found["net_value"] == pytest.approx(found["saved_value"] - found["cost"], abs=0.01)
    assert (found["not_enough"], found["warnings"], found["more_needed"]) == ([], [], 0)
    assert found["currency"] == "EUR"
    assert found["p_churn_treated"] == pytest.approx(found["p_churn_holdout"])


def test_nothing_is_claimed_before_the_windows_are_over(client):
    ask(client, 20)
    found = told(client)
    assert (found["verdict"], found["assigned"], found["matured"]) == ("not_enough", 20, 0)
    assert [each["code"] for each in found["not_enough"]] == ["nothing_matured"]
    assert (found["effect"], found["saved_value"], found["needed"]) == (None, None, None)


def test_an_action_that_nobody_got_says_so(client):
    assert told(client)["not_enough"][0]["code"] == "nothing_assigned"


def test_an_action_that_never_was_is_unknown(client):
    answer = client.get("/v1/campaigns/s3cret-c4nary/effect")
    assert answer.status_code == 404
    assert answer.json()["type"].endswith("unknown-action")
    assert "s3cret" not in answer.text


def test_an_action_that_left_the_policy_is_still_told(client):
    ask(client, 4)
    desk = client.app.state.desk
    others = tuple(each for each in desk.policy.actions if each.code != ACTION)
    client.app.state.desk = replace(desk, policy=replace(desk.policy, actions=others))
    assert told(client)["assigned"] == 4


def test_words_follow_the_language(client):
    found = told(client, **{"Accept-Language": "zh"})
    assert found["verdict_text"] == "信息不足，尚无法判断"
    assert found["not_enough"][0]["text"] == NOT_ENOUGH["nothing_assigned"].zh


@pytest.mark.parametrize(
    "name",
    [*EffectShape.model_fields, *OUTCOME_NAMES, *RecordedShape.model_fields],
)
def test_each_field_is_documented(name, effects_page):
    assert f"`{name}`" in effects_page


@pytest.mark.parametrize("code", [*NOT_ENOUGH, *EFFECT_WARNINGS])
def test_each_code_is_documented(code, effects_page):
    assert f"| `{code}` |" in effects_page


@pytest.fixture(scope="module")
def effects_page():
    from pathlib import Path

    return (Path(__file__).parents[3] / "docs" / "effects.md").read_text(encoding="utf-8")
