"""Bad batches, and bad rows among good ones."""

# fmt: off
from __future__ import annotations

from bad_requests.bad import faults
from bad_requests.bodies import DATE, LATER, events, features, row, rows
from small_model import FEATURES

TABLE = [
    *faults(
        "POST /v1/scores",
        ("no rows", {}, "/rows", "an array of 1 to 1000 rows", "nothing"),
        ("rows null", {"rows": None}, "/rows", "an array of 1 to 1000 rows", "null"),
        ("rows an object", {"rows": {}}, "/rows", "an array of 1 to 1000 rows", "object"),
        ("rows a string", {"rows": "c-1"}, "/rows", "an array of 1 to 1000 rows", "string"),
        ("rows empty", {"rows": []}, "/rows", "an array of 1 to 1000 rows", "empty array"),
        ("1,001 rows", {"rows": [{}] * 1001}, "/rows", "an array of 1 to 1000 rows", "too many rows"),
        ("an array", [{}], "", "an object", "array"),
        ("a string", "rows", "", "an object", "string"),
        ("another member", {"rows": [{}], "row": 1}, "", "only known names", "unknown name"),
        ("121 events in three rows", rows(*[events("activity", *[{"occurred_at": DATE}] * n) for n in (50, 50, 21)]), "/rows", "at most 120 events in all rows together", "too many events"),
    ),
    *faults(
        "POST /v1/scores",
        ("a row is null", rows(None), "/rows/0", "an object", "null"),
        ("a row is an array", rows([]), "/rows/0", "an object", "array"),
        ("a row is a string", rows("c-1"), "/rows/0", "an object", "string"),
        ("a row without a customer", rows({"features": FEATURES}), "/rows/0/customer_id", "a string of 1 to 128 printable characters", "nothing"),
        ("a row about the future", rows(row(as_of=LATER)), "/rows/0/as_of", "an instant that is not in the future", "instant in the future"),
        ("a row with 51 events", rows(events("activity", *[{"occurred_at": DATE}] * 51)), "/rows/0/events", "at most 50 events in a row", "too many events"),
        ("a row with a feature that is a boolean", rows(features(recency_days=True)), "/rows/0/features/recency_days", "a number of 0 or more (days)", "boolean"),
        ("a row with a number of 400 digits", rows(features(spend_365d=10**400)), "/rows/0/features/spend_365d", "a number of 0 or more (currency)", "number beyond range"),
        ("a row with features and events", rows(features() | {"events": {}}), "/rows/0", "features or events", "both"),
        told_in="row",
    ),
    *faults(
        "POST /v1/scores",

        told_in="row",
    ),
]
