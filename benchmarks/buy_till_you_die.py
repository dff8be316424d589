"""Buy-till-you-die models on the protocols: ``python -m benchmarks.buy_till_you_die DATA_FOLDER``.

Prints, for each date, the AUC of three models fitted on what lay within the lookback before it,
then how well Gamma-Gamma foretells spend, then the time that a million customers take.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import numpy as np

from features.btyd.beta_geometric import fit_beta_geometric
from features.btyd.gamma_gamma import fit_gamma_gamma
from features.btyd.histories import Histories, histories
from features.btyd.parameters import fit_parameters
from features.btyd.pareto_nbd import fit_pareto_nbd
from features.btyd.sql import fill_parameters
from features.catalogue.buy_till_you_die import FEATURES
from training.evaluation.measures import auc

if TYPE_CHECKING:
    from numpy.typing import NDArray

LOGS = {
    "orii": """SELECT "Customer ID" AS id, InvoiceDate AS moment, Price * Quantity AS amount
        FROM '{}/online_retail_II.parquet' WHERE "Customer ID" IS NOT NULL AND Quantity > 0
        AND Invoice NOT LIKE 'C%' AND Price >= 0
        AND NOT (sheet = 'Year 2010-2011' AND InvoiceDate <= TIMESTAMP '2010-12-09 20:01:00')""",
    "cdnow": "SELECT customer_id AS id, date AS moment, dollar_value AS amount"
    " FROM '{}/cdnow_master.parquet'",
    "grocery": "SELECT cust AS id, date AS moment, 1.0 AS amount"
    " FROM '{}/grocery_elog_btydplus.parquet'",
}
DATES = (
    *(("orii", day, 90) for day in ("2010-12-01", "2011-03-01", "2011-06-01", "2011-09-09")),
    *(("cdnow", day, 90) for day in ("1997-10-01", "1998-04-01")),
    *(("grocery", day, 180) for day in ("2007-01-01", "2007-07-01")),
)
ACTIVE_DAYS = 365


def read(folder: Path, log: str, day: str, horizon: int, lookback: int) -> dict[str, NDArray]:
    """Return the histories of the living, first spend and later purchases."""
    found = duckdb.sql(f"""
        WITH days AS (
            SELECT id, CAST(moment AS DATE) AS day, sum(amount) AS spend
            FROM ({LOGS[log].format(folder)}) GROUP BY ALL),
        seen AS (
            SELECT id, day, spend, row_number() OVER (PARTITION BY id ORDER BY day) = 1 AS is_first
            FROM days WHERE day < DATE '{day}' AND day >= DATE '{day}' - {lookback}),
        later AS (
            SELECT id, sum(spend) / count(*) AS spend FROM days
            WHERE day >= DATE '{day}' AND day < DATE '{day}' + {horizon} GROUP BY id)
        SELECT count(*) - 1 AS repeats, max(day) - min(day) AS last_days,
               DATE '{day}' - 1 - min(day) AS age_days, sum(seen.spend) AS spend,
               coalesce(sum(seen.spend) FILTER (NOT is_first), 0) AS spend_repeats,
               coalesce(any_value(later.spend), -1) AS later_spend
        FROM seen LEFT JOIN later USING (id) GROUP BY id
        HAVING max(day) >= DATE '{day}' - {ACTIVE_DAYS} ORDER BY id""").fetchnumpy()
    return {name: np.asarray(column, dtype=float) for name, column in found.items()}


def print_models(folder: Path, lookback: int) -> None:
    """Print the AUC of the models at each date."""
    print(
        f"lookback {lookback} days\nlog | as of | model | AUC none | AUC purchases | mean p | share"
    )
    for log, day, horizon in DATES:
        table = read(folder, log, day, horizon, lookback)
        columns = [table[name] for name in ("repeats", "last_days", "age_days")]
        grouped = histories(*columns)
        each = Histories(
            repeats=columns[0],
            last_days=columns[1],
            age_days=columns[2],
            weights=np.ones(len(columns[0])),
        )
        churned = (table["later_spend"] < 0).astype(float)
        for name, (model, _) in {
            "BG/NBD": fit_beta_geometric(grouped, kind="bg_nbd"),
            "MBG/NBD": fit_beta_geometric(grouped, kind="mbg_nbd"),
            "Pareto/NBD": fit_pareto_nbd(grouped),
        }.items():
            none = model.p_none(each, horizon_days=horizon)
            expected = model.expected_purchases(each, horizon_days=horizon)
            print(
                f"{log} | {day} | {name} | {auc(churned, none):.4f} | {auc(churned, -expected):.4f}"
                f" | {none.mean():.3f} | {churned.mean():.3f}"
            )


def print_spend(folder: Path) -> None:
    """Print how spend expected from all purchase days and from repeats only agrees with later."""
    print("log | as of | from | correlation of logarithms | median relative error")
    for log, day, horizon in DATES[:6]:
        table = read(folder, log, day, horizon, 365)
        came = table["later_spend"] > 0
        for name, days, spend in (
            ("all days", table["repeats"] + 1, table["spend"]),
            ("repeats", table["repeats"], table["spend_repeats"]),
            ("mean, unshrunk", table["repeats"] + 1, table["spend"]),
        ):
            mean = spend / np.maximum(days, 1)
            paid = (days > 0) & (mean > 0)
            model, _ = fit_gamma_gamma(days[paid], mean[paid])
            found = mean if "mean" in name else model.expected_spend(days, mean)
            kept = came & (found > 0)
            true = table["later_spend"][kept]
            together = np.corrcoef(np.log(found[kept]), np.log(true))[0, 1]
            error = np.median(np.abs(found[kept] / true - 1))
            print(f"{log} | {day} | {name} | {together:.3f} | {error:.3f}")


def print_speed() -> None:
    """Print the seconds of a fit and of the features for a million customers."""
    rng = np.random.default_rng(0)
    n = 1_000_000
    age = rng.integers(0, 365, n)
    repeats = np.minimum(rng.poisson(age * rng.gamma(0.8, 1 / 60, n)), age)
    last = np.where(repeats > 0, np.maximum((age * rng.random(n)).astype(int), repeats), 0)
    spend = (repeats + 1) * rng.gamma(3.0, 12.0, n)
    started = time.perf_counter()
    fitted = fit_parameters(repeats, last, age, purchases=repeats + 1, spend=spend)
    print(f"fit, a million customers: {time.perf_counter() - started:.2f} s")
    thinned = histories(repeats, last, age, most=20_000)
    started = time.perf_counter()
    fit_beta_geometric(thinned, kind="mbg_nbd")
    print(f"  of it the MBG/NBD of {len(thinned.repeats)} histories: "
          f"{time.perf_counter() - started:.2f} s")  # fmt: skip
    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    connection.execute(
        "CREATE TABLE purchase_days AS SELECT i % 1000000 AS customer_id,"
        " CAST(hash(i) % 365 AS INTEGER) AS age_day,"
        " CAST(hash(i * 7) % 100 AS DECIMAL(18, 4)) AS amount FROM range(3000000) t(i)"
    )
    operands = ["count(*)", "min(age_day)", "max(age_day)", "sum(amount)"]
    for horizon, gap in ((90, 0), (90, 14), (365, 0)):
        filled = [
            fill_parameters(feature.sql, fitted, horizon_days=horizon, gap_days=gap)
            for feature in FEATURES
        ]
        without = min(_seconds(connection, operands) for _ in range(3))
        whole = min(_seconds(connection, [*operands, *filled]) for _ in range(3))
        print(f"horizon {horizon}, gap {gap}: counts {without:.2f} s, five features more "
              f"{whole - without:.2f} s")  # fmt: skip


def _seconds(connection: duckdb.DuckDBPyConnection, expressions: list[str]) -> float:
    selected = ", ".join(f"{sql} AS c{place}" for place, sql in enumerate(expressions))
    summed = ", ".join(f"sum(c{place})" for place in range(len(expressions)))
    started = time.perf_counter()
    connection.sql(
        f"SELECT {summed} FROM (SELECT {selected} FROM purchase_days GROUP BY customer_id)"
    ).fetchall()
    return time.perf_counter() - started


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="holds the real data sets")
    parser.add_argument("--lookback", type=int, default=365, help="days, default 365")
    given = parser.parse_args()
    print_models(given.folder, given.lookback)
    print_spend(given.folder)
    print_speed()
