"""Accuracy on the fixed protocols: ``python -m benchmarks.accuracy``.

Five data sets, five protocols, always the same splits, through the code of ``ebbtide train``.
Prints tables with intervals beside the best simple rule and the buying model, and keeps each in
``benchmarks/results/accuracy.md``: what is not run is left as it stands there. Needs
EBBTIDE_DATA_DIR. ``--time`` measures how long fits take.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import accuracy_logs, accuracy_tables, training_time
from benchmarks.commit import commit

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks" / "results" / "accuracy.md"
TITLE = "# Accuracy on fixed protocols"
CODES = tuple(each.code for each in (*accuracy_logs.PROTOCOLS, *accuracy_tables.PROTOCOLS))


def kept_with(kept: str, lines: Iterable[str]) -> str:
    r"""Return a result in which the section of some lines stands for the one of the same heading.

    Examples
    --------
    >>> print(kept_with("# T\n\n## A\nold\n\n## B\nstays\n", ["## A", "new", ""]), end="")
    # T
    <BLANKLINE>
    ## A
    new
    <BLANKLINE>
    ## B
    stays
    """
    section = "\n".join(lines)
    heading = section.splitlines()[0]
    head, *parts = kept.split("\n## ")
    sections = {f"## {part.splitlines()[0]}": f"## {part}".rstrip("\n") for part in parts}
    sections[heading] = section.rstrip("\n")
    return "\n\n".join([head.rstrip("\n"), *sections.values()]) + "\n"


def _measured_on() -> str:
    return (
        f"{datetime.now(UTC).date()}, commit {commit()}, {os.cpu_count()} cores, "
        f"{platform.machine()}, Python {platform.python_version()}."
    )


def _keep(lines: list[str]) -> None:
    dated = [lines[0], "", _measured_on(), *lines[1:]]
    kept = RESULT.read_text(encoding="utf-8") if RESULT.exists() else f"{TITLE}\n"
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(kept_with(kept, dated), encoding="utf-8")
    print("\n".join(dated), flush=True)


def _progress(doing: str) -> None:
    print(doing, file=sys.stderr, flush=True)


def main() -> None:
    """Run protocols, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--protocol", action="append", choices=CODES, help="default: all")
    parser.add_argument("--repeats", type=int, help="draws of folds, where a table has no dates")
    parser.add_argument("--time", action="store_true", help="measure training time instead")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--features", type=int, default=100)
    parser.add_argument("--time-job", choices=training_time.JOBS, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.time_job is not None:
        training_time.run_job(asked.time_job, asked.rows, asked.features)
        return
    if asked.time:
        _keep(list(training_time.time_lines(asked.rows, asked.features)))
        return
    chosen = asked.protocol or CODES
    for log in accuracy_logs.PROTOCOLS:
        if log.code in chosen:
            reached = accuracy_logs.run_log(log, progress=_progress)
            _keep(list(accuracy_logs.log_tables(log, reached)))
    for table in accuracy_tables.PROTOCOLS:
        if table.code in chosen:
            drawn = accuracy_tables.run_table(table, repeats=asked.repeats, progress=_progress)
            _keep(list(accuracy_tables.table_lines(table, drawn)))


if __name__ == "__main__":
    main()
