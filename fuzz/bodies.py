"""Bodies of requests: rows to be scored, events, outcomes; and the same row read in two ways."""

from __future__ import annotations

import json
from typing import Any

from ebbtide.contracts.tables import TABLES
from fuzz.small_world import MAX_EVENTS, MAX_VALUES, NOW, NUMBERS, contracts
from fuzz.target import Target
from service.body import parse_json
from service.outcomes.row import OUTCOME_NAMES, check_outcome
from service.problems import ProblemError
from service.recording.received import check_received
from service.scoring.checks import Faults, Hints
from service.scoring.row import ROW_NAMES, Row, RowContract, check_row

DATE = "2026-01-15T10:00:00Z"
FEATURES = {
    "recency_days": 143,
    "spend_365d": 840.5,
    "gap_mean_days": None,
    "complaints_90d": 2,
    "payments_overdue": 0,
    "plan: of the year": "gold",
}
ROW = {"customer_id": "c-1", "as_of": DATE, "value": 120.5, "features": FEATURES}
EVENTS = {
    "transactions": [{"customer_id": "c-1", "occurred_at": DATE, "amount": 1.5, "quantity": 2}],
    "complaints": [{"customer_id": "c-1", "opened_at": DATE, "severity": 3, "event_id": "e-1"}],
    "surveys": [{"customer_id": "c-1", "answered_at": DATE, "metric": "nps", "score": 9}],
}
OUTCOME = {"customer_id": "c-1", "churned": True, "observed_at": DATE, "cost": 1.0}
NAMES = tuple(
    sorted(
        {*ROW_NAMES, *OUTCOME_NAMES, *NUMBERS, *TABLES, "plan: of the year", "rows", "events"}
        | {"event_id"}
        | {column.name for table in TABLES.values() for column in table.columns}
    )
)
WORDS = tuple(json.dumps(name).encode() for name in NAMES)


def _seed(content: object) -> bytes:
    return json.dumps(content).encode()


def row_of(data: bytes) -> Row | None:
    """Read one row as the ordinary way does; None if there are faults."""
    contract = RowContract(features=contracts(), now=NOW, max_events=MAX_EVENTS)
    faults = Faults()
    row = parse_json(data, max_values=MAX_VALUES)
    checked = check_row(row, pointer="", contract=contract, faults=faults, hints=Hints())
    assert (checked is None) == bool(faults), "a row with faults was taken, or one without refused"
    json.dumps([vars_of(fault) for fault in faults.found], ensure_ascii=False).encode()
    return checked


def vars_of(fault: Any) -> dict[str, str]:
    """Return what is told of a fault."""
    return {name: getattr(fault, name) for name in ("pointer", "expected", "got_kind", "fix")}


def _events(data: bytes) -> None:
    read = parse_json(data, max_values=MAX_VALUES)
    check_received(read, now=NOW, max_events=MAX_EVENTS)


def _outcome(data: bytes) -> None:
    read = parse_json(data, max_values=MAX_VALUES)
    check_outcome(read, pointer="", outcome_id="o-1", now=NOW, faults=Faults(), hints=Hints())


def targets() -> dict[str, Target]:
    """Return the targets of this module by name."""
    return {
        "rows": Target(
            feed=row_of,
            seeds=(
                _seed(ROW),
                _seed({"customer_id": "c-1"}),
                _seed({"customer_id": "c-1", "events": EVENTS, "reasons": False}),
            ),
            expected=(ProblemError,),
            words=WORDS,
        ),
        "events": Target(
            feed=_events, seeds=(_seed({"events": EVENTS}),), expected=(ProblemError,), words=WORDS
        ),
        "outcomes": Target(
            feed=_outcome, seeds=(_seed(OUTCOME),), expected=(ProblemError,), words=WORDS
        ),
    }
