"""A trained shop from end to end: published, complained about, and answered anew."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from time import monotonic, sleep

import pytest
from fastapi.testclient import TestClient
from msgspec.structs import replace

from by_hand import PRESENT
from ebbtide.store.sql import open_store
from features.sources import open_tables
from service.app import create_app
from service.settings import read_settings
from trained_shops import LOG_END, Shop
from training.publishing import publish_histories
from training.score import snapshot_for
from training.simulator.shop import simulate

NOON = LOG_END + timedelta(hours=12)
PATIENCE_SECONDS = 30.0
"""How soon it is on a quiet machine: ``python -m benchmarks.events``."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("events") / "shop"
    simulate(folder, customers=1_200, seed=3)
    return Shop(folder=folder, scratch=tmp_path_factory.mktemp("bundles"))


@pytest.fixture(scope="module")
def model(shop):
    return shop.bundle()


@pytest.fixture(scope="module")
def tables(shop):
    return open_tables(shop.project, now=PRESENT)


@pytest.fixture
def store(tmp_path, tables, model):
    made = open_store(f"sqlite:///{tmp_path}/store.db")
    snapshot = snapshot_for(model, tables, as_of=LOG_END)
    made.publish_snapshots(snapshot.to_pandas(), basis=model.basis)
    publish_histories(made, tables, bundle=model, as_of=LOG_END, now=LOG_END)
    yield made
    made.close()


@pytest.fixture
def living(tables, model):
    """Some who live."""
    return snapshot_for(model, tables, as_of=LOG_END)["customer_id"].to_pylist()[:8]


@pytest.fixture
def client(shop, model, store):
    """A client whose noon is now, and goes on."""
    began = monotonic()
    app = create_app(
        read_settings(project_file=shop.folder / "ebbtide.toml"),
        model=model,
        store=store,
        now=lambda: NOON + timedelta(seconds=monotonic() - began),
    )
    with TestClient(app) as made:
        yield made


COMPLAINT = {"opened_at": "2025-01-01T11:00:00Z", "severity": 5, "category": "delivery"}


def test_complaints_raise_the_risk_unasked(client, store, living):
    asked = {"rows": [{"customer_id": each} for each in living]}
    before = client.post("/v1/scores", json=asked).json()["results"]
    rows = [{"customer_id": each, **COMPLAINT} for each in living]
    recorded = client.post("/v1/events", json={"events": {"complaints": rows}})
    assert recorded.json()["rescoring"] == len(living)
    told = 0
    for customer_id, then in zip(living, before, strict=True):
        now = newest(store, customer_id, count=2)
        assert now.as_of > NOON
        assert now.churn_probability > then["churn_probability"]
        looked_up = client.get(f"/v1/customers/{customer_id}/score").json()
        assert looked_up["prediction_id"] == now.prediction_id
        told += any(reason.family == "complaints" for reason in now.reasons)
    assert told >= len(living) / 2  # for others, more important reasons are shown


def test_the_answer_is_that_of_sending_everything_at_once(client, store, tables, living):
    customer_id = living[0]
    rows = [{"customer_id": customer_id, **COMPLAINT}]
    client.post("/v1/events", json={"events": {"complaints": rows}})
    recorded = newest(store, customer_id, count=1)
    events = published_rows(tables, customer_id)
    events["complaints"].append(dict.fromkeys(events_columns(tables)) | COMPLAINT)
    asked = {"customer_id": customer_id, "as_of": recorded.as_of.isoformat(), "events": events}
    assert client.post("/v1/score", json=asked).status_code == 200
    at_once = newest(store, customer_id, count=2)
    alike = {"prediction_id": "", "scored_at": NOON}
    assert replace(at_once, **alike) == replace(recorded, **alike)


def newest(store, customer_id, *, count):
    """The newest answer, once there are so many."""
    ends_at = monotonic() + PATIENCE_SECONDS
    while monotonic() < ends_at:
        answers = store.predictions_of(customer_id)
        if len(answers) == count:
            return answers[0]
        sleep(0.005)
    pytest.fail(f"no answer within {PATIENCE_SECONDS} seconds")


def published_rows(tables, customer_id):
    """All rows of a customer in the company's own tables, as JSON."""
    found = {}
    for name, columns in tables.columns.items():
        relation = tables.connection.sql(
            f"SELECT * EXCLUDE (customer_id) FROM {name} WHERE customer_id = '{customer_id}'"
        )
        found[name] = [
            {
                column: plain(value)
                for column, value in zip(relation.columns, row, strict=True)
                if column in columns
            }
            for row in relation.fetchall()
        ]
    return found


def events_columns(tables):
    return tables.columns["complaints"] - {"customer_id"}


def plain(value):
    if isinstance(value, datetime):
        return value.isoformat() + "Z"
    return float(value) if isinstance(value, Decimal) else value
