"""Jobs: a file of rows, how far it is, and what became of each row."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
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

from ebbtide.store.schema.base import METADATA, Instant

JOBS = Table(
    "jobs",
    METADATA,
    Column("job_id", String(32), primary_key=True),
    Column("caller", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("source", String(16), nullable=False),
    Column("language", String(8), nullable=False),
    Column("with_reasons", Boolean, nullable=False),
    Column("received_bytes", BigInteger, nullable=False),
    Column("place", Text),
    Column("next_chunk", Integer, nullable=False),
    Column("progress", Float, nullable=False),
    Column("rows_done", BigInteger, nullable=False),
    Column("rows_failed", BigInteger, nullable=False),
    Column("rows_total", BigInteger),
    Column("model_versions", Text, nullable=False),
    Column("policy_versions", Text, nullable=False),
    Column("problem_kind", String(40)),
    Column("problem_detail", Text),
    Column("created_at", Instant, nullable=False),
    Column("started_at", Instant),
    Column("finished_at", Instant),
    Column("expires_at", Instant),
    Column("lease_owner", String(32)),
    Column("lease_until", Instant),
    Column("leases_in_vain", Integer, nullable=False),
    Column("erasures", Integer, nullable=False),
    Index("jobs_by_state", "state", "created_at"),
    Index("jobs_by_caller", "caller", "created_at", "job_id"),
)
"""``place`` says where the next chunk of the input begins (JSON; null is the beginning).
``leases_in_vain`` counts leases since the last chunk that was kept, ``erasures`` the customers who
were erased while the job was under way. While a file is received, the lease is its receiver's."""

JOB_INPUTS = Table(
    "job_inputs",
    METADATA,
    Column("job_id", ForeignKey(JOBS.c.job_id), primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)
"""The file as it came, in parts of one size; only the last is shorter."""

JOB_RESULTS = Table(
    "job_results",
    METADATA,
    Column("job_id", ForeignKey(JOBS.c.job_id), primary_key=True),
    Column("chunk", Integer, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)
"""One JSON object a line for each row of a chunk, compressed (zlib)."""

JOB_ERASURES = Table(
    "job_erasures",
    METADATA,
    Column("job_id", ForeignKey(JOBS.c.job_id), primary_key=True),
    Column("digest", String(64), primary_key=True),
)
"""Who must not be answered about any more, as a hash, while the input still names them."""
