"""Who was dealt to which arm, and what became of them."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Index, Integer, String, Table

from ebbtide.contracts.taken import MAX_ID_LENGTH
from ebbtide.store.schema.base import METADATA, Instant

ASSIGNMENTS = Table(
    "assignments",
    METADATA,
    Column("customer_id", String(MAX_ID_LENGTH), primary_key=True),
    Column("family", String(40), primary_key=True),
    Column("turn", Integer, primary_key=True),
    Column("prediction_id", String(32), nullable=False),
    Column("action_code", String(40), nullable=False),
    Column("arm", String(8), nullable=False),
    Column("propensity", Float, nullable=False),
    Column("policy_version", String(48), nullable=False),
    Column("definition", String(64), nullable=False),
    Column("p_churn", Float, nullable=False),
    Column("value", Float, nullable=False),
    Column("expected_cost", Float, nullable=False),
    Column("as_of", Instant, nullable=False),
    Column("assigned_at", Instant, nullable=False),
    Column("matures_at", Instant, nullable=False),
    Column("churned", Boolean),
    Column("outcome_observed_at", Instant),
    Column("accepted", Boolean),
    Column("delivered_at", Instant),
    Column("cost", Float),
    Index("assignments_by_action", "action_code", "turn"),
    Index("assignments_by_prediction", "prediction_id"),
)
"""A customer has one assignment of a family at a time: the next ``turn`` begins after the window of
the last has matured. Money is in the project's currency. What is known of the outcome and of the
delivery is null until it is reported; the last report counts."""

OUTCOMES = Table(
    "outcomes",
    METADATA,
    Column("outcome_id", String(32), primary_key=True),
    Column("customer_id", String(MAX_ID_LENGTH), nullable=False),
    Column("prediction_id", String(32)),
    Column("churned", Boolean),
    Column("observed_at", Instant, nullable=False),
    Column("known_at", Instant, nullable=False),
    Column("action_code", String(40)),
    Column("accepted", Boolean),
    Column("delivered_at", Instant),
    Column("cost", Float),
    Column("recorded_at", Instant, nullable=False),
    Index("outcomes_by_customer", "customer_id", "observed_at"),
    Index("outcomes_by_time", "recorded_at"),
)
"""Every report as it came, corrections too. ``churned`` is null where only delivery was told."""
