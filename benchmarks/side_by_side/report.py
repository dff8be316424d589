"""The tables of one run: every server, and what was to be reached."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.side_by_side.contest import (
    BATCH,
    CONSTANT_FASTAPI,
    CONTRIBUTIONS,
    LOOK_UP,
    MLFLOW,
    NO_REASONS,
    REASONS,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from benchmarks.side_by_side.contest import Work
    from benchmarks.side_by_side.load import Measured

Results = "Mapping[tuple[str, int], Sequence[Measured]]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Medians over the rounds of one line at one number of connections.

    Parameters
    ----------
    rate, low, high : customers a second: median, least, most.
    p50_ms, p99_ms : latency.
    cpu_us : computing time for each customer.
    errors : over all rounds.
    """

    rate: float
    low: float
    high: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    errors: int

    @classmethod
    def of(cls, rounds: Sequence[Measured], *, rows: int) -> Figures:
        """Summarise the rounds; a request may be about many customers."""
        rates = [each.rate * rows for each in rounds]
        return cls(
            rate=statistics.median(rates),
            low=min(rates),
            high=max(rates),
            p50_ms=statistics.median(each.p50_ms for each in rounds),
            p99_ms=statistics.median(each.p99_ms for each in rounds),
            cpu_us=statistics.median(each.cpu_us / rows for each in rounds),
            errors=sum(each.errors for each in rounds),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run found.

    Parameters
    ----------
    works : the lines, in order.
    figures : by name of the line and number of connections.
    refused : why a line could not be measured, by its name.
    """

    works: Sequence[Work]
    figures: Mapping[tuple[str, int], Figures]
    refused: Mapping[str, str]

    def best(self, name: str) -> Figures | None:
        """Return the figures of a line at the connections where it is fastest."""
        found = [each for (line, _), each in self.figures.items() if line == name]
        return max(found, key=lambda each: each.rate, default=None)


def table(run: Run) -> Iterator[str]:
    """Yield the table of every line."""
    yield "| server | connections | customers/s | of rounds | p50 ms | p99 ms | CPU µs | errors |"
    yield "|---|---:|---:|---|---:|---:|---:|---:|"
    for work in run.works:
        if work.name in run.refused:
            yield f"| {work.name} | | not measured: {run.refused[work.name]} | | | | | |"
        for connections in work.connections:
            found = run.figures.get((work.name, connections))
            if found is None:
                continue
            yield (
                f"| {work.name} | {connections} | {found.rate:,.0f} | "
                f"{found.low:,.0f} to {found.high:,.0f} | {found.p50_ms:.2f} | "
                f"{found.p99_ms:.2f} | {found.cpu_us:,.0f} | {found.errors} |"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What was to be reached.

    Parameters
    ----------
    measure : in words.
    own, other : the line, and the line that it is compared with.
    at_connections : of the own line; None for its fastest. The other stands at its fastest, but
        where ``is_paired`` at as many as the own one.
    times : how many times the other's rate.
    also : a further claim about latency, in words, and what decides it.
    """

    measure: str
    own: str
    other: str
    times: float
    at_connections: int | None = 32
    is_paired: bool = False
    also: tuple[str, Callable[[Run], float | None], float] | None = None


def _p99_at_32(run: Run) -> float | None:
    found = run.figures.get((REASONS, 32))
    return found.p99_ms if found else None


def _p50_at_8(run: Run) -> float | None:
    found = run.figures.get((NO_REASONS, 8))
    return found.p50_ms if found else None


REACHES = (
    Reach(
        measure="single score with reasons and action, 32 connections, log on",
        own=REASONS,
        other=CONTRIBUTIONS,
        times=10,
        also=("p99 <= 50 ms", _p99_at_32, 50.0),
    ),
    Reach(
        measure="single probability with action, reasons off, log on, 32 connections",
        own=NO_REASONS,
        other=MLFLOW,
        times=80,
        also=("p50 <= 2 ms at 8 connections", _p50_at_8, 2.0),
    ),
    Reach(
        measure="batch of 1,000 with reasons and actions, by customer",
        own=BATCH,
        other=CONTRIBUTIONS,
        times=10,
        at_connections=None,
    ),
    Reach(
        measure="stored score look-up, 32 connections",
        own=LOOK_UP,
        other=CONSTANT_FASTAPI,
        times=0.6,
        is_paired=True,
    ),
)


def reached(run: Run) -> Iterator[str]:
    """Yield the table of what was to be reached, and whether it was."""
    yield "| measure | reach | reached | compared with | ratio | holds |"
    yield "|---|---|---:|---:|---:|---|"
    for reach in REACHES:
        yield _line(reach, run)


def _line(reach: Reach, run: Run) -> str:
    at = reach.at_connections
    own = run.best(reach.own) if at is None else run.figures.get((reach.own, at))
    other = run.figures.get((reach.other, at or 32)) if reach.is_paired else run.best(reach.other)
    wanted = f">= {reach.times:g}x {reach.other}"
    if own is None or other is None:
        return f"| {reach.measure} | {wanted} | not measured | | | no |"
    ratio = own.rate / other.rate
    holds = ratio >= reach.times and own.errors == 0
    told = f"{own.rate:,.0f}/s"
    if reach.also is not None:
        words, read, most = reach.also
        value = read(run)
        wanted += f"; {words}"
        told += f", {value:.2f} ms" if value is not None else ", not measured"
        holds = holds and value is not None and value <= most
    if own.errors:
        told += f", {own.errors} errors"
    verdict = "yes" if holds else "no"
    return (
        f"| {reach.measure} | {wanted} | {told} | {other.rate:,.0f}/s | {ratio:.2f} | {verdict} |"
    )
