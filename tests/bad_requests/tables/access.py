"""Requests that are not let in; ``<key: scope>`` stands for a key with that scope alone."""

# fmt: off
from __future__ import annotations

from bad_requests.bad import refused
from bad_requests.bodies import JSON, features

SHOW_A_KEY = "Expected a valid API key as Authorization: Bearer <key> or X-Api-Key: <key>, got none. Send one; whoever runs the service makes it with `ebbtide keys create`."
LACKS = "Expected a key with the scope {!r}, which this one lacks. Use another key, or ask for one made with `ebbtide keys create --scope {}`."

TABLE = [
    *refused(
        "POST /v1/score",
        ("no key", "", JSON, features(), "not-authenticated", SHOW_A_KEY),
        ("a key that is none", "", JSON | {"X-Api-Key": "ebt_none"}, features(), "not-authenticated", SHOW_A_KEY),
        ("Authorization empty", "", JSON | {"Authorization": ""}, features(), "not-authenticated", SHOW_A_KEY),
        ("a user and a password", "", JSON | {"Authorization": "Basic bWU6c2VjcmV0"}, features(), "not-authenticated", SHOW_A_KEY),
        ("a key with a blank", "", JSON | {"Authorization": "Bearer a b"}, features(), "not-authenticated", SHOW_A_KEY),
        ("a key of 8,193 characters", "", JSON | {"X-Api-Key": "k" * 8193}, features(), "not-authenticated", SHOW_A_KEY),
        ("a token without signature", "", JSON | {"Authorization": "Bearer eyJhbGciOiJub25lIn0.e30."}, features(), "not-authenticated", SHOW_A_KEY),
        ("two keys that differ", "", JSON | {"X-Api-Key": "<key: score>", "Authorization": "Bearer <key: read>"}, features(), "not-authenticated", SHOW_A_KEY),
        ("a key of another scope", "", JSON | {"X-Api-Key": "<key: read>"}, features(), "not-allowed", LACKS.format("score", "score")),
        ("a key of another scope, and no JSON", "", JSON | {"X-Api-Key": "<key: read>"}, b"{", "not-allowed", LACKS.format("score", "score")),
    ),
    *refused("GET /v1/scores", ("a key of another scope", "", {"X-Api-Key": "<key: score>"}, None, "not-allowed", LACKS.format("read", "read"))),
    *refused("POST /v1/events", ("a key of another scope", "", JSON | {"X-Api-Key": "<key: score>"}, b"{}", "not-allowed", LACKS.format("record", "record"))),
    *refused("POST /v1/jobs", ("a key of another scope", "", JSON | {"X-Api-Key": "<key: score>"}, b"{}", "not-allowed", LACKS.format("jobs", "jobs"))),
    *refused("GET /v1/webhooks", ("a key of another scope", "", {"X-Api-Key": "<key: jobs>"}, None, "not-allowed", LACKS.format("webhooks", "webhooks"))),
    *refused("DELETE /v1/customers/{customer_id}", ("a key of another scope", "/v1/customers/c-1", {"X-Api-Key": "<key: read>"}, None, "not-allowed", LACKS.format("privacy", "privacy"))),
    *refused("POST /v1/admin/model/reload", ("a key of another scope", "", {"X-Api-Key": "<key: watch>"}, None, "not-allowed", LACKS.format("admin", "admin"))),
    *refused("GET /metrics", ("a key of another scope", "", {"X-Api-Key": "<key: score>"}, None, "not-allowed", LACKS.format("watch", "watch"))),
]
