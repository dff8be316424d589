"""What was kept long enough goes; what is younger, still needed or still to be sent stays."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Boolean, Float, Integer, LargeBinary, create_engine, select

from ebbtide.store import retention
from ebbtide.store.schema.base import Instant
from ebbtide.store.schema.scores import CURRENT_SCORES, PREDICTIONS, SNAPSHOTS
from ebbtide.store.schema.webhooks import WEBHOOK_DELIVERIES, WEBHOOK_MESSAGES, WEBHOOKS
from service.janitor import Janitor
from small_model import NOW

DAYS = {"predictions": 730, "facts": 730, "snapshots": 90, "keys": 7, "messages": 30}
MOMENT = timedelta(seconds=1)


@pytest.fixture
def put(store):
    """Put a row into a table, with any values but those that are given."""
    engine = create_engine(f"sqlite:///{store.database.engine.url.database}")

    def filled(column):
        kinds = {Instant: NOW, Boolean: True, Integer: 1, Float: 1.0, LargeBinary: b"x"}
        return next((v for kind, v in kinds.items() if isinstance(column.type, kind)), "x")

    def add(table, **given):
        row = {column.name: filled(column) for column in table.columns}
        with engine.begin() as connection:
            connection.execute(table.insert(), {**row, **given})

    yield add
    engine.dispose()


def ids(store, table, column):
    with store.database.read() as connection:
        return sorted(connection.scalars(select(table.c[column])))


@pytest.fixture
def janitor(app):
    return Janitor(app.state.desk)


KEYS = {
    "predictions": "prediction_id",
    "events": "identity",
    "outcomes": "outcome_id",
    "assignments": "customer_id",
    "snapshots": "customer_id",
    "idempotency_keys": "idempotency_key",
    "webhook_messages": "message_id",
}


@pytest.mark.parametrize("rule", retention.RULES, ids=lambda rule: rule.table.name)
def test_rows_go_when_their_time_is_over_and_not_before(janitor, put, store, rule):
    table, key = rule.table, KEYS[rule.table.name]
    numbered = "sequence" in table.columns
    ages = {
        "old": timedelta(days=DAYS[rule.topic]) + MOMENT,
        "young": timedelta(days=DAYS[rule.topic]),
    }
    for number, (name, age) in enumerate(ages.items()):
        put(
            table,
            **{key: name, rule.instant: NOW - age},
            **({"sequence": number} if numbered else {}),
        )
    if table is SNAPSHOTS:
        put(SNAPSHOTS, customer_id="old", as_of=NOW)
    assert janitor.tidy() == {table.name: 1}
    assert ids(store, table, key) == (["old", "young"] if table is SNAPSHOTS else ["young"])
    assert janitor.tidy() == {}


def test_a_current_score_goes_with_its_answer_and_no_other(janitor, put, store):
    for number, (name, current) in enumerate(
        {"old": "old", "again": "again-2", "young": "young"}.items()
    ):
        old = NOW if name == "young" else NOW - timedelta(days=800)
        put(PREDICTIONS, prediction_id=name, customer_id=name, scored_at=old)
        put(CURRENT_SCORES, customer_id=name, prediction_id=current, sequence=number)
    put(PREDICTIONS, prediction_id="again-2", customer_id="again", scored_at=NOW)
    assert janitor.tidy() == {"predictions": 2}
    assert ids(store, CURRENT_SCORES, "customer_id") == ["again", "young"]


def test_the_newest_snapshot_of_a_customer_stays_however_old(janitor, put, store):
    put(SNAPSHOTS, customer_id="c", as_of=NOW - timedelta(days=1000))
    assert janitor.tidy() == {}
    assert ids(store, SNAPSHOTS, "customer_id") == ["c"]


def test_a_message_stays_while_it_is_to_be_sent_to_a_webhook_that_works(janitor, put, store):
    for webhook_id, is_enabled in (("on", True), ("off", False)):
        put(WEBHOOKS, webhook_id=webhook_id, is_enabled=is_enabled, kinds="[]")
        put(WEBHOOK_MESSAGES, message_id=webhook_id, created_at=NOW - timedelta(days=60))
        put(WEBHOOK_DELIVERIES, message_id=webhook_id, webhook_id=webhook_id, state="waiting")
    assert janitor.tidy() == {"webhook_messages": 1}
    assert ids(store, WEBHOOK_MESSAGES, "message_id") == ["on"]


def test_rows_go_part_by_part(janitor, put, store, monkeypatch):
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    rule = retention.RULES[0]
    for number in range(5):
        put(rule.table, prediction_id=str(number), scored_at=NOW - timedelta(days=800))
    assert janitor.tidy() == {"predictions": 5}


def test_every_time_is_a_setting(settings):
    for topic in retention.TOPICS:
        assert getattr(settings, f"keep_{topic}_days") == DAYS[topic]
