"""A message is kept with its cause, for those who want its kind, and for nobody else."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import partial

import pytest
from sqlalchemy import select

from ebbtide.store.outbox import enqueue
from ebbtide.store.schema.webhooks import WEBHOOK_DELIVERIES, WEBHOOK_MESSAGES, WEBHOOKS
from ebbtide.store.sql import open_store

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def database(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/s.db")
    with store.database.engine.begin() as connection:
        for webhook_id, kinds, is_enabled in (
            ("bands", ["risk_band.changed", "alarm.raised"], True),
            ("all", ["risk_band.changed", "job.finished"], True),
            ("off", ["risk_band.changed"], False),
        ):
            connection.execute(
                WEBHOOKS.insert(),
                {
                    "webhook_id": webhook_id,
                    "url": "https://crm.example/hook",
                    "kinds": json.dumps(kinds),
                    "description": "",
                    "secret": "whsec_",
                    "is_enabled": is_enabled,
                    "created_at": NOW,
                },
            )
    yield store.database
    store.close()


def band_changed():
    return partial(
        enqueue, kind="risk_band.changed", data={"customer_id": "c1", "to": "high"}, at=NOW
    )


def rows(database, table):
    with database.read() as connection:
        return connection.execute(select(table)).all()


def test_every_enabled_webhook_of_the_kind_gets_the_one_message(database):
    database.write(band_changed())
    (message,) = rows(database, WEBHOOK_MESSAGES)
    assert json.loads(message.body) == {
        "type": "risk_band.changed",
        "timestamp": "2026-03-02T12:00:00Z",
        "data": {"customer_id": "c1", "to": "high"},
    }
    assert message.customer_id == "c1"
    deliveries = rows(database, WEBHOOK_DELIVERIES)
    assert {(each.webhook_id, each.state, each.due_at) for each in deliveries} == {
        ("bands", "waiting", NOW),
        ("all", "waiting", NOW),
    }


def test_what_nobody_wants_is_not_kept(database):
    database.write(partial(enqueue, kind="model.promoted", data={}, at=NOW))
    assert rows(database, WEBHOOK_MESSAGES) == []


def test_a_message_goes_with_its_cause(database):
    def fails(connection):
        band_changed()(connection)
        raise KeyError("the cause failed")

    with pytest.raises(KeyError):
        database.write(fails)
    assert rows(database, WEBHOOK_MESSAGES) == rows(database, WEBHOOK_DELIVERIES) == []
