"""How often ``audit-leakage`` finds a leaking column of a feature table, and how often it errs.

Makes clean and leaking columns from Online Retail II at several instants, gives them names that say
nothing, and counts the verdicts. Run from the root of the repository:

    EBBTIDE_DATA_DIR=... python -m benchmarks.leakage --as-of 2011-03-01,2011-06-01 --per-kind 6
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from ebbtide.clock import parse_instant, shift_days
from ebbtide.project import load_project
from features.audit.own_table import audit_own_table
from features.labels import label_snapshot
from features.seen import timestamp_sql
from features.sources import open_tables

QUANTITIES = (
    "count(*)",
    "count(DISTINCT CAST(occurred_at AS DATE))",
    "count(DISTINCT order_id)",
    "count(DISTINCT product_id)",
    "sum(amount)",
    "sum(quantity)",
    "max(amount)",
    "avg(amount)",
    "sum(sqrt(amount))",
    "count(*) FILTER (hour(occurred_at) < 12)",
)
HABITS = (
    "avg(CAST(isodow(occurred_at) = 2 AS INTEGER))",
    "avg(hour(occurred_at))",
    "avg(CAST(product_id LIKE '2%' AS INTEGER))",
    "median(amount / nullif(quantity, 0))",
    "max(order_id)",
    "mode(left(product_id, 2))",
    "min(occurred_at)",
    "max(occurred_at)",
)


class Columns:
    """Columns of the customers who live at an instant, as somebody might have computed them."""

    def __init__(self, tables, project, as_of, now, rng):
        self.tables, self.as_of, self.rng = tables, as_of, rng
        self.shift = lambda days: shift_days(as_of, days, time_zone=project.definition.time_zone)
        labels = label_snapshot(tables, as_of=as_of, now=now, definition=project.definition)
        self.ids = labels["customer_id"].to_pylist()
        self.churned = np.asarray(labels["churned"].to_numpy(), dtype=float)

    def window(self, sql, start, end, *, missing=None):
        """Return an aggregate over the purchases of some days; None is no limit."""
        within = ["amount >= 0"]
        if start is not None:
            within.append(f"occurred_at >= {timestamp_sql(self.shift(start))}")
        if end is not None:
            within.append(f"occurred_at < {timestamp_sql(self.shift(end))}")
        rows = self.tables.connection.sql(
            f"SELECT customer_id, {sql} FROM transactions WHERE {' AND '.join(within)} GROUP BY ALL"
        ).fetchall()
        values = dict(rows)
        return [values.get(who, missing) for who in self.ids]

    def count(self, end):
        """Return a random quantity over a random window that ends on a day."""
        sql = QUANTITIES[self.rng.integers(len(QUANTITIES))]
        start = -int(self.rng.integers(5, 300))
        return np.array([float(v) for v in self.window(sql, start, end, missing=0)])

    def noisy(self, values, spread):
        """Return values with multiplicative noise."""
        return values * np.exp(spread * self.rng.normal(size=len(values)))

    def kinds(self):
        """Name every kind of column with its maker, and whether it leaks."""
        n, rng = len(self.ids), self.rng
        yield "clean: count to as_of", False, lambda: self.count(0)
        yield "clean: count, 30% noise", False, lambda: self.noisy(self.count(0), 0.3)
        yield "clean: habit", False, lambda: self.window(HABITS[rng.integers(len(HABITS))], -365, 0)
        yield "clean: ratio of counts", False, lambda: self.count(0) / (1 + self.count(0))
        yield (
            "clean: noise, a third missing",
            False,
            lambda: np.where(rng.random(n) < 1 / 3, np.nan, rng.normal(size=n)),
        )
        yield (
            "clean: old window",
            False,
            lambda: np.array(
                self.window("count(*)", -int(rng.integers(250, 500)), -180, missing=0), dtype=float
            ),
        )
        for end in (1, 3, 7, 30, 90):
            yield f"leak: count to day {end}", True, lambda end=end: self.count(end)
            yield (
                f"leak: count to day {end}, 30% noise",
                True,
                lambda end=end: self.noisy(self.count(end), 0.3),
            )
        for noise in (0.0, 1.0, 2.0, 4.0):
            yield (
                f"leak: label, noise {noise:g}",
                True,
                lambda noise=noise: self.churned + noise * rng.normal(size=n),
            )
        yield "leak: label by group of products", True, self.encoded
        for share in (0.5, 0.1, 0.03):
            yield (
                f"leak: missing for {share:.0%} of churned",
                True,
                lambda share=share: np.where(
                    (rng.random(n) < share) & (self.churned == 1), np.nan, rng.normal(size=n)
                ),
            )
        yield (
            "leak: last purchase of the log",
            True,
            lambda: self.window("max(occurred_at)", None, None),
        )
        yield (
            "leak: habit over the whole log",
            True,
            lambda: self.window(HABITS[rng.integers(4)], None, None),
        )
        yield (
            "leak: count over the whole log, 30% noise",
            True,
            lambda: self.noisy(np.array(self.window("count(*)", None, None), dtype=float), 0.3),
        )

    def encoded(self):
        """Mean outcome of those who bought most of the same product, oneself among them."""
        groups = np.array(self.window("mode(product_id)", -365, 0), dtype=str)
        means = {group: self.churned[groups == group].mean() for group in set(groups)}
        return np.array([means[group] for group in groups])


def main() -> None:
    """Judge columns of every kind, and print how often each verdict fell."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--config", type=Path, default=Path("examples/online-retail-ii.toml"))
    arguments.add_argument("--as-of", default="2011-03-01,2011-06-01,2011-08-01")
    arguments.add_argument("--per-kind", type=int, default=6)
    arguments.add_argument("--seed", type=int, default=0)
    given = arguments.parse_args()
    project, now = load_project(given.config), datetime.now(UTC)
    tables = open_tables(project, now=now)
    log_end = tables.log_end(now=now)
    counted: dict[str, Counter] = {}
    for text in given.as_of.split(","):
        as_of = parse_instant(text, time_zone=project.definition.time_zone)
        rng = np.random.default_rng([given.seed, as_of.toordinal()])
        made = Columns(tables, project, as_of, log_end, rng)
        kinds = [(kind, make()) for kind, _, make in made.kinds() for _ in range(given.per_kind)]
        names = [f"x{number:03d}" for number in rng.permutation(len(kinds))]
        frame = pa.table(
            {
                "customer_id": made.ids,
                **{
                    name: pa.array(v, from_pandas=True)
                    for name, (_, v) in zip(names, kinds, strict=True)
                },
            }
        )
        start = time.perf_counter()
        audit = audit_own_table(tables, project, {as_of: frame}, log_end=log_end, seed=given.seed)
        seconds = time.perf_counter() - start
        print(f"{text}: {len(made.ids):,} customers, {len(kinds)} columns, {seconds:.0f} s")
        kind_of = dict(zip(names, (kind for kind, _ in kinds), strict=True))
        for one in audit.verdicts:
            counted.setdefault(kind_of[one.column], Counter())[one.judgement] += 1
    print(f"\n{'kind':45s} columns  leak  suspicious  clean  not judged")
    for kind in sorted(counted):
        of = counted[kind]
        print(
            f"{kind:45s} {sum(of.values()):7d} {of['leak']:5d} {of['suspicious']:11d} "
            f"{of['clean as far as seen']:6d} {of['not judged']:11d}"
        )


if __name__ == "__main__":
    main()
