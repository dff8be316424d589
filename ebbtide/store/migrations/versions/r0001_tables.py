"""The first tables. A database from before there were steps keeps what it has."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Integer, String, inspect

from ebbtide.store.schema.every import METADATA

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables that are not there."""
    connection = op.get_bind()
    METADATA.create_all(connection)
    present = {each["name"] for each in inspect(connection).get_columns("feature_sets")}
    for column in (
        Column("catalogue_version", String(64)),
        Column("definition", String(64)),
        Column("lookback_days", Integer),
    ):
        if column.name not in present:
            op.add_column("feature_sets", column)
