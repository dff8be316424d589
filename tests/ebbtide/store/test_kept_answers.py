"""Kept answers that name a customer are found, however their text was written."""

from __future__ import annotations

import json

import msgspec
import pytest
from sqlalchemy import select

from ebbtide.store.kept_answers import forget_kept_answers
from ebbtide.store.schema.idempotency import IDEMPOTENCY_KEYS
from ebbtide.store.sql import open_store
from small_model import NOW

WRITTEN = {
    "as now": lambda content: msgspec.json.encode(content).decode(),
    "as before": lambda content: json.dumps(content, ensure_ascii=False),
}


@pytest.fixture
def database(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/s.db")
    yield store.database
    store.close()


@pytest.mark.parametrize("customer_id", ["c-1", "a%b_c", 'q"uote', "back\\slash", "客户:一", "é"])
@pytest.mark.parametrize("write", WRITTEN.values(), ids=WRITTEN)
def test_all_that_name_a_customer_go_and_no_others(database, write, customer_id):
    contents = {
        "alone": {"prediction_id": "p", "customer_id": customer_id, "status": "scored"},
        "among others": {
            "results": [{"customer_id": "other"}, {"customer_id": customer_id, "value": 1.0}]
        },
        "of another": {"customer_id": f"{customer_id}x"},
        "of nobody": {"count": 1},
    }
    with_keys = [
        {
            "caller": "crm",
            "idempotency_key": name,
            "fingerprint": "x",
            "status": 200,
            "content": write(content),
            "kept_at": NOW,
        }
        for name, content in contents.items()
    ]
    database.write(lambda connection: connection.execute(IDEMPOTENCY_KEYS.insert(), with_keys))
    gone = database.write(lambda connection: forget_kept_answers(connection, customer_id))
    with database.read() as connection:
        left = set(connection.scalars(select(IDEMPOTENCY_KEYS.c.idempotency_key)))
    assert (gone, left) == (2, {"of another", "of nobody"})
