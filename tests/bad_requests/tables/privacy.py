"""Bad requests about what customers may ask for."""

# fmt: off
from __future__ import annotations

from bad_requests.bad import asked, refused, sent_to
from bad_requests.bodies import JSON, decided

ID = "a string of 1 to 128 printable characters"
ESCAPED = "UTF-8, escaped as % and two hexadecimal digits a byte"
FLAG = "true or false"

TABLE = [
    *sent_to(
        "PUT /v1/customers/{customer_id}/preferences",
        ("an array", "/v1/customers/c-1/preferences", JSON, [], "", "an object", "array"),
        ("half a decision", "/v1/customers/c-1/preferences", JSON, {"profiling_opt_out": True}, "/contact_opt_out", FLAG, "nothing"),
        ("a decision null", "/v1/customers/c-1/preferences", JSON, decided(contact_opt_out=None), "/contact_opt_out", FLAG, "null"),
        ("a decision a string", "/v1/customers/c-1/preferences", JSON, decided(contact_opt_out="true"), "/contact_opt_out", FLAG, "string"),
        ("a decision 1", "/v1/customers/c-1/preferences", JSON, decided(profiling_opt_out=1), "/profiling_opt_out", FLAG, "number"),
        ("another member", "/v1/customers/c-1/preferences", JSON, decided(opt_out=True), "", "only known names", "unknown name"),
        ("an id with a line break", "/v1/customers/a%0Ab/preferences", JSON, decided(), "/customer_id", ID, "unprintable string"),
        ("an id in Latin-1", "/v1/customers/caf%E9/preferences", JSON, decided(), "/customer_id", ESCAPED, "wrongly escaped text"),
    ),
    *asked(
        "DELETE /v1/customers/{customer_id}",
        ("no id", "/v1/customers/", "/customer_id", "a text that is not empty", "empty text"),
        ("an id of 129 characters", "/v1/customers/" + "x" * 129, "/customer_id", "a text of at most 128 characters", "text too long"),
        ("an id with NUL", "/v1/customers/%00", "/customer_id", ID, "unprintable string"),
        ("an id with a line break", "/v1/customers/a%0Ab", "/customer_id", ID, "unprintable string"),
        ("an id with a line break behind it", "/v1/customers/c-1%0A", "/customer_id", ID, "unprintable string"),
        ("an id in Latin-1", "/v1/customers/caf%E9", "/customer_id", ESCAPED, "wrongly escaped text"),
        ("a slash in two bytes", "/v1/customers/a%C0%AFb", "/customer_id", ESCAPED, "wrongly escaped text"),
        ("a surrogate", "/v1/customers/%ED%A0%80", "/customer_id", ESCAPED, "wrongly escaped text"),
    ),
    *asked(
        "GET /v1/customers/{customer_id}/export",
        ("an id of 129 characters", "/v1/customers/" + "x" * 129 + "/export", "/customer_id", "a text of at most 128 characters", "text too long"),
        ("an id with a control character", "/v1/customers/%1B/export", "/customer_id", ID, "unprintable string"),
        ("an id with a line break", "/v1/customers/a%0Ab/export", "/customer_id", ID, "unprintable string"),
        ("an id in Latin-1", "/v1/customers/caf%E9/export", "/customer_id", ESCAPED, "wrongly escaped text"),
    ),
    *refused(
        "POST /v1/customers/{customer_id}",
        ("another method", "/v1/customers/c-1", JSON, b"{}", "method-not-allowed", "Expected one of the methods of the Allow header. Use that."),
    ),
    *refused(
        "DELETE /v1/customers/{customer_id}",
        ("a part of a customer", "/v1/customers/c-1/preferences", {}, None, "method-not-allowed", "Expected one of the methods of the Allow header. Use that."),
    ),
    *asked(
        "GET /v1/customers/{customer_id}/preferences",
        ("an id with a control character", "/v1/customers/%1B/preferences", "/customer_id", ID, "unprintable string"),
        ("an id with a line break", "/v1/customers/a%0Ab/preferences", "/customer_id", ID, "unprintable string"),
        ("an id in Latin-1", "/v1/customers/caf%E9/preferences", "/customer_id", ESCAPED, "wrongly escaped text"),
    ),
]
