"""Current scores page by page, for systems that keep a copy of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from ebbtide.store.current_list import renew_epoch
from ebbtide.store.preferences import Preferences, keep_preferences
from service.looking_up.shapes import CurrentScore, ScoreList
from service.scoring.shapes import AnswerShape

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
FEATURES = {
    "recency_days": 143,
    "spend_365d": 840.5,
    "purchase_days_90d": 0,
    "discount_share_365d": 0.25,
    "complaints_90d": 2,
    "complaint_open_days": None,
    "payments_overdue": 0,
}


def scored(client, *numbers, **changes):
    rows = [
        {"customer_id": f"c-{number}", "features": {**FEATURES, **changes}} for number in numbers
    ]
    return client.post("/v1/scores", json={"rows": rows}).json()["results"]


def read(client, headers=None, **query):
    response = client.get("/v1/scores", params=query, headers=headers)
    assert response.status_code == 200, response.text
    ScoreList.model_validate(response.json())
    return response.json()


def ids(page):
    return [each["customer_id"] for each in page["results"]]


def test_a_row_has_the_flat_fields_of_the_answer_and_when_it_became_current(client):
    (answer,) = scored(client, 1)
    (row,) = read(client)["results"]
    assert row["updated_at"] == "2026-03-02T12:00:00Z"
    assert {name: answer[name] for name in row if name != "updated_at"} == {
        name: value for name, value in row.items() if name != "updated_at"
    }
    nested = {"reasons", "warnings", "risk_by_day"}
    assert set(CurrentScore.model_fields) == set(AnswerShape.model_fields) - nested | {"updated_at"}


def test_a_copy_that_goes_on_from_its_cursor_has_every_change(client):
    copy = {}

    def pull(cursor):
        while True:
            page = read(client, limit=2, **({"cursor": cursor} if cursor else {}))
            copy.update({row["customer_id"]: row["prediction_id"] for row in page["results"]})
            cursor = page["next_cursor"]
            if not page["has_more"]:
                return cursor

    assert pull(None) is None
    first = {a["customer_id"]: a["prediction_id"] for a in scored(client, 1, 2, 3, 4, 5)}
    cursor = pull(None)
    assert copy == first
    assert pull(cursor) == cursor
    anew = {a["customer_id"]: a["prediction_id"] for a in scored(client, 4, 6, 2)}
    later = pull(cursor)
    assert copy == first | anew
    assert read(client, cursor=later)["results"] == []


def test_a_score_that_changes_while_pages_are_read_is_read_again(client):
    scored(client, 1, 2, 3)
    page = read(client, limit=2)
    assert ids(page) == ["c-1", "c-2"]
    scored(client, 1)
    assert ids(read(client, cursor=page["next_cursor"])) == ["c-3", "c-1"]


def test_bands_and_actions_are_asked_for(client):
    (high, low) = (scored(client, 1)[0], scored(client, 2, recency_days=1)[0])
    assert high["risk_band"] != low["risk_band"]
    assert ids(read(client, band=high["risk_band"])) == ["c-1"]
    assert ids(read(client, band=low["risk_band"])) == ["c-2"]
    assert ids(read(client, action=high["action_code"])) == ["c-1"]
    assert ids(read(client, action=high["action_code"], band=low["risk_band"])) == []
    assert ids(read(client, action="no such action")) == []


@pytest.mark.parametrize(("consent", "listed"), [(True, ["c-2"]), (False, ["c-1", "c-2"])])
def test_whoever_is_listed_by_an_action_may_get_it(app, client, store, consent, listed):
    action = scored(client, 1, 2)[0]["action_code"]
    desk = app.state.desk
    actions = [replace(each, needs_contact_consent=consent) for each in desk.policy.actions]
    app.state.desk = replace(desk, policy=replace(desk.policy, actions=tuple(actions)))
    noted = Preferences(contact_opt_out=True, updated_at=NOW)
    store.database.write(
        partial(keep_preferences, customer_id="c-1", preferences=noted, database=store.database)
    )
    found = read(client, action=action)
    assert ids(found) == listed
    assert {each["action_code"] for each in found["results"]} == {action}
    assert sorted(ids(read(client))) == ["c-1", "c-2"]


def test_only_what_became_current_since_an_instant(later, clock):
    for number in range(3):
        scored(later, number)
        clock[0] += HOUR
    assert ids(read(later, updated_since=(NOW + HOUR).isoformat())) == ["c-1", "c-2"]
    assert ids(read(later, updated_since=(NOW + 9 * HOUR).isoformat())) == []


def test_what_has_expired_abstains_and_has_no_band(later, clock):
    (answer,) = scored(later, 1)
    clock[0] = datetime.fromisoformat(answer["valid_until"]) + HOUR
    (row,) = read(later)["results"]
    assert (row["status"], row["abstain_code"], row["risk_band"]) == ("abstained", "expired", None)
    assert read(later, band=answer["risk_band"])["results"] == []


def test_texts_follow_accept_language(client):
    scored(client, 1)
    (row,) = read(client, headers={"Accept-Language": "zh"})["results"]
    assert row["language"] == "zh"
    assert row["reason_1"].startswith("距上次购买已")


def test_who_opted_out_of_profiling_is_left_out(client, store):
    scored(client, 1, 2)
    noted = Preferences(profiling_opt_out=True, updated_at=NOW)
    store.database.write(
        partial(keep_preferences, customer_id="c-1", preferences=noted, database=store.database)
    )
    assert ids(read(client)) == ["c-2"]


def test_cursors_from_before_a_restore_are_refused(client, store):
    scored(client, 1)
    cursor = read(client)["next_cursor"]
    store.database.write(renew_epoch)
    refused = client.get("/v1/scores", params={"cursor": cursor})
    assert refused.status_code == 422
    (fault,) = refused.json()["errors"]
    assert (fault["pointer"], fault["fix"]) == ("/cursor", "Leave cursor out to begin anew.")
    assert ids(read(client)) == ["c-1"]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"limit": 0}, "/limit"),
        ({"limit": 1001}, "/limit"),
        ({"band": "extreme"}, "/band"),
        ({"action": "x" * 41}, "/action"),
        ({"cursor": "WyJoaXN0b3J5Il0"}, "/cursor"),
        ({"updated_since": "2026-03-01"}, "/updated_since"),
        ({"updated_sinec": "2026-03-01T00:00:00Z"}, ""),
        ({"band": ["low", "high"]}, "/band"),
    ],
    ids=str,
)
def test_what_is_asked_wrongly_is_refused(client, query, pointer):
    scored(client, 1)
    refused = client.get("/v1/scores", params=query)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == pointer
    assert "extreme" not in refused.text
    assert "sinec" not in refused.text
