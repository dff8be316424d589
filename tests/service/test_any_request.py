"""Whatever is sent, the answer is a score or a problem, never a failure."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NAMES = (
    "customer_id",
    "as_of",
    "value",
    "contact_opt_out",
    "features",
    "events",
    "rows",
    "transactions",
    "occurred_at",
    "amount",
    "opened_at",
    "complaints",
    "recency_days",
    "spend_365d",
    "purchase_days_90d",
    "complaints_90d",
    "payments_overdue",
)
WORDS = ("2026-01-01T00:00:00Z", "2026-01-01", "0001-01-01T00:00:00+23:59", "c-1", "\ud800", "\0")
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.sampled_from(WORDS),
    st.text(max_size=5),
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(st.sampled_from(NAMES), st.text(max_size=3)), inner, max_size=6),
    ),
    max_leaves=25,
)
good = {
    "recency_days": st.floats(0, 1e300),
    "spend_365d": st.floats(0, 1e15),
    "purchase_days_90d": st.integers(0, 90),
    "complaints_90d": st.integers(0, 10**15),
    "payments_overdue": st.floats(0, 1e15),
}
bought = st.fixed_dictionaries(
    {
        "occurred_at": st.datetimes(timezones=st.timezones()).map(lambda t: t.isoformat()),
        "amount": st.floats(-1e12, 1e12),
    },
    optional={"quantity": st.floats(-9.9e13, 9.9e13), "discount": st.floats(0, 1e12)},
)


def post(client, path, body):
    text = json.dumps(body)
    response = client.post(path, content=text, headers={"Content-Type": "application/json"})
    assert response.status_code in (200, 400, 404, 409, 422), text
    response.json()


@pytest.mark.property
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(values)
def test_any_json_is_answered(client, body):
    post(client, "/v1/score", body)
    post(client, "/v1/scores", {"rows": [body]})


@pytest.mark.property
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.fixed_dictionaries(good), st.floats(0, 1e12))
def test_any_numbers_within_range_are_answered(client, features, value):
    post(client, "/v1/score", {"customer_id": "c", "features": features, "value": value})


@pytest.mark.property
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(st.lists(bought, max_size=4))
def test_any_events_are_answered(client, transactions):
    post(client, "/v1/score", {"customer_id": "c", "events": {"transactions": transactions}})


@pytest.mark.property
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(st.binary(max_size=80))
def test_any_bytes_are_answered(client, body):
    response = client.post("/v1/score", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code in (400, 404, 422)
