"""The data usability report of a project: findings, the shape of each log, and the verdict.

Reads everything and writes nothing: ``features.usability.page`` and ``.document`` make text of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from ebbtide.contracts.findings import errors_first
from ebbtide.contracts.tables import table_contract
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
from features.usability.sizes import (
    MONTH_ROWS,
    Quartiles,
    dwarfing_amounts,
    monthly_quartiles,
    unit_changes,
)
from features.usability.sufficiency import Sufficiency, sufficiency
from features.usability.suspicions import DEFAULT_DAYS, suspicious_rows
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
    tables = Tables(connection=connect(zone), columns={}, time_zone=zone)
    findings, readable = check_sources(tables.connection, project, now=now, progress=progress)
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
        shapes.append(shape)
        findings += more
    columns = dict(tables.columns)
    has_log = "transactions" in columns
    amounts = monthly_quartiles(tables, "transactions", "amount").get("", []) if has_log else []
    # With few rows, a quartile is somebody's purchase.
    shown = tuple(month for month in amounts if month.n_rows >= MONTH_ROWS)
    _keep_telling_rows(tables, now=now)
    n_errors = sum(finding.severity == "error" for finding in findings)
    return UsabilityReport(
        project=project.project.name,
        currency=project.project.currency,
        definition=project.definition.sentence,
        now=now,
        findings=tuple(errors_first(findings)),
        shapes=tuple(shapes),
        amounts=shown,
        sufficiency=sufficiency(tables, project, now=now, n_errors=n_errors, progress=progress),
        n_features=len(features_present(columns)) if has_log else 0,
        additions=tuple(additions(columns)) if has_log else (),
    )


def _load(tables: Tables, name: str, findings: list[Finding]) -> bool:
    """Type a table as far as it can be typed; false where nothing more can be said of it."""
    described = tables.connection.sql(f"DESCRIBE raw_{name}").fetchall()
    if not set(table_contract(name).required) <= {column for column, *_ in described}:
        return False
    try:
        tables.columns[name] = load_relation(tables.connection, name)
    except duckdb.OutOfMemoryException:
        findings.append(TooLarge(name).finding)
        return False
    return bool(tables.connection.sql(f"SELECT count(*) FROM {name}").fetchall()[0][0])


def _looked_at(
    tables: Tables, name: str, known: list[Finding], *, now: datetime
) -> tuple[TableShape, list[Finding]]:
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
    exact = [f.count for f in known if f.table == name and f.message == "repeats rows exactly."]
    findings = [
        *suspicious_rows(tables, name),
        *suspicious_customers(tables, name),
        *shared_orders(tables, name),
        *copied_rows(tables, name, n_exact=sum(exact)),
        *repeated_cases(tables, name),
        *log_findings(log, now=now, time_zone=tables.time_zone),
        *unit_changes(tables, name),
        *dwarfing_amounts(tables, name),
        *events_before_sign_up(tables, name),
    ]
    return shape, findings


def _keep_telling_rows(tables: Tables, *, now: datetime) -> None:
    """Drop what training would refuse and what tells no time, so that the rest can be judged."""
    days = ", ".join(f"DATE '{day}'" for day in DEFAULT_DAYS)
    for name in tables.columns:
        contract = table_contract(name)
        useless = [f"{column} IS NULL" for column in contract.required]
        if contract.clock in contract.required:
            wall = wall_sql(contract.clock, tables.time_zone)
            useless += [f"CAST({wall} AS DATE) IN ({days})", f"{contract.clock} < '0001-01-02'"]
            useless += [f"{contract.clock} > {timestamp_sql(now)}"]
        if useless:
            tables.connection.execute(f"DELETE FROM {name} WHERE {' OR '.join(useless)}")
