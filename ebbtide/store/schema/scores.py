"""Snapshots as they were published, and the log of what was answered."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from ebbtide.store.schema.base import CUSTOMER_ID_LENGTH, METADATA, Instant

FEATURE_SETS = Table(
    "feature_sets",
    METADATA,
    Column("id", String(16), primary_key=True),
    Column("names", Text, nullable=False),
    Column("catalogue_version", String(64)),
    Column("definition", String(64)),
    Column("lookback_days", Integer),
)
"""Lists of feature names (JSON) with what the features were computed with, by the hash of both.
Values lie beside as packed little-endian doubles in that order, NaN for missing: 100,000 snapshots
are written in a few seconds. For the log, where the version of the model says what they were
computed with, and in databases from before it was kept, the last three are null."""

SNAPSHOTS = Table(
    "snapshots",
    METADATA,
    Column("customer_id", String(CUSTOMER_ID_LENGTH), primary_key=True),
    Column("as_of", Instant, primary_key=True),
    Column("feature_set_id", ForeignKey(FEATURE_SETS.c.id), nullable=False),
    Column("feature_values", LargeBinary, nullable=False),
)

PREDICTIONS = Table(
    "predictions",
    METADATA,
    Column("prediction_id", String(32), primary_key=True),
    Column("customer_id", String(CUSTOMER_ID_LENGTH), nullable=False),
    Column("scored_at", Instant, nullable=False),
    Column("as_of", Instant, nullable=False),
    Column("status", String(16), nullable=False),
    Column("churn_probability", Float),
    Column("risk_band", String(8)),
    Column("action_code", String(40)),
    Column("model_version", String(64), nullable=False),
    Column("policy_version", String(48), nullable=False),
    Column("feature_set_id", ForeignKey(FEATURE_SETS.c.id), nullable=False),
    Column("feature_values", LargeBinary, nullable=False),
    Column("answer", Text, nullable=False),
    Index("predictions_by_customer", "customer_id", "scored_at"),
    Index("predictions_by_time", "scored_at"),
)
"""The log: what is asked for often as columns, the whole answer as JSON beside it."""
