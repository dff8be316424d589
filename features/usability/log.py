"""The log of a table over time: stretches without rows, thin months, and how fresh it is.

What is unusual is measured against the log's own rhythm: a shop that is closed on Saturdays is not
silent on Saturdays.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby, pairwise
from statistics import median
from typing import TYPE_CHECKING

from ebbtide.clock import zone
from ebbtide.contracts.findings import Finding
from ebbtide.contracts.tables import EARLIEST_DAY, table_contract
from features.usability.suspicions import DEFAULT_DAYS
from features.usability.wall import wall_sql

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from features.tables import Tables

UNLIKELY = 0.001
"""A silence is unusual if a log of this length and weekly rhythm has one in so few cases."""

LEAST_SILENCE_DAYS = 3
"""Shorter silences are not worth a line."""

GRAVE_SILENCE_DAYS = 14
"""From so many silent days on it is a warning; holidays are shorter."""

THIN_MONTH_SHARE = 0.1
"""A month is thin with less than this share of the median of the six months around it, or of the
last six before it that are not thin: a long break is no new normal."""

FRESH_WITHIN_DAYS = 7
"""A log that ends longer ago is not fresh."""

SHOWN_SILENCES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class LogDays:
    """How many rows of a table fall on each day that has any, in local days."""

    table: str
    counts: tuple[tuple[date, int], ...]

    @property
    def months(self) -> tuple[tuple[str, int], ...]:
        """Rows of each month from the first to the last, months without rows as 0."""
        if not self.counts:
            return ()
        rows: Counter[str] = Counter()
        for day, n in self.counts:
            rows[f"{day:%Y-%m}"] += n
        return tuple(
            (month, rows[month]) for month in _months(self.counts[0][0], self.counts[-1][0])
        )


def log_days(tables: Tables, name: str, *, now: datetime) -> LogDays:
    """Return the days of a table, without default dates and days that are still to come."""
    contract = table_contract(name)
    if contract.clock not in contract.required:
        return LogDays(table=name, counts=())
    today = now.astimezone(zone(tables.time_zone)).date()
    found = tables.connection.sql(
        f"SELECT CAST({wall_sql(contract.clock, tables.time_zone)} AS DATE) AS day, count(*) "
        f"FROM {name} WHERE {contract.clock} BETWEEN TIMESTAMP '{EARLIEST_DAY}' AND TIMESTAMP "
        f"'9999-12-30' GROUP BY day ORDER BY day"
    ).fetchall()
    kept = [(day, n) for day, n in found if str(day) not in DEFAULT_DAYS and day <= today]
    return LogDays(table=name, counts=tuple(kept))


def log_findings(log: LogDays, *, now: datetime, time_zone: str) -> list[Finding]:
    """Return what is unusual in a log.

    Parameters
    ----------
    log : its days.
    now : the present.
    time_zone : IANA name; where today begins.
    """
    if not log.counts:
        return []
    return [*_silences(log), *_thin_months(log), *_stale(log, now=now, time_zone=time_zone)]


def _silences(log: LogDays) -> Iterator[Finding]:
    """Find stretches that are surprising if each weekday is silent as often as it is here.

    Days are taken as independent, so that a stretch is as unlikely as the product of its days; it
    is unusual where a whole log of this length would have one in few cases only.
    """
    days = [day for day, _ in log.counts]
    first, n_days = days[0], (days[-1] - days[0]).days + 1
    busy = Counter(day.weekday() for day in days)
    total = [n_days // 7 + ((weekday - first.weekday()) % 7 < n_days % 7) for weekday in range(7)]
    surprise = [
        -math.log((total[weekday] - busy[weekday] + 0.5) / (total[weekday] + 1))
        for weekday in range(7)
    ]
    unusual = math.log(n_days / UNLIKELY)
    found = []
    for before, after in pairwise(days):
        n_silent = (after - before).days - 1
        if n_silent < LEAST_SILENCE_DAYS:
            continue
        weeks, rest = divmod(n_silent, 7)
        start = before.weekday() + 1
        score = weeks * sum(surprise) + sum(surprise[(start + k) % 7] for k in range(rest))
        if score >= unusual:
            found.append((n_silent, before + timedelta(days=1), after - timedelta(days=1)))
    longest = sorted(found, reverse=True)[:SHOWN_SILENCES]
    for n_silent, start_day, end_day in longest:
        yield Finding(
            severity="warning" if n_silent >= GRAVE_SILENCE_DAYS else "advice",
            table=log.table,
            column=table_contract(log.table).clock,
            message=f"is silent for {n_silent:,} days, {start_day} to {end_day}: unusual for it.",
            advice="If the business was closed, well and good; if rows are missing, customers look "
            "silent who were not.",
        )
    if len(found) > SHOWN_SILENCES:
        yield Finding(
            severity="advice",
            table=log.table,
            column=table_contract(log.table).clock,
            message=f"has {len(found) - SHOWN_SILENCES} more such silences, shorter ones.",
            advice="The report shows the rows of each month.",
        )


def _thin_months(log: LogDays) -> Iterator[Finding]:
    inner = log.months[1:-1]
    usual = [rows for _, rows in log.months[:1]]
    is_thin = []
    for index, (_, n) in enumerate(inner):
        around = [rows for _, rows in (*inner[max(0, index - 3) : index], *inner[index + 1 :][:3])]
        levels = [median(rows) for rows in (around, usual[-6:]) if len(rows) >= 3]
        is_thin.append(bool(levels) and n < THIN_MONTH_SHARE * max(levels))
        if not is_thin[-1]:
            usual.append(n)
    marked = zip((month for month, _ in inner), is_thin, strict=True)
    runs = [[month for month, _ in run] for thin, run in groupby(marked, lambda m: m[1]) if thin]
    if runs:
        stretches = [run[0] if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs]
        yield Finding(
            severity="warning",
            table=log.table,
            column=table_contract(log.table).clock,
            message=f"has hardly any rows in {sum(is_thin)} month(s): {_listed(stretches)}.",
            advice="If an export failed, bring it again; outcomes that fall there are wrong.",
        )


def _stale(log: LogDays, *, now: datetime, time_zone: str) -> Iterator[Finding]:
    if log.table != "transactions":
        return
    days = (now.astimezone(zone(time_zone)).date() - log.counts[-1][0]).days
    if days > FRESH_WITHIN_DAYS:
        yield Finding(
            severity="advice",
            table=log.table,
            column="occurred_at",
            message=f"ends {days:,} days ago, on {log.counts[-1][0]}.",
            advice="Scores are as of the end of the log; bring newer rows to act on today.",
        )


def _listed(words: Sequence[str]) -> str:
    return ", ".join(words[:6]) + (" ..." if len(words) > 6 else "")


def _months(first: date, last: date) -> Iterator[str]:
    year, month = first.year, first.month
    while (year, month) <= (last.year, last.month):
        yield f"{year:04}-{month:02}"
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
