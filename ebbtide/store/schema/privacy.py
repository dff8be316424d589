"""What customers have decided about their data, and that somebody was erased."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, String, Table

from ebbtide.contracts.taken import MAX_ID_LENGTH
from ebbtide.store.schema.base import METADATA, Instant

PREFERENCES = Table(
    "preferences",
    METADATA,
    Column("customer_id", String(MAX_ID_LENGTH), primary_key=True),
    Column("profiling_opt_out", Boolean, nullable=False),
    Column("contact_opt_out", Boolean, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

ERASURES = Table(
    "erasures",
    METADATA,
    Column("pseudonym", String(32), primary_key=True),
    Column("erased_at", Instant, nullable=False),
)
"""Who was erased when, by pseudonym; that of nobody, dated 1970, tells which key was used. The same
is in a file beside the database, so that restoring an older database does not bring anybody back.
"""
