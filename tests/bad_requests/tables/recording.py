"""Bad events and outcomes."""

# fmt: off
from __future__ import annotations

from bad_requests.bad import faults, refused
from bad_requests.bodies import DATE, JSON, LATER, complaint, outcome, sent

ID = "a string of 1 to 128 printable characters"
AWARE = "a date and time with offset, such as 2026-03-01T09:00:00Z"
PAST = "an instant that is not in the future"
FLAG = "true or false"
NAMES = "only known names"

TABLE = [
    *faults(
        "POST /v1/events",
        ("an array", [], "", "an object", "array"),
        ("no events", {}, "/events", "an object of tables", "nothing"),
        ("events an array", {"events": []}, "/events", "an object of tables", "array"),
        ("no event", {"events": {}}, "/events", "1 to 120 events in all tables together", "no event"),
        ("a table without rows", sent("complaints"), "/events", "1 to 120 events in all tables together", "no event"),
        ("a table unknown", {"events": {"complaint": [{}], "complaints": [{}]}}, "/events", NAMES, "unknown name"),
        ("a table an object", {"events": {"complaints": {}, "activity": [{}]}}, "/events/complaints", "an array", "object"),
        ("another member", complaint() | {"customer_id": "c-1"}, "", NAMES, "unknown name"),
        ("121 events", sent("activity", *[{"customer_id": "c-1", "occurred_at": DATE}] * 121), "/events", "1 to 120 events in all tables together", "too many events"),
    ),
    *faults(
        "POST /v1/events",
        ("a row a number", sent("complaints", 3), "/events/complaints/0", "an object", "number"),
        ("a row null", sent("complaints", None), "/events/complaints/0", "an object", "null"),
        ("no customer", sent("complaints", {"opened_at": DATE}), "/events/complaints/0/customer_id", ID, "nothing"),
        ("customer a number", complaint(customer_id=17), "/events/complaints/0/customer_id", ID, "number"),
        ("customer too long", complaint(customer_id="x" * 129), "/events/complaints/0/customer_id", ID, "string too long"),
        ("customer with NUL", complaint(customer_id="a\0"), "/events/complaints/0/customer_id", ID, "unprintable string"),
        ("customer an unpaired surrogate", complaint(customer_id="\ud800"), "/events/complaints/0/customer_id", ID, "unprintable string"),
        ("no time", sent("complaints", {"customer_id": "c-1"}), "/events/complaints/0/opened_at", "a value; it is required", "nothing"),
        ("time naive", complaint(opened_at="2026-01-10T10:00:00"), "/events/complaints/0/opened_at", AWARE, "time without offset"),
        ("time in the future", complaint(opened_at=LATER), "/events/complaints/0/opened_at", PAST, "instant in the future"),
        ("known in the future", complaint(known_at=LATER), "/events/complaints/0/known_at", PAST, "instant in the future"),
        ("severity 9", complaint(severity=9), "/events/complaints/0/severity", "a number from 1 to 5 (number)", "number out of range"),
        ("severity a string", complaint(severity="4"), "/events/complaints/0/severity", "a number from 1 to 5 (number)", "string"),
        ("severity a boolean", complaint(severity=True), "/events/complaints/0/severity", "a number from 1 to 5 (number)", "boolean"),
        ("severity 1e300", complaint(severity=1e300), "/events/complaints/0/severity", "a number from 1 to 5 (number)", "number beyond range"),
        ("column unknown", complaint(urgency=1), "/events/complaints/0", NAMES, "unknown name"),
        ("event_id empty", complaint(event_id=""), "/events/complaints/0/event_id", ID, "empty string"),
        ("event_id a number", complaint(event_id=7), "/events/complaints/0/event_id", ID, "number"),
        ("reopened a number", complaint(reopened=1), "/events/complaints/0/reopened", FLAG, "number"),
        ("amount beyond money", sent("transactions", {"customer_id": "c-1", "occurred_at": DATE, "amount": 1e13}), "/events/transactions/0/amount", "a number from -1e+12 to 1e+12 (currency)", "number out of range"),
        ("amount missing", sent("transactions", {"customer_id": "c-1", "occurred_at": DATE}), "/events/transactions/0/amount", "a value; it is required", "nothing"),
        ("metric unknown", sent("surveys", {"customer_id": "c-1", "answered_at": DATE, "metric": "mood", "score": 1}), "/events/surveys/0/metric", "one of csat, nps, ces", "other string"),
    ),
    *faults(
        "POST /v1/outcomes",
        ("an array", [], "", "an object", "array"),
        ("no outcomes", {}, "/outcomes", "an array of 1 to 1000 outcomes", "nothing"),
        ("outcomes null", {"outcomes": None}, "/outcomes", "an array of 1 to 1000 outcomes", "null"),
        ("outcomes an object", {"outcomes": {}}, "/outcomes", "an array of 1 to 1000 outcomes", "object"),
        ("outcomes empty", {"outcomes": []}, "/outcomes", "an array of 1 to 1000 outcomes", "empty array"),
        ("1,001 outcomes", {"outcomes": [{}] * 1001}, "/outcomes", "an array of 1 to 1000 outcomes", "too many outcomes"),
        ("another member", outcome() | {"rows": []}, "", NAMES, "unknown name"),
    ),
    *faults(
        "POST /v1/outcomes",
        ("a row an array", {"outcomes": [[]]}, "/outcomes/0", "an object", "array"),
        ("no customer", {"outcomes": [{"churned": True, "observed_at": DATE}]}, "/outcomes/0/customer_id", "a string", "nothing"),
        ("customer null", outcome(customer_id=None), "/outcomes/0/customer_id", "a string", "null"),
        ("customer empty", outcome(customer_id=""), "/outcomes/0/customer_id", ID, "empty string"),
        ("churned a string", outcome(churned="yes"), "/outcomes/0/churned", FLAG, "string"),
        ("churned a number", outcome(churned=1), "/outcomes/0/churned", FLAG, "number"),
        ("nothing told", outcome(churned=None), "/outcomes/0/churned", FLAG, "null"),
        ("observed in the future", outcome(observed_at=LATER), "/outcomes/0/observed_at", PAST, "instant in the future"),
        ("observed naive", outcome(observed_at="2026-01-10T10:00:00"), "/outcomes/0/observed_at", AWARE, "time without offset"),
        ("known before it was observed", outcome(known_at="2026-01-09T10:00:00Z"), "/outcomes/0/known_at", "an instant that is not before observed_at", "earlier instant"),
        ("cost negative", outcome(action_code="call", cost=-1), "/outcomes/0/cost", "a number from 0 to 1e+09 (currency)", "number out of range"),
        ("cost 1e10", outcome(action_code="call", cost=1e10), "/outcomes/0/cost", "a number from 0 to 1e+09 (currency)", "number out of range"),
        ("cost a string", outcome(action_code="call", cost="5"), "/outcomes/0/cost", "a number from 0 to 1e+09 (currency)", "string"),
        ("accepted a string", outcome(action_code="call", accepted="true"), "/outcomes/0/accepted", FLAG, "string"),
        ("delivery of nothing", outcome(cost=5), "/outcomes/0", "prediction_id or action_code beside accepted, delivered_at and cost", "neither"),
        ("prediction_id too long", outcome(prediction_id="x" * 33), "/outcomes/0/prediction_id", "a string of 1 to 32 printable characters", "string too long"),
        ("unknown name", outcome(churn=True), "/outcomes/0", NAMES, "unknown name"),
        told_in="row",
    ),
    *refused(
        "POST /v1/outcomes",
        ("an unknown prediction", "", JSON, outcome(prediction_id="f" * 32), "unknown-prediction", "Expected the prediction_id of an answer about this customer that is in the log. Send that, or leave it out to mean the newest window that had ended."),
        told_in="row",
    ),
]
