"""One index of current scores, and no constraint that is as dear as one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ebbtide.store.schema.base import Instant

revision = "0011"
down_revision = "0010"

_INDEX = ("current_scores_in_order", "current_scores", ["sequence", "risk_band", "action_code"])
_BEFORE = ("current_scores_by_band", "current_scores_by_action")

_WITHOUT_ANSWER = (
    "DELETE FROM current_scores WHERE prediction_id NOT IN (SELECT prediction_id FROM predictions)"
)


def upgrade() -> None:
    """Change the tables."""
    op.execute(_WITHOUT_ANSWER)
    for index in _BEFORE:
        op.drop_index(index, table_name="current_scores", if_exists=True)
    if op.get_bind().dialect.name == "sqlite":
        _make_anew()
    else:
        for constraint in ("prediction_id_fkey", "prediction_id_key", "sequence_key"):
            op.execute(
                f"ALTER TABLE current_scores DROP CONSTRAINT IF EXISTS current_scores_{constraint}"
            )
    op.create_index(*_INDEX, if_not_exists=True)


def _make_anew() -> None:
    """Copy the table: SQLite cannot drop a constraint."""
    op.create_table(
        "current_scores_anew",
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
        sa.PrimaryKeyConstraint("customer_id", name=op.f("current_scores_pkey")),
    )
    columns = (
        "customer_id, prediction_id, as_of, scored_at, valid_until, status, churn_probability, "
        "risk_band, action_code, definition, model_version, language, updated_at, sequence"
    )
    op.execute(
        f"INSERT INTO current_scores_anew ({columns}) SELECT {columns} FROM current_scores "
        "ORDER BY customer_id"
    )
    op.drop_table("current_scores")
    op.rename_table("current_scores_anew", "current_scores")
