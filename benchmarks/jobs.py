"""Time of a job, and of single answers beside it: ``python -m benchmarks.jobs --bundle FOLDER``.

Serves a bundle by a process of its own, with a database of its own, sends a CSV file of as many
rows as are asked for, scores single customers meanwhile, and fetches the results in each form. The
rows are the golden ones of the bundle, again and again. Prints a table, kept in
``benchmarks/results/jobs.md``.
"""

from __future__ import annotations

import argparse
import csv
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import uvicorn

from ebbtide.bundle.read import read_bundle
from ebbtide.store.sql import open_store
from service.app import create_app
from service.run import log_as_json
from service.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ebbtide.bundle.contents import Bundle

RESULT = Path(__file__).resolve().parent / "results" / "jobs.md"
PROJECT = '[project]\nname = "jobs"\ncurrency = "EUR"\n[tables.transactions]\npath = "none.csv"\n'
SINGLE_SECONDS = 20.0
_A_SECOND = 20  # single answers
_CSV = {"Content-Type": "text/csv"}


def report(folder: Path, bundle_folder: Path, rows: int) -> Iterator[str]:
    """Yield the result as lines of Markdown."""
    bundle = read_bundle(bundle_folder, key=None)
    features = [feature.name for feature in bundle.scorer.features]
    file = folder / "rows.csv"
    values = _cells(bundle)
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened)
        writer.writerow(["customer_id", *features])
        for number, cells in enumerate(islice(cycle(values), rows)):
            writer.writerow([f"c-{number}", *("" if cell is None else cell for cell in cells)])
    single = {"customer_id": "single", "features": dict(zip(features, values[0], strict=True))}
    size = file.stat().st_size / 1e6
    yield f"# Jobs: {rows:,} rows, {len(features)} features, {size:.0f} MB, {bundle.kind}"
    yield ""
    yield (
        f"{datetime.now(UTC).date()}, {os.cpu_count()} cores, {platform.machine()}, "
        f"Python {platform.python_version()}, SQLite with synchronous=FULL; load of the machine by "
        f"others and this {os.getloadavg()[0]:.1f}."
    )
    yield ""
    yield "| what | |"
    yield "|---|---|"
    with _serving(folder, bundle_folder) as (client, process):
        yield f"| single answers, no job | {_single(client, single)} |"
        before, started = _memory_mib(process), time.perf_counter()
        with file.open("rb") as opened:
            sent = client.post("/v1/jobs", content=opened, headers=_CSV).raise_for_status()
        yield f"| file received | {time.perf_counter() - started:.1f} s |"
        yield f"| single answers beside the job | {_single(client, single)} |"
        address = sent.headers["Location"]
        while (job := client.get(address).json())["state"] in ("queued", "running"):
            time.sleep(0.5)
        assert (job["state"], job["rows_done"]) == ("done", rows), job
        begun, ended = (datetime.fromisoformat(job[f"{at}_at"]) for at in ("started", "finished"))
        seconds = (ended - begun).total_seconds()
        yield f"| rows a second | {rows / seconds:.0f} ({seconds:.0f} s) |"
        for form in ("jsonl", "csv", "parquet"):
            yield f"| results as {form} | {_fetched(client, address, form)} |"
        grown = _memory_mib(process) - before
        yield f"| memory of the service, more than before the file | {grown:.0f} MiB at most |"


def _cells(bundle: Bundle) -> list[list[Any]]:
    return [[None if each != each else float(each) for each in row] for row in bundle.golden.rows]


def _single(client: httpx.Client, row: dict[str, Any]) -> str:
    times, ends_at = list[float](), time.monotonic() + SINGLE_SECONDS
    while time.monotonic() < ends_at:
        started = time.perf_counter()
        client.post("/v1/score", json=row).raise_for_status()
        times.append(1e3 * (time.perf_counter() - started))
        time.sleep(max(0.0, 1 / _A_SECOND - times[-1] / 1e3))
    cuts = statistics.quantiles(times, n=100)
    return f"p50 {cuts[49]:.0f} ms, p99 {cuts[98]:.0f} ms, slowest {max(times):.0f} ms"


def _fetched(client: httpx.Client, address: str, form: str) -> str:
    started, size = time.perf_counter(), 0
    with client.stream("GET", f"{address}/results", params={"format": form}) as answer:
        for piece in answer.iter_bytes():
            size += len(piece)
    return f"{size / 1e6:.0f} MB in {time.perf_counter() - started:.1f} s"


def _memory_mib(process: subprocess.Popen[bytes]) -> float:
    """Return the most memory that the service has had."""
    lines = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8").splitlines()
    (peak,) = (line.split()[1] for line in lines if line.startswith("VmHWM"))
    return int(peak) / 1024


@contextmanager
def _serving(
    folder: Path, bundle_folder: Path
) -> Iterator[tuple[httpx.Client, subprocess.Popen[bytes]]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "benchmarks.jobs", "--serve", str(folder), str(port)]
    process = subprocess.Popen([*command, "--bundle", str(bundle_folder)])
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=600) as client:
            for _ in range(300):
                try:
                    client.get("/livez")
                    break
                except httpx.ConnectError:
                    time.sleep(0.2)
            yield client, process
    finally:
        process.terminate()
        process.wait()


def _serve(folder: Path, port: int, bundle_folder: Path) -> None:
    project = folder / "ebbtide.toml"
    project.write_text(PROJECT, encoding="utf-8")
    app = create_app(
        read_settings(project_file=project),
        model=read_bundle(bundle_folder, key=None),
        store=open_store(f"sqlite:///{folder}/jobs.db", folder=folder, busy_seconds=2.0),
    )
    uvicorn.run(app, port=port, log_config=None, access_log=False)


def main() -> None:
    """Print the table, and keep it; or serve for it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", type=Path, required=True, help="folder of an unsigned bundle")
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        log_as_json()
        _serve(Path(given.serve[0]), int(given.serve[1]), given.bundle)
        return
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        for line in report(Path(folder), given.bundle, given.rows):
            print(line, flush=True)
            lines.append(line)
    RESULT.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
