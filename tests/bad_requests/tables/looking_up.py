"""Bad look-ups: paths and queries."""

# fmt: off
from __future__ import annotations

from bad_requests.bad import asked, refused
from bad_requests.bodies import HISTORY_CURSOR, JSON, SCORES_CURSOR

NOT_FOUND = "Expected one of the addresses that /openapi.json lists. Check the path."
UNKNOWN_CUSTOMER = "Expected a customer who was scored, and none is stored by this id. Score the customer with POST /v1/score."
ID = "a string of 1 to 128 printable characters"
ESCAPED = "UTF-8, escaped as % and two hexadecimal digits a byte"
AWARE = "a date and time with offset, such as 2026-03-01T09:00:00Z"
CURSOR = "next_cursor of the page before, of the same list"

TABLE = [
    *asked(
        "GET /v1/customers/{customer_id}/score",
        ("an id of 129 characters", "/v1/customers/" + "x" * 129 + "/score", "/customer_id", "a text of at most 128 characters", "text too long"),
        ("an id with NUL", "/v1/customers/a%00b/score", "/customer_id", ID, "unprintable string"),
        ("an id with a bell", "/v1/customers/%07/score", "/customer_id", ID, "unprintable string"),
        ("an id with a line break", "/v1/customers/a%0Ab/score", "/customer_id", ID, "unprintable string"),
        ("an id with a line break behind it", "/v1/customers/c-1%0A/score", "/customer_id", ID, "unprintable string"),
        ("an id that is no UTF-8", "/v1/customers/%ff%fe/score", "/customer_id", ESCAPED, "wrongly escaped text"),
        ("an id in Latin-1", "/v1/customers/caf%E9/score", "/customer_id", ESCAPED, "wrongly escaped text"),
    ),
    *refused(
        "GET /v1/customers/{customer_id}/score",
        ("nobody", "/v1/customers/nobody/score", {}, None, "unknown-customer", UNKNOWN_CUSTOMER),
        ("path traversal", "/v1/customers/..%2F..%2Fetc%2Fpasswd/score", {}, None, "unknown-customer", UNKNOWN_CUSTOMER),
        ("a trailing slash", "/v1/customers/c-1/score/", {}, None, "not-found", NOT_FOUND),
        ("a trailing line break", "/v1/customers/c-1/score%0A", {}, None, "not-found", NOT_FOUND),
    ),
    *refused(
        "POST /v1/customers/{customer_id}/score",
        ("another method", "/v1/customers/c-1/score", JSON, b"{}", "method-not-allowed", "Expected one of the methods of the Allow header. Use that."),
    ),
    *asked(
        "GET /v1/customers/{customer_id}/history",
        ("an id with a line break", "/v1/customers/a%0Ab/history", "/customer_id", ID, "unprintable string"),
        ("an id in Latin-1", "/v1/customers/caf%E9/history", "/customer_id", ESCAPED, "wrongly escaped text"),
        ("limit 0", "/v1/customers/c-1/history?limit=0", "/limit", "a number of 1 or more", "number out of range"),
        ("limit 1,001", "/v1/customers/c-1/history?limit=1001", "/limit", "a number of 1000 or less", "number out of range"),
        ("limit a word", "/v1/customers/c-1/history?limit=ten", "/limit", "a whole number", "other text"),
        ("limit 1e3", "/v1/customers/c-1/history?limit=1e3", "/limit", "a whole number", "other text"),
        ("limit of 5,000 digits", "/v1/customers/c-1/history?limit=" + "9" * 5000, "/limit", "a whole number", "number beyond range"),
        ("limit twice", "/v1/customers/c-1/history?limit=1&limit=2", "/limit", "each parameter once", "it twice"),
        ("another parameter", "/v1/customers/c-1/history?page=2", "", "only limit, cursor, as_of", "unknown parameter"),
        ("a cursor that is none", "/v1/customers/c-1/history?cursor=abc", "/cursor", CURSOR, "another text"),
        ("a cursor of another list", "/v1/customers/c-1/history?cursor=" + SCORES_CURSOR, "/cursor", CURSOR, "another text"),
        ("a cursor of 401 characters", "/v1/customers/c-1/history?cursor=" + "a" * 401, "/cursor", "a text of at most 400 characters", "text too long"),
        ("as_of naive", "/v1/customers/c-1/history?as_of=2026-03-01T00:00:00", "/as_of", AWARE, "time without offset"),
        ("as_of a date", "/v1/customers/c-1/history?as_of=2026-03-01", "/as_of", AWARE, "time without offset"),
        ("as_of no time", "/v1/customers/c-1/history?as_of=now", "/as_of", AWARE, "other string"),
        ("as_of in year 1800", "/v1/customers/c-1/history?as_of=1800-01-01T00:00:00Z", "/as_of", AWARE, "instant out of range"),
        ("as_of and cursor", "/v1/customers/c-1/history?as_of=2026-03-01T00:00:00Z&cursor=" + HISTORY_CURSOR, "/cursor", "as_of or cursor", "both"),
    ),
    *asked(
        "GET /v1/scores",
        ("limit 0", "/v1/scores?limit=0", "/limit", "a number of 1 or more", "number out of range"),
        ("limit -1", "/v1/scores?limit=-1", "/limit", "a number of 1 or more", "number out of range"),
        ("limit 1,001", "/v1/scores?limit=1001", "/limit", "a number of 1000 or less", "number out of range"),
        ("limit empty", "/v1/scores?limit=", "/limit", "a whole number", "other text"),
        ("band unknown", "/v1/scores?band=critical", "/band", "'low', 'medium' or 'high'", "other text"),
        ("band in capitals", "/v1/scores?band=HIGH", "/band", "'low', 'medium' or 'high'", "other text"),
        ("action with a control character", "/v1/scores?action=%00", "/action", "a string of 1 to 40 printable characters", "unprintable string"),
        ("action of 41 characters", "/v1/scores?action=" + "a" * 41, "/action", "a text of at most 40 characters", "text too long"),
        ("updated_since naive", "/v1/scores?updated_since=2026-03-01T00:00:00", "/updated_since", AWARE, "time without offset"),
        ("updated_since a number", "/v1/scores?updated_since=1767225600", "/updated_since", AWARE, "other string"),
        ("a cursor that is none", "/v1/scores?cursor=%F0%9F%92%A3", "/cursor", CURSOR, "another text"),
        ("a cursor of another list", "/v1/scores?cursor=" + HISTORY_CURSOR, "/cursor", CURSOR, "another text"),
        ("a cursor of another store", "/v1/scores?cursor=" + SCORES_CURSOR, "/cursor", "a cursor of this store as it is now", "cursor from before the store was restored, or of another"),
        ("a filter that is misspelt", "/v1/scores?bands=high", "", "only limit, cursor, band, action, updated_since", "unknown parameter"),
        ("a filter twice", "/v1/scores?band=high&band=low", "/band", "each parameter once", "it twice"),
    ),
]
