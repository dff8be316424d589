"""Time to score a million customers: ``python -m benchmarks.batch``.

``ebbtide score --features`` with the benchmark's model, with reasons and without, beside LightGBM's
``Booster.predict`` on the same trees. Ours is the whole verb: start, reading, deciding, texts and
writing; of LightGBM the call alone is timed, the rows being in memory. Each in a process of its
own, two threads. Prints a table, kept in ``benchmarks/results/batch.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.commit import commit
from benchmarks.side_by_side.customers import draw_customers
from benchmarks.side_by_side.model import KEY, LEAVES, TREES, Made, made_in
from benchmarks.side_by_side.names import NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "benchmarks" / "results" / "batch.md"
KEPT = Path(tempfile.gettempdir()) / "ebbtide-side-by-side"
CUSTOMERS = 1_000_000
THREADS = 2
CONTRIBUTIONS_SHARE = 50
"""Contributions by LightGBM are timed on one row in so many, since all would take half an hour."""

_DRAWN_AT_ONCE = 100_000
_TOLERATED = 1e-10


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """One process.

    Parameters
    ----------
    seconds : wall time that counts, scaled to all customers.
    cpu_seconds : user and system, scaled alike.
    peak_mib : most resident memory of the process.
    """

    seconds: float
    cpu_seconds: float
    peak_mib: float


PREDICT, CONTRIB = "Booster.predict", "Booster.predict(pred_contrib=True)"
BRIEF, FULL = "ebbtide score --no-reasons", "ebbtide score"
REACHES = ((BRIEF, PREDICT, 4.0), (FULL, CONTRIB, 10.0))


def report(folder: Path, scratch: Path, *, customers: int, rounds: int) -> Iterator[str]:
    """Yield the result as lines of Markdown.

    Parameters
    ----------
    folder : where the model and the customers are kept.
    scratch : an empty folder.
    customers : how many to score.
    rounds : how often each; the median counts.
    """
    # Not in this process: what it once took, Linux counts for whoever it begins later.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as aside:
        made = aside.submit(made_in, folder).result()
        parquet, matrix = aside.submit(_customers_in, made.folder, customers).result()
    yield f"# Scoring {customers:,} customers"
    yield ""
    yield (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {platform.machine()}, Python "
        f"{platform.python_version()}, commit {commit()}, load of the machine by others and this "
        f"{os.getloadavg()[0]:.1f}. Made by `python -m benchmarks.batch`."
    )
    yield ""
    yield (
        f"LightGBM of {len(NAMES)} features and {TREES} trees of up to {LEAVES} leaves, the same "
        f"trees for both, {THREADS} threads. Ours is the whole verb, from a Parquet file to a "
        "Parquet file; LightGBM's is the call alone. Its contributions are timed on one row in "
        f"{CONTRIBUTIONS_SHARE} and scaled up. Median of {rounds} rounds, in turn."
    )
    yield ""
    found: dict[str, list[Timed]] = {}
    scored = scratch / "scored.parquet"
    for _ in range(rounds):
        for name, every in ((PREDICT, 1), (CONTRIB, CONTRIBUTIONS_SHARE)):
            found.setdefault(name, []).append(_lightgbm(made, matrix, every=every))
        for name, words in ((BRIEF, ("--no-reasons",)), (FULL, ())):
            found.setdefault(name, []).append(_ebbtide(made, parquet, scored, words))
            _check(made, matrix, scored)
        print(f"{time.strftime('%H:%M:%S')} a round is done", file=sys.stderr, flush=True)
    yield "| | seconds | customers/s | CPU s | peak MiB |"
    yield "|---|---:|---:|---:|---:|"
    medians = {name: _median(rounds_of) for name, rounds_of in found.items()}
    for name, each in medians.items():
        yield (
            f"| `{name}` | {each.seconds:,.1f} | {customers / each.seconds:,.0f} | "
            f"{each.cpu_seconds:,.1f} | {each.peak_mib:,.0f} |"
        )
    yield ""
    yield "| measure | reach | reached | holds |"
    yield "|---|---|---:|---|"
    for own, other, times in REACHES:
        ratio = medians[other].seconds / medians[own].seconds
        holds = "yes" if ratio >= times else "no"
        yield f"| `{own}` | >= {times:g}x `{other}` | {ratio:.1f}x | {holds} |"


def _customers_in(folder: Path, customers: int) -> tuple[Path, Path]:
    """Return files of the customers: as Parquet, and as a matrix in memory's own form."""
    parquet = folder / f"customers-{customers}.parquet"
    matrix = folder / f"customers-{customers}.npy"
    if parquet.exists() and matrix.exists():
        return parquet, matrix
    kept = np.lib.format.open_memmap(
        matrix, mode="w+", dtype=np.float64, shape=(customers, len(NAMES))
    )
    fields = [("customer_id", pa.string()), *((name, pa.float64()) for name in NAMES)]
    with pq.ParquetWriter(parquet, pa.schema(fields)) as writer:
        for start in range(0, customers, _DRAWN_AT_ONCE):
            count = min(_DRAWN_AT_ONCE, customers - start)
            rows = draw_customers(count, seed=start + 3).rows
            kept[start : start + count] = rows
            ids = pa.array([f"c-{start + number:07}" for number in range(count)])
            columns = [pa.array(column, from_pandas=True) for column in rows.T]
            writer.write_table(pa.table([ids, *columns], schema=pa.schema(fields)))
    kept.flush()
    return parquet, matrix


def _lightgbm(made: Made, matrix: Path, *, every: int) -> Timed:
    words = [sys.executable, "-m", "benchmarks.batch", "--time", str(made.booster), str(matrix)]
    told, usage = _run([*words, str(every)])
    timed = json.loads(told)
    return Timed(
        seconds=timed["seconds"] * every,
        cpu_seconds=timed["cpu_seconds"] * every,
        peak_mib=usage.ru_maxrss / 1024,
    )


def _time_lightgbm(booster_file: str, matrix: str, every: str) -> None:
    """Time a call in this process, and print it."""
    import lightgbm

    step = int(every)
    rows = np.ascontiguousarray(np.load(matrix, mmap_mode="r")[::step])
    booster = lightgbm.Booster(model_file=booster_file)
    began, computed = time.perf_counter(), time.process_time()
    booster.predict(rows, num_threads=THREADS, pred_contrib=step > 1)
    times = {
        "seconds": time.perf_counter() - began,
        "cpu_seconds": time.process_time() - computed,
    }
    print(json.dumps(times))


def _ebbtide(made: Made, parquet: Path, scored: Path, words: Sequence[str]) -> Timed:
    manifest = json.loads((made.bundle / "manifest.json").read_text(encoding="utf-8"))
    program = str(Path(sys.executable).with_name("ebbtide"))
    config = ("--config", str(made.project_file))
    asked = ("--features", str(parquet), "--as-of", manifest["lineage"]["trained_as_of"][:10])
    began = time.perf_counter()
    _, usage = _run([program, "score", *config, *asked, "--out", str(scored), *words])
    return Timed(
        seconds=time.perf_counter() - began,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        peak_mib=usage.ru_maxrss / 1024,
    )


def _check(made: Made, matrix: Path, scored: Path) -> None:
    """Compare some of the probabilities that were written with LightGBM's."""
    import lightgbm

    some = np.ascontiguousarray(np.load(matrix, mmap_mode="r")[:1_000])
    expected = lightgbm.Booster(model_file=made.booster).predict(some)
    read = pq.read_table(scored, columns=["churn_probability"])["churn_probability"]
    worst = float(np.abs(read.slice(0, 1_000).to_numpy() - expected).max())
    if not worst <= _TOLERATED:
        raise RuntimeError(f"other probabilities than LightGBM's, by up to {worst:.2g}")


def _run(command: list[str]) -> tuple[str, os.struct_rusage]:
    """Run a command to its end; return what it printed, and what it took."""
    environment = {
        **os.environ,
        "EBBTIDE_BUNDLE_KEY": KEY,
        "OMP_NUM_THREADS": str(THREADS),
    }
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, stdout=output, stderr=errors, cwd=ROOT, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        if process.returncode:
            said = errors.read().decode(errors="replace")
            raise RuntimeError(f"{Path(command[0]).name} {command[1]} failed:\n{said[-2000:]}")
        return output.read().decode(), usage


def _median(rounds: Sequence[Timed]) -> Timed:
    return Timed(
        seconds=statistics.median(each.seconds for each in rounds),
        cpu_seconds=statistics.median(each.cpu_seconds for each in rounds),
        peak_mib=max(each.peak_mib for each in rounds),
    )


def main() -> None:
    """Print the table, and keep it if all customers were scored."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=CUSTOMERS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=KEPT, help="where models are kept")
    parser.add_argument("--time", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.time:
        _time_lightgbm(*given.time)
        return
    lines = []
    with tempfile.TemporaryDirectory(prefix="batch-") as scratch:
        found = report(given.folder, Path(scratch), customers=given.customers, rounds=given.rounds)
        for line in found:
            print(line, flush=True)
            lines.append(line)
    if given.customers >= CUSTOMERS:
        RESULT.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
