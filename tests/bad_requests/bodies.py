"""Pieces of bodies that the tables of bad requests are made of."""

from __future__ import annotations

import json

import numpy as np

from service.paging import cursor_text
from small_model import FEATURES, NOW

JSON = {"Content-Type": "application/json"}
CSV = {"Content-Type": "text/csv"}
LINES = {"Content-Type": "application/x-ndjson"}
PARQUET = {"Content-Type": "application/vnd.apache.parquet"}
DATE = "2026-01-10T10:00:00Z"
LATER = "2026-03-02T12:00:01Z"
"""One second after the present of the tests."""

SCORES_CURSOR = cursor_text("scores", ("another", 1))
HISTORY_CURSOR = cursor_text("history", (NOW, "f" * 32))

WITHOUT = {name: value for name, value in FEATURES.items() if name != "recency_days"}
HEAD = ",".join(["customer_id", *FEATURES]).encode()
CELLS = b"143,840.5,0,0.25,2,,0"


def row(**members):
    return {"customer_id": "c-1", **members}


def features(**changes):
    return row(features={**FEATURES, **changes})


def events(table, *rows):
    return row(events={table: list(rows)})


def bought(**members):
    return events("transactions", {"occurred_at": DATE, "amount": 1.0, **members})


def complained(**members):
    return events("complaints", {"opened_at": DATE, **members})


def rows(*given):
    return {"rows": list(given)}


def what_if(**changes):
    return {"features": FEATURES, "changes": changes}


def sent(table, *given):
    return {"events": {table: list(given)}}


def complaint(**members):
    return sent("complaints", {"customer_id": "c-1", "opened_at": DATE, **members})


def outcome(**members):
    return {"outcomes": [{"customer_id": "c-1", "churned": True, "observed_at": DATE, **members}]}


def webhook(**members):
    return {"url": "https://crm.example/hook", "kinds": ["job.finished"], **members}


def decided(**members):
    return {"profiling_opt_out": False, "contact_opt_out": False, **members}


def table(*lines):
    """Return a CSV file: the head of a good one, and lines."""
    return b"\n".join([HEAD, *lines]) + b"\n"


def lines(*given):
    return b"".join(json.dumps(each).encode() + b"\n" for each in given)


def seeded(count):
    """Return bytes that do not repeat, always the same."""
    return np.random.default_rng(7).bytes(count)
