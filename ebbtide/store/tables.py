"""The tables of the store, for any database that SQLAlchemy speaks to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import (
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect


class Instant(TypeDecorator[datetime]):
    """An aware instant, always UTC; databases without time zones hold it as UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn any aware instant into UTC."""
        if value is None:
            return None
        utc = value.astimezone(UTC)
        return utc if dialect.name == "postgresql" else utc.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the zone back where the database dropped it."""
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=UTC)


METADATA = MetaData()

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
    Column("customer_id", String(128), primary_key=True),
    Column("as_of", Instant, primary_key=True),
    Column("feature_set_id", ForeignKey(FEATURE_SETS.c.id), nullable=False),
    Column("feature_values", LargeBinary, nullable=False),
)

PREDICTIONS = Table(
    "predictions",
    METADATA,
    Column("prediction_id", String(32), primary_key=True),
    Column("customer_id", String(128), nullable=False),
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
