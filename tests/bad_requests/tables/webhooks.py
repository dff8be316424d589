"""Bad webhooks."""

# fmt: off
from __future__ import annotations

from bad_requests.bad import asked, faults, refused, sent_to
from bad_requests.bodies import JSON, webhook

NO_WEBHOOK = "Expected the id of a webhook, and there is none by this id. GET /v1/webhooks lists them."
KINDS_ONCE = "an array of one or more of risk_band.changed, job.finished, model.promoted, alarm.raised, alarm.cleared, each once"
NAMES = "only known names"

TABLE = [
    *faults(
        "POST /v1/webhooks",
        ("an array", [], "", "an object", "array"),
        ("no url", {"kinds": ["job.finished"]}, "/url", "a string of 1 to 2000 printable characters", "nothing"),
        ("url a number", webhook(url=7), "/url", "a string of 1 to 2000 printable characters", "number"),
        ("url http", webhook(url="http://crm.example/hook"), "/url", "a URL that begins with https://", "another address"),
        ("url of this machine", webhook(url="https://127.0.0.1/hook"), "/url", "an address of the open internet", "another address"),
        ("url of this machine in IPv6", webhook(url="https://[::1]/hook"), "/url", "an address of the open internet", "another address"),
        ("url of the cloud's metadata", webhook(url="https://169.254.169.254/latest"), "/url", "an address of the open internet", "another address"),
        ("url of this machine as one number", webhook(url="https://2130706433/"), "/url", "a host name, or an address in its usual form", "another address"),
        ("url of a private network", webhook(url="https://10.0.0.7/hook"), "/url", "an address of the open internet", "another address"),
        ("url with a password", webhook(url="https://me:secret@crm.example/hook"), "/url", "a URL without user name, password, fragment and backslash", "another address"),
        ("url of another scheme", webhook(url="file:///etc/passwd"), "/url", "a URL that begins with https://", "another address"),
        ("url at another port", webhook(url="https://crm.example:22/"), "/url", "port 443, or one from 1024 on", "another address"),
        ("url with a line break", webhook(url="https://crm.example/\r\nX-Injected: 1"), "/url", "a string of 1 to 2000 printable characters", "unprintable string"),
        ("url of 3,000 characters", webhook(url="https://crm.example/" + "a" * 3000), "/url", "a string of 1 to 2000 printable characters", "string too long"),
        ("url without host", webhook(url="https:///hook"), "/url", "a host name, or an address in its usual form", "another address"),
        ("no kinds", {"url": "https://crm.example/hook"}, "/kinds", KINDS_ONCE, "nothing"),
        ("kinds empty", webhook(kinds=[]), "/kinds", KINDS_ONCE, "empty array"),
        ("kinds a string", webhook(kinds="job.finished"), "/kinds", KINDS_ONCE, "string"),
        ("kinds unknown", webhook(kinds=["score.changed"]), "/kinds", KINDS_ONCE, "array with other values"),
        ("kinds twice", webhook(kinds=["job.finished"] * 2), "/kinds", KINDS_ONCE, "array with other values"),
        ("description a number", webhook(description=7), "/description", "a string of 1 to 200 printable characters", "number"),
        ("description too long", webhook(description="x" * 5000), "/description", "a string of 1 to 200 printable characters", "string too long"),
        ("another member", webhook(secret="whsec_mine"), "", NAMES, "unknown name"),
    ),
    *sent_to(
        "PATCH /v1/webhooks/{webhook_id}",
        ("an array", "/v1/webhooks/{webhook}", JSON, [], "", "an object", "array"),
        ("nothing to change", "/v1/webhooks/{webhook}", JSON, {}, "", "kinds, description or is_enabled", "none of them"),
        ("all null", "/v1/webhooks/{webhook}", JSON, {"kinds": None, "is_enabled": None}, "", "kinds, description or is_enabled", "none of them"),
        ("url", "/v1/webhooks/{webhook}", JSON, {"url": "https://other.example/"}, "", NAMES, "unknown name"),
        ("is_enabled a string", "/v1/webhooks/{webhook}", JSON, {"is_enabled": "no"}, "/is_enabled", "true or false", "string"),
        ("kinds empty", "/v1/webhooks/{webhook}", JSON, {"kinds": []}, "/kinds", KINDS_ONCE, "empty array"),
        ("description with a control character", "/v1/webhooks/{webhook}", JSON, {"description": "\x1b[31m"}, "/description", "a string of 1 to 200 printable characters", "unprintable string"),
    ),
    *refused(
        "GET /v1/webhooks/{webhook_id}",
        ("an unknown webhook", "/v1/webhooks/none", {}, None, "unknown-webhook", NO_WEBHOOK),
        ("path traversal", "/v1/webhooks/..%2Fkeys", {}, None, "not-found", "Expected one of the addresses that /openapi.json lists. Check the path."),
    ),
    *refused(
        "PATCH /v1/webhooks/{webhook_id}",
        ("an unknown webhook", "/v1/webhooks/none", JSON, {"is_enabled": False}, "unknown-webhook", NO_WEBHOOK),
    ),
    *refused(
        "DELETE /v1/webhooks/{webhook_id}",
        ("an unknown webhook", "/v1/webhooks/none", {}, None, "unknown-webhook", NO_WEBHOOK),
    ),
    *refused(
        "POST /v1/webhooks/{webhook_id}/rotate",
        ("an unknown webhook", "/v1/webhooks/none/rotate", {}, None, "unknown-webhook", NO_WEBHOOK),
    ),
    *refused(
        "POST /v1/webhooks/{webhook_id}/test",
        ("an unknown webhook", "/v1/webhooks/none/test", {}, None, "unknown-webhook", NO_WEBHOOK),
    ),
    *asked(
        "GET /v1/webhooks/{webhook_id}/deliveries",
        ("limit 0", "/v1/webhooks/{webhook}/deliveries?limit=0", "/limit", "a number of 1 or more", "number out of range"),
        ("limit twice", "/v1/webhooks/{webhook}/deliveries?limit=1&limit=2", "/limit", "each parameter once", "it twice"),
        ("another parameter", "/v1/webhooks/{webhook}/deliveries?state=failed", "", "only limit, cursor", "unknown parameter"),
        ("a cursor that is none", "/v1/webhooks/{webhook}/deliveries?cursor=1", "/cursor", "next_cursor of the page before, of the same list", "another text"),
    ),
    *asked(
        "GET /v1/webhooks",
        ("another parameter", "/v1/webhooks?limit=5", "", "no parameters", "unknown parameter"),
    ),
]
