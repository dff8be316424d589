"""The log by time, those of one instant by their ids."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Change the tables."""
    op.drop_index("predictions_by_time", table_name="predictions", if_exists=True)
    op.create_index("predictions_by_time", "predictions", ["scored_at", "prediction_id"])
