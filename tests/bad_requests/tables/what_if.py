"""Bad recomputations."""

# fmt: off
from __future__ import annotations

from bad_requests.bad import faults
from bad_requests.bodies import what_if
from small_model import FEATURES

DAYS = "a number of 0 or more (days)"
NAMES = "only known names"

TABLE = [
    *faults(
        "POST /v1/what-if",
        ("an array", [], "", "an object", "array"),
        ("null", None, "", "an object", "null"),
        ("no features", {"changes": {"recency_days": 1}}, "/features", "an object", "nothing"),
        ("features null", {"features": None, "changes": {"recency_days": 1}}, "/features", "an object", "null"),
        ("no changes", {"features": FEATURES}, "/changes", "an object of one feature or more", "nothing"),
        ("changes empty", what_if(), "/changes", "an object of one feature or more", "empty object"),
        ("changes an array", {"features": FEATURES, "changes": [1]}, "/changes", "an object of one feature or more", "array"),
        ("changes of an unknown feature", what_if(recency_day=1), "/changes", NAMES, "unknown name"),
        ("a change to null that is never missing", what_if(recency_days=None), "/changes/recency_days", "a number (days); this feature is never missing", "null"),
        ("a change out of range", what_if(purchase_days_90d=91), "/changes/purchase_days_90d", "a number from 0 to 90 (days)", "number out of range"),
        ("a negative change", what_if(recency_days=-1), "/changes/recency_days", DAYS, "number out of range"),
        ("a change to a string", what_if(recency_days="1"), "/changes/recency_days", DAYS, "string"),
        ("a change to a boolean", what_if(complaints_90d=False), "/changes/complaints_90d", "a number of 0 or more (complaints)", "boolean"),
        ("a change to 1e300", what_if(spend_365d=1e300), "/changes/spend_365d", "a number of 0 or more (currency)", "number beyond range"),
        ("another member", what_if(recency_days=1) | {"customer_id": "c-1"}, "", NAMES, "unknown name"),
    ),
]
