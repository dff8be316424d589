"""What it costs to log an answer, and to look one up: ``python -m benchmarks.log``.

Processor time, not the clock: what other work does to the machine is left out. The store is a
SQLite file; answers are of the size that a scored customer with three reasons gets, and name 60
features. Customers are scored again in random order, which is the worst there is: each changes
other pages of every index. Kept in ``benchmarks/results/log.md``.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import sqlite3
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from msgspec.structs import replace

from ebbtide.answer.answer import Answer
from ebbtide.answer.written import answer_to_bytes
from ebbtide.reasons import Reason
from ebbtide.store.current import current_score
from ebbtide.store.current_reader import current_reader
from ebbtide.store.sql import open_store
from ebbtide.store.store import Prediction
from service.scoring.prediction_id import new_prediction_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ebbtide.store.sql import SqlStore

T = TypeVar("T")

RESULT = Path(__file__).resolve().parent / "results" / "log.md"
SIZES = (1, 8, 32, 256, 1000)
ENTRIES = 3000  # of each size, at least
READS = 5000
MARCH = datetime(2026, 3, 1, tzinfo=UTC)
NAMES = tuple(f"feature_number_{number}" for number in range(60))
REASON = Reason(
    feature="recency_days",
    family="recency",
    cause="disengagement",
    contribution=0.31,
    value=71.0,
    typical=12.0,
    text="Last purchase 71 days ago; typical for this customer group is 12 days",
)
ANSWER = Answer(
    prediction_id="",
    customer_id="",
    status="scored",
    as_of=MARCH,
    scored_at=MARCH,
    valid_until=MARCH + timedelta(days=14),
    model_version="7-0123456789abcdef",
    policy_version="retention+0123456789",
    definition="inactivity-90d-1",
    language="en",
    churn_probability=0.25,
    churn_score=71,
    risk_band="medium",
    percentile=71.5,
    reasons=(REASON, REASON, REASON),
    no_action_code="no_action_pays",
    no_action_text="No action pays for this customer",
    value=120.0,
    value_basis="request",
)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, nargs="+", default=[1_000, 100_000])
    parser.add_argument("--keep", action="store_true", help="write the tables beside the others")
    given = parser.parse_args()
    lines = []
    for line in report(given.customers):
        print(line, flush=True)
        lines.append(line)
    if given.keep:
        RESULT.write_text("\n".join(lines) + "\n", encoding="utf-8")


def report(customers: list[int]) -> Iterator[str]:
    """Yield the lines of the tables."""
    yield "# The log: processor time of writing and looking up"
    yield ""
    yield (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {platform.machine()}, Python "
        f"{platform.python_version()}, SQLite {sqlite3.sqlite_version}; an answer has "
        f"{len(answer_to_bytes(ANSWER)):,} bytes. Made by `python -m benchmarks.log`."
    )
    for count in customers:
        with tempfile.TemporaryDirectory(prefix="log-") as folder:
            store = open_store(f"sqlite:///{folder}/s.db", folder=Path(folder), busy_seconds=30.0)
            yield ""
            yield f"## {count:,} customers, each with a current score"
            yield ""
            yield from _measured(store, count)
            store.close()


def _measured(store: SqlStore, customers: int) -> Iterator[str]:
    chance = random.Random(customers)
    everybody = [f"customer-{number}" for number in range(customers)]
    for start in range(0, customers, 1000):
        store.record_predictions(_entries(everybody[start : start + 1000]))
    yield "| entries a unit | us a unit | us an entry |"
    yield "|---|---|---|"
    for size in SIZES:
        units = max(5, ENTRIES // size) if size > 1 else 300
        groups = [_entries(chance.sample(everybody, size)) for _ in range(units)]
        seconds = _process_seconds(groups, store.record_predictions)
        yield f"| {size:,} | {1e6 * seconds / units:,.0f} | {1e6 * seconds / units / size:,.1f} |"
    asked = chance.choices(everybody, k=READS)
    reader = current_reader(store.database)
    assert reader is not None

    def ordinary(customer_id: str) -> None:
        with store.database.read() as connection:
            current_score(connection, customer_id)

    ways: tuple[tuple[str, Callable[[str], object]], ...] = (
        ("`CurrentReader.read`", reader.read),
        ("`Database.read` and `current_score`", ordinary),
    )
    yield ""
    yield "| look-up | us a read |"
    yield "|---|---|"
    for name, read in ways:
        read(asked[0])
        yield f"| {name} | {1e6 * _process_seconds(asked, read) / READS:,.1f} |"
    reader.close()


def _entries(customer_ids: list[str]) -> list[Prediction]:
    now = MARCH + timedelta(seconds=time.monotonic())  # later than all before
    values = np.arange(60.0)
    answers = [
        replace(ANSWER, prediction_id=new_prediction_id(), customer_id=who, scored_at=now)
        for who in customer_ids
    ]
    return [
        Prediction(answer=each, names=NAMES, values=values, written=answer_to_bytes(each))
        for each in answers
    ]


def _process_seconds(given: Iterable[T], do: Callable[[T], object]) -> float:
    """Return what it took to do something with each of them."""
    began = time.process_time()
    for each in given:
        do(each)
    return time.process_time() - began


if __name__ == "__main__":
    main()
