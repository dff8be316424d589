"""Addresses, methods and headers that there are not."""

# fmt: off
from __future__ import annotations

from bad_requests.bad import refused, sent_to
from bad_requests.bodies import JSON, features

NOT_FOUND = "Expected one of the addresses that /openapi.json lists. Check the path."
OTHER_METHOD = "Expected one of the methods of the Allow header. Use that."
KEY = "1 to 255 printable ASCII characters in Idempotency-Key"

TABLE = [
    *refused(
        "GET /",
        ("the root", "", {}, None, "not-found", NOT_FOUND),
    ),
    *refused(
        "GET /v1/nothing",
        ("an unknown address", "", {}, None, "not-found", NOT_FOUND),
    ),
    *refused(
        "GET /docs",
        ("pages of the framework", "", {}, None, "not-found", NOT_FOUND),
    ),
    *refused(
        "GET /../../etc/passwd",
        ("path traversal", "/v1/..%2F..%2Fetc%2Fpasswd", {}, None, "not-found", NOT_FOUND),
    ),
    *refused(
        "POST /v1/score",
        ("a trailing slash", "/v1/score/", JSON, b"{}", "not-found", NOT_FOUND),
        ("a second slash", "/v1//score", JSON, b"{}", "not-found", NOT_FOUND),
        ("in capitals", "/v1/SCORE", JSON, b"{}", "not-found", NOT_FOUND),
    ),
    *refused(
        "GET /v1/score",
        ("another method", "", {}, None, "method-not-allowed", OTHER_METHOD),
    ),
    *refused(
        "PUT /v1/scores",
        ("another method", "", {}, None, "method-not-allowed", OTHER_METHOD),
    ),
    *refused(
        "POST /v1/model",
        ("another method", "", {}, None, "method-not-allowed", OTHER_METHOD),
    ),
    *refused(
        "PATCH /v1/events",
        ("another method", "", {}, None, "method-not-allowed", OTHER_METHOD),
    ),
    *refused(
        "BREW /v1/model",
        ("an invented method", "", {}, None, "method-not-allowed", OTHER_METHOD),
    ),
    *refused(
        "OPTIONS /v1/score",
        ("a question of a browser (CORS)", "", {}, None, "method-not-allowed", OTHER_METHOD),
    ),
    *sent_to(
        "POST /v1/score",
        ("Idempotency-Key empty", "", JSON | {"Idempotency-Key": ""}, features(), "", KEY, "other text"),
        ("Idempotency-Key of 256 characters", "", JSON | {"Idempotency-Key": "k" * 256}, features(), "", KEY, "other text"),
        ("Idempotency-Key not in ASCII", "", JSON | {"Idempotency-Key": "schl\xfcssel"}, features(), "", KEY, "other text"),
        ("Idempotency-Key with a tab", "", JSON | {"Idempotency-Key": "a\tb"}, features(), "", KEY, "other text"),
    ),
]
