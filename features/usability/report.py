"""The data usability report of a project: findings, the shape of each log, and the verdict.

Reads everything and writes nothing: ``features.usability.page`` and ``.document`` make text of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from ebbtide.contracts.check import REPEATED_ROWS
from ebbtide.contracts.findings import errors_first
from ebbtide.contracts.tables import EARLIEST_DAY, table_contract
from features.catalogue.catalogue import features_present
from features.seen import timestamp_sql
from features.sources import TooLarge, check_sources
from features.tables import Tables, connect, load_relation
from features.usability.additions import additions
from features.usability.copies import copied_rows, repeated_cases
from features.usability.customers import (
    events_before_sign_up,
    share_of_one,
    shared_orders,
    suspicious_customers,
)
from features.usability.log import log_days, log_findings
from features.usability.mapping import mapped_twice
from features.usability.sizes import (
    MONTH_ROWS,
    Quartiles,
    dwarfing_amounts,
    monthly_quartiles,
    unit_changes,
)
from features.usability.sufficiency import Sufficiency, sufficiency, unmeasured
from features.usability.suspicions import DEFAULT_DAYS, suspicious_rows
from features.usability.unchecked import checked_or_said
from features.usability.wall import wall_sql

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime

    from ebbtide.contracts.findings import Finding
    from ebbtide.project import Project
    from features.usability.additions import Addition


@dataclass(frozen=True, slots=True, kw_only=True)
class TableShape:
    """One table at a glance."""

    name: str
    n_rows: int
    n_customers: int
    first_day: date | None
    last_day: date | None
    n_days_with_rows: int
    largest_customer_share: float
    months: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UsabilityReport:
    """What is wrong with a company's data, and what they are enough for.

    Parameters
    ----------
    project : name of the project.
    currency : of all money.
    definition : of churn, in words.
    now : when it was looked at.
    findings : errors first.
    shapes : of the tables that could be looked at, in the order of the project file.
    amounts : quartiles of the sizes of transactions, of months with at least ``MONTH_ROWS``.
    sufficiency : the verdict.
    n_features : that the tables can feed.
    additions : what absent tables and columns would add.
    """

    project: str
    currency: str
    definition: str
    now: datetime
    findings: tuple[Finding, ...]
    shapes: tuple[TableShape, ...]
    amounts: tuple[Quartiles, ...]
    sufficiency: Sufficiency
    n_features: int
    additions: tuple[Addition, ...]

    def count(self, severity: str) -> int:
        """Return how many findings have a severity."""
        return sum(finding.severity == severity for finding in self.findings)


def usability_report(
    project: Project, *, now: datetime, progress: Callable[[str], None] | None = None
) -> UsabilityReport:
    """Look at every table of a project, also where some of them are broken.

    Parameters
    ----------
    project : names the tables.
    now : the present; later rows are errors.
    progress : called with what is looked at next.
    """
    say = progress or (lambda _: None)
    zone = project.project.time_zone
    log_table = project.definition.log_table
    tables = Tables(connection=connect(zone), columns={}, time_zone=zone, log_table=log_table)
    findings, readable = check_sources(tables.connection, project, now=now, progress=progress)
    findings += mapped_twice(project)
    shapes = []
    loaded = [name for name in readable if _load(tables, name, findings)]
    for name in loaded:
        say(f"{name}, over time")
        try:
            shape, more = _looked_at(tables, name, findings, now=now)
        except duckdb.OutOfMemoryException:
            findings.append(TooLarge(name).finding)
            del tables.columns[name]
            continue
        shapes += [shape] if shape is not None else []
        findings += more
    columns = dict(tables.columns)
    has_log = log_table in columns
    amounts: list[Quartiles] = (
        checked_or_said(
            lambda: monthly_quartiles(tables, "transactions", "amount").get("", []),
            findings,
            table="transactions",
            part="amounts of each month",
            otherwise=[],
        )
        if "transactions" in columns
        else []
    )
    # With few rows, a quartile is somebody's purchase.
    shown = tuple(month for month in amounts if month.n_rows >= MONTH_ROWS)
    judged = checked_or_said(
        lambda: _judged(tables, project, findings, now=now, progress=progress),
        findings,
        table=log_table,
        part="whether it is enough to train",
        otherwise=None,
    )
    n_errors = sum(finding.severity == "error" for finding in findings)
    return UsabilityReport(
        project=project.project.name,
        currency=project.project.currency,
        definition=project.definition.sentence,
        now=now,
        findings=tuple(errors_first(findings)),
        shapes=tuple(shapes),
        amounts=shown,
        sufficiency=judged or unmeasured(project, n_errors=n_errors),
        n_features=len(features_present(columns)) if has_log else 0,
        additions=tuple(additions(columns)) if has_log else (),
    )


def _judged(
    tables: Tables,
    project: Project,
    findings: list[Finding],
    *,
    now: datetime,
    progress: Callable[[str], None] | None,
) -> Sufficiency | None:
    _keep_telling_rows(tables, now=now)
    n_errors = sum(finding.severity == "error" for finding in findings)
    return sufficiency(tables, project, now=now, n_errors=n_errors, progress=progress)


def _load(tables: Tables, name: str, findings: list[Finding]) -> bool:
    """Type a table as far as it can be typed; false where nothing more can be said of it."""
    described = tables.connection.sql(f"DESCRIBE raw_{name}").fetchall()
    if not set(table_contract(name).required) <= {column for column, *_ in described}:
        return False
    try:
        columns = checked_or_said(
            lambda: load_relation(tables.connection, name),
            findings,
            table=name,
            part="all rows together",
            otherwise=None,
        )
    except duckdb.OutOfMemoryException:
        findings.append(TooLarge(name).finding)
        return False
    if columns is None:
        return False
    tables.columns[name] = columns
    return bool(tables.connection.sql(f"SELECT count(*) FROM {name}").fetchall()[0][0])


def _looked_at(
    tables: Tables, name: str, known: list[Finding], *, now: datetime
) -> tuple[TableShape | None, list[Finding]]:
    exact = [f.count for f in known if f.table == name and f.message == REPEATED_ROWS]
    findings: list[Finding] = []
    nothing: tuple[TableShape | None, list[Finding]] = (None, [])
    shape, over_time = checked_or_said(
        lambda: _over_time(tables, name, now=now),
        findings,
        table=name,
        part="rows over time",
        otherwise=nothing,
    )
    checks: list[tuple[str, Callable[[], list[Finding]]]] = [
        ("rows that are not what they seem", lambda: suspicious_rows(tables, name)),
        ("customers", lambda: suspicious_customers(tables, name)),
        ("orders", lambda: shared_orders(tables, name)),
        ("copies", lambda: copied_rows(tables, name, n_exact=sum(exact))),
        ("repeated cases", lambda: repeated_cases(tables, name)),
        ("days", lambda: over_time),
        ("changes of the unit", lambda: unit_changes(tables, name)),
        ("sizes of amounts", lambda: dwarfing_amounts(tables, name)),
        ("rows before the sign-up", lambda: events_before_sign_up(tables, name)),
    ]
    for part, check in checks:
        findings += checked_or_said(check, findings, table=name, part=part, otherwise=[])
    return shape, findings


def _over_time(
    tables: Tables, name: str, *, now: datetime
) -> tuple[TableShape | None, list[Finding]]:
    log = log_days(tables, name, now=now)
    n_rows, n_customers = tables.connection.sql(
        f"SELECT count(*), count(DISTINCT customer_id) FROM {name}"
    ).fetchall()[0]
    shape = TableShape(
        name=name,
        n_rows=n_rows,
        n_customers=n_customers,
        first_day=log.counts[0][0] if log.counts else None,
        last_day=log.counts[-1][0] if log.counts else None,
        n_days_with_rows=len(log.counts),
        largest_customer_share=share_of_one(tables, name),
        months=log.months,
    )
    return shape, log_findings(log, now=now, time_zone=tables.time_zone)


def _keep_telling_rows(tables: Tables, *, now: datetime) -> None:
    """Drop what training would refuse and what tells no time, so that the rest can be judged."""
    days = ", ".join(f"DATE '{day}'" for day in DEFAULT_DAYS)
    for name in tables.columns:
        contract = table_contract(name)
        useless = [f"{column} IS NULL" for column in contract.required]
        if contract.clock in contract.required:
            wall = wall_sql(contract.clock, tables.time_zone)
            useless += [f"CAST({wall} AS DATE) IN ({days})"]
            useless += [f"{contract.clock} < TIMESTAMP '{EARLIEST_DAY}'"]
            useless += [f"{contract.clock} > {timestamp_sql(now)}"]
        if useless:
            tables.connection.execute(f"DELETE FROM {name} WHERE {' OR '.join(useless)}")
