"""Snapshots as they were published, and the log of what was answered."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from ebbtide.contracts.taken import MAX_ID_LENGTH
from ebbtide.store.schema.base import METADATA, Instant

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
    Column("customer_id", String(MAX_ID_LENGTH), primary_key=True),
    Column("as_of", Instant, primary_key=True),
    Column("feature_set_id", ForeignKey(FEATURE_SETS.c.id), nullable=False),
    Column("feature_values", LargeBinary, nullable=False),
)

PREDICTIONS = Table(
    "predictions",
    METADATA,
    Column("prediction_id", String(32), primary_key=True),
    Column("customer_id", String(MAX_ID_LENGTH), nullable=False),
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
    Index("predictions_by_time", "scored_at", "prediction_id"),
)
"""The log: what is asked for often as columns, the whole answer as JSON beside it."""

CURRENT_SCORES = Table(
    "current_scores",
    METADATA,
    Column("customer_id", String(MAX_ID_LENGTH), primary_key=True),
    Column("prediction_id", String(32), nullable=False),
    Column("as_of", Instant, nullable=False),
    Column("scored_at", Instant, nullable=False),
    Column("valid_until", Instant, nullable=False),
    Column("status", String(16), nullable=False),
    Column("churn_probability", Float),
    Column("risk_band", String(8)),
    Column("action_code", String(40)),
    Column("definition", String(64), nullable=False),
    Column("model_version", String(64), nullable=False),
    Column("language", String(2), nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Index("current_scores_in_order", "sequence", "risk_band", "action_code"),
)
"""The newest answer about each customer; what it says in full is in the log.

An index costs two changed pages with every answer, and so does a constraint that needs one. So
there is one index: in the order of changes, with what lists are asked for by beside it; a list that
finds nobody among a million goes through it in 0.06 s. Whoever deletes from the log deletes here,
too (``ebbtide.store.retention``, ``ebbtide.store.erasure``)."""

SCORE_SEQUENCE = Table(
    "score_sequence",
    METADATA,
    Column("only", Integer, primary_key=True, autoincrement=False),
    Column("epoch", String(32), nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("last_at", Instant, nullable=False),
)
"""One row: the last number that a current score got, and when. Cursors of another epoch are void:
after a restore the numbers begin again from an older state."""
