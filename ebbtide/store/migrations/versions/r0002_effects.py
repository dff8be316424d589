"""First tables: effects."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ebbtide.store.schema.base import Instant

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Change the tables."""
    op.create_table(
        "assignments",
        sa.Column("customer_id", sa.String(length=128), nullable=False),
        sa.Column("family", sa.String(length=40), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("prediction_id", sa.String(length=32), nullable=False),
        sa.Column("action_code", sa.String(length=40), nullable=False),
        sa.Column("arm", sa.String(length=8), nullable=False),
        sa.Column("propensity", sa.Float(), nullable=False),
        sa.Column("policy_version", sa.String(length=48), nullable=False),
        sa.Column("definition", sa.String(length=64), nullable=False),
        sa.Column("p_churn", sa.Float(), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("expected_cost", sa.Float(), nullable=False),
        sa.Column("as_of", Instant(), nullable=False),
        sa.Column("assigned_at", Instant(), nullable=False),
        sa.Column("matures_at", Instant(), nullable=False),
        sa.Column("churned", sa.Boolean(), nullable=True),
        sa.Column("outcome_observed_at", Instant(), nullable=True),
        sa.Column("accepted", sa.Boolean(), nullable=True),
        sa.Column("delivered_at", Instant(), nullable=True),
        sa.Column("cost", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("customer_id", "family", "turn", name=op.f("assignments_pkey")),
        if_not_exists=True,
    )
    op.create_index(
        "assignments_by_action",
        "assignments",
        ["action_code", "turn"],
        unique=False,
        if_not_exists=True,
    )
    op.create_index(
        "assignments_by_prediction",
        "assignments",
        ["prediction_id"],
        unique=False,
        if_not_exists=True,
    )
    op.create_table(
        "outcomes",
        sa.Column("outcome_id", sa.String(length=32), nullable=False),
        sa.Column("customer_id", sa.String(length=128), nullable=False),
        sa.Column("prediction_id", sa.String(length=32), nullable=True),
        sa.Column("churned", sa.Boolean(), nullable=True),
        sa.Column("observed_at", Instant(), nullable=False),
        sa.Column("known_at", Instant(), nullable=False),
        sa.Column("action_code", sa.String(length=40), nullable=True),
        sa.Column("accepted", sa.Boolean(), nullable=True),
        sa.Column("delivered_at", Instant(), nullable=True),
        sa.Column("cost", sa.Float(), nullable=True),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("outcome_id", name=op.f("outcomes_pkey")),
        if_not_exists=True,
    )
    op.create_index(
        "outcomes_by_customer",
        "outcomes",
        ["customer_id", "observed_at"],
        unique=False,
        if_not_exists=True,
    )
    op.create_index(
        "outcomes_by_time", "outcomes", ["recorded_at"], unique=False, if_not_exists=True
    )
