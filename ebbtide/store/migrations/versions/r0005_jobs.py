"""First tables: jobs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ebbtide.store.schema.base import Instant

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Change the tables."""
    op.create_table(
        "jobs",
        sa.Column("job_id", sa.String(length=32), nullable=False),
        sa.Column("caller", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("with_reasons", sa.Boolean(), nullable=False),
        sa.Column("received_bytes", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("next_chunk", sa.Integer(), nullable=False),
        sa.Column("progress", sa.Float(), nullable=False),
        sa.Column("rows_done", sa.BigInteger(), nullable=False),
        sa.Column("rows_failed", sa.BigInteger(), nullable=False),
        sa.Column("rows_total", sa.BigInteger(), nullable=True),
        sa.Column("model_versions", sa.Text(), nullable=False),
        sa.Column("policy_versions", sa.Text(), nullable=False),
        sa.Column("problem_kind", sa.String(length=40), nullable=True),
        sa.Column("problem_detail", sa.Text(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("started_at", Instant(), nullable=True),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.Column("expires_at", Instant(), nullable=True),
        sa.Column("lease_owner", sa.String(length=32), nullable=True),
        sa.Column("lease_until", Instant(), nullable=True),
        sa.Column("leases_in_vain", sa.Integer(), nullable=False),
        sa.Column("erasures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", name=op.f("jobs_pkey")),
        if_not_exists=True,
    )
    op.create_index(
        "jobs_by_caller",
        "jobs",
        ["caller", "created_at", "job_id"],
        unique=False,
        if_not_exists=True,
    )
    op.create_index(
        "jobs_by_state", "jobs", ["state", "created_at"], unique=False, if_not_exists=True
    )
    op.create_table(
        "job_erasures",
        sa.Column("job_id", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.job_id"], name=op.f("job_erasures_job_id_fkey")),
        sa.PrimaryKeyConstraint("job_id", "digest", name=op.f("job_erasures_pkey")),
        if_not_exists=True,
    )
    op.create_table(
        "job_inputs",
        sa.Column("job_id", sa.String(length=32), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.job_id"], name=op.f("job_inputs_job_id_fkey")),
        sa.PrimaryKeyConstraint("job_id", "part", name=op.f("job_inputs_pkey")),
        if_not_exists=True,
    )
    op.create_table(
        "job_results",
        sa.Column("job_id", sa.String(length=32), nullable=False),
        sa.Column("chunk", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.job_id"], name=op.f("job_results_job_id_fkey")),
        sa.PrimaryKeyConstraint("job_id", "chunk", name=op.f("job_results_pkey")),
        if_not_exists=True,
    )
