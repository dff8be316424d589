"""Time and memory of the whole catalogue: ``python -m benchmarks.features``.

In one run: DuckDB scanning every column and grouping once, pandas and polars computing a few of
the features, then one snapshot and twelve monthly ones of the whole catalogue, and one computed by
DuckDB instead of the arrays. Each in a process of its own, the fastest of so many rounds. Prints
tables, and keeps them in ``benchmarks/results/``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.commit import commit
from ebbtide.definition import ChurnDefinition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from features.tables import Tables

RESULTS = Path(__file__).resolve().parent / "results"
AS_OF = datetime(2025, 1, 1, tzinfo=UTC)
MONTHS = [datetime(2024, month, 1, tzinfo=UTC) for month in range(2, 13)] + [AS_OF]
LOOKBACK_DAYS = 365
DEFINITION = ChurnDefinition(horizon_days=90, gap_days=0, active_within_days=LOOKBACK_DAYS)
TABLES = (
    "transactions",
    "activity",
    "complaints",
    "surveys",
    "payments",
    "balances",
    "subscriptions",
    "customers",
)


@dataclass(slots=True)
class Stopwatch:
    """Times the parts of a job."""

    parts: dict[str, float] = field(default_factory=dict)
    _since: float = field(default_factory=time.perf_counter)

    def lap(self, part: str) -> None:
        """Add the time since the last lap to a part."""
        now = time.perf_counter()
        self.parts[part] = self.parts.get(part, 0.0) + now - self._since
        self._since = now


def scan(folder: Path, watch: Stopwatch) -> int:
    """Scan the columns of every file and group once, with DuckDB."""
    import duckdb

    watch.lap("start Python")
    with duckdb.connect() as connection:
        for name in TABLES:
            connection.sql(f"SELECT max(COLUMNS(*)) FROM '{folder / name}.parquet'").fetchall()
        watch.lap("scan every column")
        connection.sql(
            "SELECT customer_id, count(*), sum(amount), max(occurred_at) "
            f"FROM '{folder / 'transactions'}.parquet' GROUP BY customer_id"
        ).to_arrow_table()
        watch.lap("group by customer")
    return 4


def pandas(folder: Path, watch: Stopwatch) -> int:
    """Compute recency, frequency and money in four windows, with pandas."""
    import pandas as pd

    watch.lap("start Python")
    log = pd.read_parquet(
        folder / "transactions.parquet", columns=["customer_id", "occurred_at", "amount"]
    )
    watch.lap("read")
    log["amount"] = log["amount"].astype(float)
    age = (AS_OF.replace(tzinfo=None) - log["occurred_at"]).dt.total_seconds() / 86_400
    log = log.assign(age=age, day=age.astype(int))
    log = log[(age > 0) & (age <= LOOKBACK_DAYS) & (log["amount"] >= 0)]
    days = log.groupby(["customer_id", "day"], as_index=False).agg(
        amount=("amount", "sum"), age=("age", "min")
    )
    frame = days.groupby("customer_id").agg(recency=("age", "min"))
    for window in (30, 90, 180, 365):
        part = days[days["day"] < window].groupby("customer_id")["amount"].agg(["size", "sum"])
        frame = frame.join(part.add_suffix(f"_{window}"))
    watch.lap("compute")
    return frame.shape[1]


def polars(folder: Path, watch: Stopwatch) -> int:
    """Compute the same with polars."""
    import polars as pl

    watch.lap("start Python")
    age = (pl.lit(AS_OF.replace(tzinfo=None)) - pl.col("occurred_at")).dt.total_microseconds()
    days = (
        pl.scan_parquet(folder / "transactions.parquet")
        .select("customer_id", "amount", age=age / 86_400_000_000)
        .filter((pl.col("age") > 0) & (pl.col("age") <= LOOKBACK_DAYS) & (pl.col("amount") >= 0))
        .group_by("customer_id", day=pl.col("age").cast(pl.Int32))
        .agg(pl.col("amount").sum(), pl.col("age").min())
    )
    windows = [
        expression
        for window in (30, 90, 180, 365)
        for expression in (
            (pl.col("day") < window).sum().alias(f"size_{window}"),
            pl.col("amount").filter(pl.col("day") < window).sum().alias(f"sum_{window}"),
        )
    ]
    frame = days.group_by("customer_id").agg(pl.col("age").min(), *windows).collect()
    watch.lap("read and compute")
    return frame.width - 1


def one(folder: Path, watch: Stopwatch) -> int:
    """Build one snapshot of the whole catalogue."""
    return _snapshots(folder, watch, [AS_OF])


def twelve(folder: Path, watch: Stopwatch) -> int:
    """Build twelve monthly snapshots of the whole catalogue."""
    return _snapshots(folder, watch, MONTHS)


def duckdb(folder: Path, watch: Stopwatch) -> int:
    """Build one snapshot of the whole catalogue with DuckDB, the parameters of its model given."""
    from benchmarks.live import BUYING
    from features.catalogue.catalogue import features_present
    from features.duckdb_snapshot import duckdb_snapshot
    from features.expectations import with_expectations

    tables = _opened(folder, watch)
    features = features_present(tables.columns)
    duckdb_snapshot(
        tables,
        as_of=AS_OF,
        features=with_expectations(features, BUYING, definition=DEFINITION),
        lookback_days=LOOKBACK_DAYS,
        definition=DEFINITION,
    )
    watch.lap("compute")
    return len(features)


def _opened(folder: Path, watch: Stopwatch) -> Tables:
    from features.tables import Tables, connect, load_relation

    watch.lap("start Python")
    tables = Tables(connection=connect("UTC"), columns={})
    for name in TABLES:
        tables.connection.execute(
            f"CREATE TEMP VIEW raw_{name} AS SELECT * FROM '{folder / name}.parquet'"
        )
        tables.columns[name] = load_relation(tables.connection, name)
    watch.lap("read and type")
    return tables


def _snapshots(folder: Path, watch: Stopwatch, instants: list[datetime]) -> int:
    # What a snapshot imports on its way: by pyarrow, and by the fit.
    import pandas  # noqa: F401
    import scipy.optimize  # noqa: F401

    from features.catalogue.catalogue import features_present
    from features.snapshot import SnapshotBuilder

    tables = _opened(folder, watch)
    features = features_present(tables.columns)
    builder = SnapshotBuilder.of(
        tables, features=features, lookback_days=LOOKBACK_DAYS, definition=DEFINITION
    )
    watch.lap("sort by customer")
    for as_of in instants:
        builder.fitted(as_of)
        watch.lap("fit the buying model and compute")
    return len(features)


JOBS = {job.__name__: job for job in (scan, pandas, polars, one, twelve, duckdb)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One job at one size."""

    job: str
    features: int
    parts: dict[str, float]
    peak_gigabytes: float

    @property
    def seconds(self) -> float:
        """Wall time without that of starting Python, which is to import what the job needs."""
        return sum(took for part, took in self.parts.items() if part != "start Python")


def measure(job: str, folder: Path, *, rounds: int) -> Measured:
    """Run a job in processes of its own and return the fastest round."""
    found = []
    for _ in range(rounds):
        run = subprocess.run(
            [sys.executable, "-m", "benchmarks.features", "--job", job, "--folder", str(folder)],
            cwd=RESULTS.parents[1],
            capture_output=True,
            text=True,
            check=True,
        )
        found.append(Measured(job=job, **json.loads(run.stdout)))
    return min(found, key=lambda each: each.seconds)


def _run(job: str, folder: Path) -> None:
    watch = Stopwatch()
    n_features = JOBS[job](folder, watch)
    bytes_per_unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * bytes_per_unit / 2**30
    print(json.dumps({"features": n_features, "parts": watch.parts, "peak_gigabytes": peak}))


def _compared(measured: list[Measured]) -> Iterator[str]:
    by_job = {each.job: each for each in measured}
    titles = (
        "job",
        "features",
        "imports, s",
        "wall, s",
        "over the scan",
        "peak, GB",
        "where it goes",
    )
    yield f"| {' | '.join(titles)} |"
    yield "|---|---|---|---|---|---|---|"
    for each in measured:
        parts = ", ".join(
            f"{part} {took:.2f}" for part, took in each.parts.items() if part != "start Python"
        )
        over = each.seconds / by_job["scan"].seconds
        yield (
            f"| {each.job} | {each.features} | {each.parts.get('start Python', 0.0):.2f} "
            f"| {each.seconds:.2f} | {over:.1f}x "
            f"| {each.peak_gigabytes:.2f} | {parts} |"
        )
    if "twelve" in by_job:
        yield ""
        yield f"Twelve snapshots take {by_job['twelve'].seconds / by_job['one'].seconds:.2f}x one."


def report(events: int, *, growth: list[int], rounds: int, folder: Path) -> Iterator[str]:
    """Yield the result as lines of Markdown."""
    # Not at the top: what it imports would be imported by each job before its time is taken.
    from benchmarks.feature_log import write_log

    yield "# Features: one snapshot and twelve of the whole catalogue"
    yield ""
    yield (
        f"{datetime.now(UTC).date()}, commit {commit()}, {os.cpu_count()} cores, "
        f"{platform.machine()}, Python {platform.python_version()}; the fastest of {rounds}. What "
        "a job imports (pandas too, which Arrow imports for numpy) is counted apart, for each."
    )
    for size in [events, *(other for other in growth if other != events)]:
        log = folder / str(size)
        rows = write_log(log, events=size)
        people = rows.pop("customers")
        yield ""
        yield f"## {sum(rows.values()):,} events of {people:,} customers"
        yield ""
        jobs = JOBS if size == events else ("scan", "one")
        yield from _compared([measure(job, log, rounds=rounds) for job in jobs])


def main() -> None:
    """Measure, print and keep the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--growth", type=int, nargs="*", default=[1_000_000, 50_000_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where logs are kept; default: thrown away")
    parser.add_argument("--job", choices=JOBS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.job is not None:
        _run(given.job, given.folder)
        return
    with tempfile.TemporaryDirectory() as scratch:
        lines = []
        folder = given.folder or Path(scratch)
        for line in report(given.events, growth=given.growth, rounds=given.rounds, folder=folder):
            print(line, flush=True)
            lines.append(line)
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"features-{given.events}.md"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
