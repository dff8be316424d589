"""All tables of bad requests, by the page's headings."""

from __future__ import annotations

from dataclasses import replace

from bad_requests.tables import (
    access,
    addresses,
    admin,
    jobs,
    json_bodies,
    looking_up,
    privacy,
    recording,
    score,
    scores,
    webhooks,
    what_if,
)

TABLES = {
    "Any body in JSON": json_bodies.TABLE,
    "Scoring one customer": score.TABLE,
    "Scoring many": scores.TABLE,
    "What-if": what_if.TABLE,
    "Looking up": looking_up.TABLE,
    "Events and outcomes": recording.TABLE,
    "Jobs": jobs.TABLE,
    "Webhooks": webhooks.TABLE,
    "Privacy": privacy.TABLE,
    "Administration and effects": admin.TABLE,
    "Keys and scopes": access.TABLE,
    "Addresses, methods, headers": addresses.TABLE,
}
"""Heading and rows."""

TAKE_JSON = (
    ("POST /v1/score", ""),
    ("POST /v1/scores", ""),
    ("POST /v1/what-if", ""),
    ("POST /v1/events", ""),
    ("POST /v1/outcomes", ""),
    ("POST /v1/webhooks", ""),
    ("PATCH /v1/webhooks/{webhook_id}", "/v1/webhooks/{webhook}"),
    ("PUT /v1/customers/{customer_id}/preferences", "/v1/customers/c-1/preferences"),
    ("POST /v1/admin/model/promote", ""),
    ("POST /v1/admin/model/rollback", ""),
)
"""Every route whose body is JSON and nothing else; jobs take files, too."""

LET_IN = [
    bad
    for heading, table in TABLES.items()
    if heading not in ("Any body in JSON", "Keys and scopes")
    for bad in table
] + [
    replace(bad, route=route, target=target)
    for bad in json_bodies.TABLE
    for route, target in TAKE_JSON
]
"""What is refused though its sender may ask: each table, and each bad body at each route."""
