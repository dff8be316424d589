"""First tables: scores."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ebbtide.store.schema.base import Instant

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Change the tables."""
    op.create_table(
        "feature_sets",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("names", sa.Text(), nullable=False),
        sa.Column("catalogue_version", sa.String(length=64), nullable=True),
        sa.Column("definition", sa.String(length=64), nullable=True),
        sa.Column("lookback_days", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("feature_sets_pkey")),
        if_not_exists=True,
    )
    op.create_table(
        "score_sequence",
        sa.Column("only", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.String(length=32), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("last_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("only", name=op.f("score_sequence_pkey")),
        if_not_exists=True,
    )
    op.create_table(
        "predictions",
        sa.Column("prediction_id", sa.String(length=32), nullable=False),
        sa.Column("customer_id", sa.String(length=128), nullable=False),
        sa.Column("scored_at", Instant(), nullable=False),
        sa.Column("as_of", Instant(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("churn_probability", sa.Float(), nullable=True),
        sa.Column("risk_band", sa.String(length=8), nullable=True),
        sa.Column("action_code", sa.String(length=40), nullable=True),
        sa.Column("model_version", sa.String(length=64), nullable=False),
        sa.Column("policy_version", sa.String(length=48), nullable=False),
        sa.Column("feature_set_id", sa.String(length=16), nullable=False),
        sa.Column("feature_values", sa.LargeBinary(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["feature_set_id"], ["feature_sets.id"], name=op.f("predictions_feature_set_id_fkey")
        ),
        sa.PrimaryKeyConstraint("prediction_id", name=op.f("predictions_pkey")),
        if_not_exists=True,
    )
    op.create_index(
        "predictions_by_customer",
        "predictions",
        ["customer_id", "scored_at"],
        unique=False,
        if_not_exists=True,
    )
    op.create_index(
        "predictions_by_time", "predictions", ["scored_at"], unique=False, if_not_exists=True
    )
    op.create_table(
        "snapshots",
        sa.Column("customer_id", sa.String(length=128), nullable=False),
        sa.Column("as_of", Instant(), nullable=False),
        sa.Column("feature_set_id", sa.String(length=16), nullable=False),
        sa.Column("feature_values", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["feature_set_id"], ["feature_sets.id"], name=op.f("snapshots_feature_set_id_fkey")
        ),
        sa.PrimaryKeyConstraint("customer_id", "as_of", name=op.f("snapshots_pkey")),
        if_not_exists=True,
    )
    op.create_table(
        "current_scores",
        sa.Column("customer_id", sa.String(length=128), nullable=False),
        sa.Column("prediction_id", sa.String(length=32), nullable=False),
        sa.Column("as_of", Instant(), nullable=False),
        sa.Column("scored_at", Instant(), nullable=False),
        sa.Column("valid_until", Instant(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("churn_probability", sa.Float(), nullable=True),
        sa.Column("risk_band", sa.String(length=8), nullable=True),
        sa.Column("action_code", sa.String(length=40), nullable=True),
        sa.Column("definition", sa.String(length=64), nullable=False),
        sa.Column("model_version", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["prediction_id"],
            ["predictions.prediction_id"],
            name=op.f("current_scores_prediction_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("current_scores_pkey")),
        sa.UniqueConstraint("prediction_id", name=op.f("current_scores_prediction_id_key")),
        sa.UniqueConstraint("sequence", name=op.f("current_scores_sequence_key")),
        if_not_exists=True,
    )
    op.create_index(
        "current_scores_by_action",
        "current_scores",
        ["action_code", "sequence"],
        unique=False,
        if_not_exists=True,
    )
    op.create_index(
        "current_scores_by_band",
        "current_scores",
        ["risk_band", "sequence"],
        unique=False,
        if_not_exists=True,
    )
    op.create_index(
        "current_scores_by_time",
        "current_scores",
        ["updated_at", "sequence"],
        unique=False,
        if_not_exists=True,
    )
