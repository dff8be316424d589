"""The level that is foreseen against the level that came: ``python -m benchmarks.levels FOLDER``.

At every fourth week of each log, and at the dates of the fixed protocols: how far the share that
churned was from the share of the window before (carried on) and from the share that was foreseen.
The folder holds the real data sets; without it only simulated companies are tried. They are older
than their log, buy at random, and have a season or a growth that is known.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np

from ebbtide.definition import ChurnDefinition
from training.calibration.level import level_shift, share_that_churned
from training.definition_lab.purchase_days import PurchaseDays

MIN_HISTORY_DAYS = 90
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LOGS = {
    "online_retail_II": (
        90,
        ("2010-12-01", "2011-03-01", "2011-06-01", "2011-09-09"),
        "SELECT DISTINCT \"Customer ID\" AS id, CAST(InvoiceDate AS DATE) AS day FROM '{}'"
        " WHERE \"Customer ID\" IS NOT NULL AND Quantity > 0 AND Invoice NOT LIKE 'C%'"
        " AND NOT (sheet = 'Year 2010-2011' AND InvoiceDate <= TIMESTAMP '2010-12-09 20:01:00')",
    ),
    "cdnow_master": (
        90,
        ("1997-10-01", "1998-04-01"),
        "SELECT DISTINCT customer_id AS id, CAST(date AS DATE) AS day FROM '{}'",
    ),
    "grocery_elog_btydplus": (
        180,
        ("2007-01-01", "2007-07-01"),
        "SELECT DISTINCT cust AS id, CAST(date AS DATE) AS day FROM '{}'",
    ),
}
COMPANIES = {
    "steady": (0.0, 0.0),
    "growing": (0.0, 0.6),
    "seasonal": (0.5, 0.0),
    "seasonal and growing": (0.5, 0.5),
    "seasonal and shrinking": (0.4, -0.4),
}


def log_of(customer: np.ndarray, day: np.ndarray) -> PurchaseDays:
    """Return purchase days, counted from 1970-01-01, as a log."""
    order = np.lexsort((day, customer))
    ids, index = np.unique(customer[order], return_inverse=True)
    bought = day[order].astype(np.int64)
    ends_on = int(bought.max()) + 1
    return PurchaseDays(
        customer_ids=ids.astype(np.str_),
        customer=index.astype(np.int64),
        day=bought,
        known_day=bought,
        ends_at=EPOCH + timedelta(days=ends_on),
        ends_on=ends_on,
        observed_days=ends_on - int(bought.min()),
    )


def company(*, season: float, growth: float, seed: int, customers: int = 4_000) -> PurchaseDays:
    """Return two years of a simulated company."""
    rng = np.random.default_rng(seed)
    days = np.arange(-600, 730)
    weight = np.exp(growth * days / 365)
    born = rng.choice(days, size=customers, p=weight / weight.sum())
    gone = born + rng.exponential(300, customers)
    rate = rng.gamma(1.0, 1 / 60, customers)
    factor = 1 + season * np.cos(2 * np.pi * (days - 330) / 365)
    bought = rng.random((customers, len(days))) < rate[:, None] * factor
    bought &= (days >= born[:, None]) & (days < gone[:, None])
    bought[np.arange(customers), born + 600] = True
    who, when = np.nonzero(bought)
    seen = days[when] >= 0
    return log_of(who[seen], days[when][seen] + 18_262)


def errors(log: PurchaseDays, day: int, *, horizon_days: int) -> tuple[float, float, float]:
    """Return the share carried on, the share foreseen, and the share that came."""
    definition = ChurnDefinition(horizon_days=horizon_days, gap_days=0, active_within_days=365)
    as_of = EPOCH + timedelta(days=day)
    made = level_shift(
        log,
        definition,
        learned_at=as_of - timedelta(days=horizon_days),
        as_of=as_of,
        min_history_days=MIN_HISTORY_DAYS,
    )
    came = share_that_churned(log, definition, at=as_of, now=log.ends_at)
    return made.learned_share, made.expected_share, came


def show_rolling(name: str, log: PurchaseDays, *, horizon_days: int) -> None:
    """Print the mean absolute error over all dates, by how long the log is then."""
    groups: dict[str, list[tuple[float, float, float]]] = {}
    first = log.starts_on + max(270, horizon_days + MIN_HISTORY_DAYS)
    for day in range(first, log.ends_on - horizon_days + 1, 28):
        group = "under a year" if day - log.starts_on < 364 else "a year or more"
        groups.setdefault(group, []).append(errors(log, day, horizon_days=horizon_days))
    for group, found in groups.items():
        carried, foreseen, came = np.array(found).T
        off = [np.abs(said - came).mean() for said in (carried, foreseen)]
        print(f"| {name} | {group} | {len(found)} | {off[0]:.3f} | {off[1]:.3f} |")


def main(folder: Path | None) -> None:
    """Print both tables."""
    real = {
        name: _read(query.format(folder / f"{name}.parquet"))
        for name, (_, _, query) in LOGS.items()
        if folder is not None
    }
    print("| log | log behind it | dates | carried on | foreseen |\n|---|---|---|---|---|")
    for name, log in real.items():
        show_rolling(name, log, horizon_days=LOGS[name][0])
    for seed, (name, (season, growth)) in enumerate(COMPANIES.items(), start=1):
        show_rolling(name, company(season=season, growth=growth, seed=seed), horizon_days=90)
    print("\n| log | as of | carried on | foreseen | came |\n|---|---|---|---|---|")
    for name, log in real.items():
        horizon_days, dates, _ = LOGS[name]
        for date in dates:
            day = (datetime.fromisoformat(date).replace(tzinfo=UTC) - EPOCH).days
            shares = errors(log, day, horizon_days=horizon_days)
            print(f"| {name} | {date} | " + " | ".join(f"{each:.3f}" for each in shares) + " |")


def _read(query: str) -> PurchaseDays:
    rows = duckdb.sql(
        f"SELECT id, date_diff('day', DATE '1970-01-01', day) FROM ({query})"
    ).fetchall()
    ids, days = zip(*rows, strict=True)
    return log_of(np.array(ids), np.array(days))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
