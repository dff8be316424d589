"""Bad rows, asked one at a time."""

# fmt: off
from __future__ import annotations

from bad_requests.bad import faults
from bad_requests.bodies import DATE, WITHOUT, bought, complained, features, row
from small_model import FEATURES

ID = "a string of 1 to 128 printable characters"
AWARE = "a date and time with offset, such as 2026-03-01T09:00:00Z"
DAYS = "a number of 0 or more (days)"
FLAG = "true or false"
NAMES = "only known names"
NEVER_MISSING = "a number (days); this feature is never missing"

TABLE = [
    *faults(
        "POST /v1/score",
        ("body is an array", [], "", "an object", "array"),
        ("body is a string", "x", "", "an object", "string"),
        ("body is null", None, "", "an object", "null"),
        ("body is a number", 7, "", "an object", "number"),
        ("no customer", {"features": FEATURES}, "/customer_id", ID, "nothing"),
        ("customer null", {"customer_id": None}, "/customer_id", ID, "null"),
        ("customer a number", {"customer_id": 17}, "/customer_id", ID, "number"),
        ("customer empty", {"customer_id": ""}, "/customer_id", ID, "empty string"),
        ("customer too long", {"customer_id": "x" * 129}, "/customer_id", ID, "string too long"),
        ("customer with NUL", {"customer_id": "a\0b"}, "/customer_id", ID, "unprintable string"),
        ("customer a surrogate", {"customer_id": "\ud800"}, "/customer_id", ID, "unprintable string"),
        ("unknown member", row(featurs=FEATURES), "", NAMES, "unknown name"),
        ("as_of naive", row(as_of="2026-03-01T00:00:00"), "/as_of", AWARE, "time without offset"),
        ("as_of a date", row(as_of="2026-03-01"), "/as_of", AWARE, "time without offset"),
        ("as_of no date", row(as_of="yesterday"), "/as_of", AWARE, "other string"),
        ("as_of month 13", row(as_of="2026-13-01T00:00:00Z"), "/as_of", AWARE, "other string"),
        ("as_of a number", row(as_of=1767225600), "/as_of", AWARE, "number"),
        ("as_of year 1", row(as_of="0001-01-01T00:00:00+14:00"), "/as_of", AWARE, "other string"),
        ("as_of year 1800", row(as_of="1800-01-01T00:00:00Z"), "/as_of", AWARE, "instant out of range"),
        ("as_of future", row(as_of="2026-03-02T12:00:01Z"), "/as_of", "an instant that is not in the future", "instant in the future"),
        ("value negative", row(value=-1), "/value", "a number from 0 to 1e+12 (currency)", "number out of range"),
        ("value a string", row(value="9"), "/value", "a number from 0 to 1e+12 (currency)", "string"),
        ("opt-out a string", row(contact_opt_out="yes"), "/contact_opt_out", FLAG, "string"),
        ("reasons a string", row(reasons="no"), "/reasons", FLAG, "string"),
        ("interval a number", row(interval=1), "/interval", FLAG, "number"),
        ("opt-out a number", row(contact_opt_out=1), "/contact_opt_out", FLAG, "number"),
        ("features and events", row(features=FEATURES, events={}), "", "features or events", "both"),
        ("features an array", row(features=[1]), "/features", "an object", "array"),
        ("feature unknown", features(recency_day=1), "/features", NAMES, "unknown name"),
        ("feature missing", row(features=WITHOUT), "/features/recency_days", NEVER_MISSING, "nothing"),
        ("feature null", features(recency_days=None), "/features/recency_days", NEVER_MISSING, "null"),
        ("feature too low", features(recency_days=-0.1), "/features/recency_days", DAYS, "number out of range"),
        ("feature too high", features(purchase_days_90d=91), "/features/purchase_days_90d", "a number from 0 to 90 (days)", "number out of range"),
        ("feature a boolean", features(recency_days=True), "/features/recency_days", DAYS, "boolean"),
        ("feature a string", features(recency_days="143"), "/features/recency_days", DAYS, "string"),
        ("feature an array", features(recency_days=[143]), "/features/recency_days", DAYS, "array"),
        ("feature an object", features(recency_days={}), "/features/recency_days", DAYS, "object"),
        ("feature huge", features(recency_days=1e300), "/features/recency_days", DAYS, "number beyond range"),
        ("feature of 400 digits", features(recency_days=10**400), "/features/recency_days", DAYS, "number beyond range"),
        ("events an array", row(events=[]), "/events", "an object", "array"),
        ("table unknown", row(events={"transaction": []}), "/events", NAMES, "unknown name"),
        ("table an object", row(events={"transactions": {}}), "/events/transactions", "an array", "object"),
        ("event a number", row(events={"transactions": [3]}), "/events/transactions/0", "an object", "number"),
        ("column unknown", bought(amout=1), "/events/transactions/0", NAMES, "unknown name"),
        ("column missing", row(events={"transactions": [{"occurred_at": DATE}]}), "/events/transactions/0/amount", "a value; it is required", "nothing"),
        ("column null", bought(amount=None), "/events/transactions/0/amount", "a value; it is required", "null"),
        ("event naive", bought(occurred_at="2026-01-10T10:00:00"), "/events/transactions/0/occurred_at", AWARE, "time without offset"),
        ("amount a string", bought(amount="1"), "/events/transactions/0/amount", "a number from -1e+12 to 1e+12 (currency)", "string"),
        ("amount beyond money", bought(amount=1e13), "/events/transactions/0/amount", "a number from -1e+12 to 1e+12 (currency)", "number out of range"),
        ("quantity a boolean", bought(quantity=True), "/events/transactions/0/quantity", "a number from -1e+14 to 1e+14 (number)", "boolean"),
        ("quantity too large", bought(quantity=1e14), "/events/transactions/0/quantity", "a number from -1e+14 to 1e+14 (number)", "number out of range"),
        ("other customer", bought(customer_id="c-2"), "/events/transactions/0/customer_id", "the customer_id of the row, or nothing", "another customer"),
        ("severity 9", complained(severity=9), "/events/complaints/0/severity", "a number from 1 to 5 (number)", "number out of range"),
        ("flag a string", complained(reopened="true"), "/events/complaints/0/reopened", FLAG, "string"),
        ("choice unknown", row(events={"surveys": [{"answered_at": DATE, "metric": "mood", "score": 1}]}), "/events/surveys/0/metric", "one of csat, nps, ces", "other string"),
        ("text too long", bought(category="x" * 257), "/events/transactions/0/category", "a string of 1 to 256 printable characters", "string too long"),
        ("too many events", row(events={"activity": [{"occurred_at": DATE}] * 51}), "/events", "at most 50 events in a row", "too many events"),
        ("value 1e400", {"customer_id": "c-1", "value": 10**400}, "/value", "a number from 0 to 1e+12 (currency)", "number beyond range"),
        ("customer an object", row(customer_id={"id": "c-1"}), "/customer_id", ID, "object"),
        ("value a boolean", row(value=True), "/value", "a number from 0 to 1e+12 (currency)", "boolean"),
        ("value an array", row(value=[1]), "/value", "a number from 0 to 1e+12 (currency)", "array"),
        ("as_of with a blank", row(as_of="2026-03-01T00:00:00Z "), "/as_of", AWARE, "other string"),
        ("as_of of 100 digits", row(as_of="2" * 100), "/as_of", AWARE, "other string"),
        ("as_of a leap second", row(as_of="2026-03-01T23:59:60Z"), "/as_of", AWARE, "other string"),
        ("feature -Infinity in quotes", features(recency_days="-Infinity"), "/features/recency_days", DAYS, "string"),
        ("feature with a comma", features(recency_days="1,5"), "/features/recency_days", DAYS, "string"),
        ("an unpaired surrogate in a name", features(**{"\ud800": 1}), "/features", NAMES, "unknown name"),
        ("a name of 5,000 characters", features(**{"x" * 5000: 1}), "/features", NAMES, "unknown name"),
        ("category a number", bought(category=7), "/events/transactions/0/category", "a string of 1 to 256 printable characters", "number"),
        ("order_id with a line break", bought(order_id="a\nb"), "/events/transactions/0/order_id", "a string of 1 to 256 printable characters", "unprintable string"),
        ("discount negative", bought(discount=-1), "/events/transactions/0/discount", "a number from 0 to 1e+12 (currency)", "number out of range"),
        ("resolved_at naive", complained(resolved_at="2026-01-11T00:00:00"), "/events/complaints/0/resolved_at", AWARE, "time without offset"),
        ("channel a number", bought(channel=3), "/events/transactions/0/channel", "a string of 1 to 256 printable characters", "number"),
    ),
]
