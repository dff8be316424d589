"""Where a model comes from: data, code, libraries. Equal inputs give equal lineage."""

from __future__ import annotations

import hashlib
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.seen import at_instant, seen_sql
from training.log_profile import log_profile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from features.tables import Tables
    from training.snapshots import Snapshot

_SOURCE = Path(__file__).resolve().parent.parent
_WHOLE_LOG_DAYS = 36_500
_LIBRARIES = ("duckdb", "lightgbm", "numpy", "scikit-learn")


def data_hash(tables: Tables, *, now: datetime) -> str:
    """Return a hash of all that was known before an instant; the order of rows does not matter.

    Notes
    -----
    For every table the number of rows, and the sum of the lower halves of each row's MD5.
    """
    digest = hashlib.sha256()
    for name, columns in sorted(tables.columns.items()):
        seen = at_instant(
            seen_sql(name, columns), as_of=now, lookback_days=_WHOLE_LOG_DAYS, time_zone="UTC"
        )
        row = ", ".join(f"coalesce(CAST({column} AS VARCHAR), '')" for column in sorted(columns))
        query = (
            f"SELECT count(*), sum(CAST(md5_number_lower(concat_ws(chr(31), {row})) AS HUGEINT)) "
            f"FROM ({seen})"
        )
        counted, summed = tables.connection.sql(query).fetchall()[0]
        digest.update(f"{name} {sorted(columns)} {counted} {summed}\n".encode())
    return digest.hexdigest()[:16]


def lineage_of(
    tables: Tables, snapshots: Sequence[Snapshot], newest: Snapshot, *, seed: int
) -> dict[str, Any]:
    """Return what a bundle says of its origin.

    Parameters
    ----------
    tables : the typed tables.
    snapshots : the matured ones that the model learned from.
    newest : the snapshot at the time of training.
    seed : of everything random.
    """
    lineage = lineage_with(
        snapshots,
        trained_as_of=newest.as_of.isoformat(),
        data_hash=data_hash(tables, now=newest.as_of),
        instants=[taken.as_of.isoformat() for taken in snapshots],
        seed=seed,
    )
    return {**lineage, "log": log_profile(tables, now=newest.as_of)}


def lineage_with(
    snapshots: Sequence[Snapshot],
    *,
    trained_as_of: str,
    data_hash: str,
    instants: list[str],
    seed: int,
) -> dict[str, Any]:
    """Return what a bundle says of its origin, given what depends on the kind of data.

    Parameters
    ----------
    snapshots : those that the model learned from.
    trained_as_of : the instant of training, or ``undated``.
    data_hash : of the data.
    instants : of the snapshots.
    seed : of everything random.
    """
    return {
        "trained_as_of": trained_as_of,
        "data_hash": data_hash,
        "snapshots": instants,
        "rows": sum(len(taken.customer_ids) for taken in snapshots),
        "customers": len({c for taken in snapshots for c in taken.customer_ids.tolist()}),
        "seed": seed,
        "git_commit": git_commit(),
        "lock_hash": _lock_hash(),
        "libraries": {name: version(name) for name in _LIBRARIES},
    }


def git_commit() -> str | None:
    """Return the commit of the source, with ``+changes`` if files differ from it.

    None where the source is not a checkout of its own.
    """
    if _git("rev-parse", "--show-toplevel") != str(_SOURCE):
        return None
    changes = "+changes" if _git("status", "--porcelain", "--untracked-files=no") else ""
    return f"{_git('rev-parse', 'HEAD')}{changes}"


def _git(*words: str) -> str | None:
    try:
        asked = subprocess.run(
            ["git", *words], cwd=_SOURCE, capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return asked.stdout.strip() if asked.returncode == 0 else None


def _lock_hash() -> str | None:
    lock = _SOURCE / "requirements.lock"
    return hashlib.sha256(lock.read_bytes()).hexdigest()[:16] if lock.is_file() else None
