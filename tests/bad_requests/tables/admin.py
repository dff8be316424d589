"""Bad requests of operators."""

# fmt: off
from __future__ import annotations

from bad_requests.bad import asked, faults, refused, sent_to

WHY = "a string of 1 to 300 printable characters"
NAMES = "only known names"

TABLE = [
    *faults(
        "POST /v1/admin/model/promote",
        ("an array", [], "", "an object", "array"),
        ("no why", {}, "/why", WHY, "nothing"),
        ("why empty", {"why": ""}, "/why", WHY, "empty string"),
        ("why too long", {"why": "x" * 5000}, "/why", WHY, "string too long"),
        ("why with a line break", {"why": "a\nb"}, "/why", WHY, "unprintable string"),
        ("version a number", {"why": "w", "version": 7}, "/version", "a string of 1 to 40 printable characters", "number"),
        ("version too long", {"why": "w", "version": "7" * 21}, "/version", "a version: digits", "other string"),
        ("version an option", {"why": "w", "version": "1 --config=/etc/passwd"}, "/version", "a version: digits", "other string"),
        ("a code with a slash", {"why": "w", "accept": ["../x"]}, "/accept/0", "a code of small letters and underscores", "other string"),
        ("accept a string", {"why": "w", "accept": "older"}, "/accept", "an array of at most 40 codes", "string"),
        ("accept of numbers", {"why": "w", "accept": [1]}, "/accept/0", "a string of 1 to 40 printable characters", "number"),
        ("41 codes to accept", {"why": "w", "accept": ["a"] * 41}, "/accept", "an array of at most 40 codes", "too many"),
        ("another member", {"why": "w", "config": "/etc/passwd"}, "", NAMES, "unknown name"),
    ),
    *faults(
        "POST /v1/admin/model/rollback",
        ("no why", {}, "/why", WHY, "nothing"),
        ("why a boolean", {"why": True}, "/why", WHY, "boolean"),
        ("a version", {"why": "w", "version": "1"}, "", NAMES, "unknown name"),
    ),
    *asked(
        "GET /v1/admin/audit",
        ("limit 0", "/v1/admin/audit?limit=0", "/limit", "a number of 1 or more", "number out of range"),
        ("limit a word", "/v1/admin/audit?limit=all", "/limit", "a whole number", "other text"),
        ("a cursor that is none", "/v1/admin/audit?cursor=x", "/cursor", "next_cursor of the page before, of the same list", "another text"),
        ("limit twice", "/v1/admin/audit?limit=1&limit=2", "/limit", "each parameter once", "it twice"),
        ("another parameter", "/v1/admin/audit?since=2026", "", "only limit, cursor", "unknown parameter"),
    ),
    *refused(
        "GET /v1/campaigns/{action}/effect",
        ("an unknown action", "/v1/campaigns/none/effect", {}, None, "unknown-action", "Expected the code of an action of the policy, or of one that was assigned before, and this is neither. GET /v1/actions lists the policy's."),
    ),
    *asked(
        "GET /v1/campaigns/{action}/effect",
        ("a code of 41 characters", "/v1/campaigns/" + "a" * 41 + "/effect", "/action", "a text of at most 40 characters", "text too long"),
    ),
    *asked(
        "GET /v1/monitoring",
        ("days 0", "/v1/monitoring?days=0", "/days", "a number of 1 or more", "number out of range"),
        ("days 91", "/v1/monitoring?days=91", "/days", "a number of 90 or less", "number out of range"),
        ("days a word", "/v1/monitoring?days=week", "/days", "a whole number", "other text"),
        ("days twice", "/v1/monitoring?days=7&days=30", "/days", "each parameter once", "it twice"),
        ("another parameter", "/v1/monitoring?day=30", "", "only days", "unknown parameter"),
    ),
    *sent_to(
        "POST /v1/admin/model/reload",
        ("Idempotency-Key of 256 characters", "", {"Idempotency-Key": "k" * 256}, None, "", "1 to 255 printable ASCII characters in Idempotency-Key", "other text"),
    ),
]
