"""What lies before the lookback changes no feature: a longer history is no other customer.

A model trained on snapshots of a young log meets, a year later, customers whose past reaches
further back. Features that counted from the beginning would drift with the age of the log.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from ebbtide.contracts.tables import TABLES
from ebbtide.definition import ChurnDefinition
from ebbtide.project import load_project
from ebbtide.project_problems import LONGEST_WINDOW_DAYS
from features.catalogue.catalogue import CATALOGUE, features_present
from features.snapshot import build_snapshot
from features.sources import open_tables

YEAR = ChurnDefinition(horizon_days=90, gap_days=0, active_within_days=365)
AS_OF = datetime(2011, 3, 1, tzinfo=UTC)
LOOKBACK_DAYS = 365


def long_log(customers: int = 120, seed: int = 7) -> dict[str, list[dict[str, object]]]:
    """Rows of every table over three years."""
    rng = Random(seed)

    def at(first: float = 0.01, last: float = 1100) -> datetime:
        return AS_OF - timedelta(days=rng.uniform(first, last))

    def later(instant: datetime, days: float) -> datetime | None:
        return None if rng.random() < 0.2 else instant + timedelta(days=rng.uniform(0.1, days))

    def dated(clock: str, done: str = "", *, within: float = 1.0) -> dict[str, object]:
        began = at()
        return {clock: began} | ({done: later(began, within)} if done else {})

    makers = {
        "transactions": lambda: (
            dated("occurred_at")
            | {"amount": rng.choice((-5, 0, 3, 12, 40)), "order_id": rng.choice("abcdefg")}
            | {"product_id": rng.choice("pqrstu"), "category": rng.choice(("k1", "k2"))}
            | {"channel": rng.choice(("web", "shop")), "quantity": float(rng.randint(1, 9))}
            | {"discount": rng.choice((0, 1))}
        ),
        "complaints": lambda: (
            dated("opened_at", "resolved_at", within=40)
            | {"severity": float(rng.randint(1, 5)), "reopened": rng.random() < 0.3}
        ),
        "activity": lambda: (
            dated("occurred_at")
            | {"kind": rng.choice(("visit", "call")), "value": float(rng.randint(1, 5))}
        ),
        "surveys": lambda: (
            dated("answered_at")
            | {"metric": rng.choice(("csat", "nps", "ces")), "score": float(rng.randint(1, 5))}
        ),
        "payments": lambda: dated("due_at", "paid_at", within=30) | {"amount": 10},
        "balances": lambda: (
            dated("measured_at")
            | {"name": rng.choice(("cash", "seats")), "value": float(rng.randint(-5, 90))}
        ),
        "subscriptions": lambda: (
            dated("started_at", "ended_at", within=300)
            | {"end_reason": rng.choice(("voluntary", "payment")), "plan": rng.choice(("s", "m"))}
            | {"price": rng.randint(5, 30), "period_days": 30.0}
        ),
    }
    log: dict[str, list[dict[str, object]]] = {
        name: [{"customer_id": f"c{rng.randrange(customers)}"} | make() for _ in range(1500)]
        for name, make in makers.items()
    }
    everybody = [{"customer_id": f"c{index}"} for index in range(customers)]
    alive = {"occurred_at": AS_OF - timedelta(days=20), "amount": 9}
    log["transactions"] += [who | alive for who in everybody]
    log["customers"] = [who | {"signed_up_at": AS_OF - timedelta(days=99)} for who in everybody]
    return log


def last_sign(table: str, row: dict[str, object]) -> object:
    """Return until when a row has something to say: what runs, and who exists, does so now."""
    contract = TABLES[table]
    if contract.clock not in contract.required:
        return AS_OF
    return row[contract.runs_until or contract.clock] or AS_OF


def snapshot(open_company, log, *, lookback_days: int = LOOKBACK_DAYS):
    tables = open_company(**log)
    return build_snapshot(
        tables,
        as_of=AS_OF,
        features=features_present(tables.columns),
        lookback_days=lookback_days,
        definition=YEAR,
    )


def cut(log, *, days: int):
    first = AS_OF - timedelta(days=days)
    return {
        table: [row for row in rows if last_sign(table, row) >= first]
        for table, rows in log.items()
    }


def moved(one, other) -> list[str]:
    assert one["customer_id"].to_pylist() == other["customer_id"].to_pylist()
    return [name for name in one.column_names if not one[name].equals(other[name])]


def test_what_lies_before_the_lookback_changes_no_feature_by_a_bit(open_company) -> None:
    log = long_log()
    short = cut(log, days=LOOKBACK_DAYS)
    assert all(len(short[table]) < len(log[table]) for table in log if table != "customers")
    whole = snapshot(open_company, log)
    assert set(whole.column_names) >= {feature.name for feature in CATALOGUE}
    assert moved(whole, snapshot(open_company, short)) == []


def test_what_lies_within_the_lookback_does_change_features(open_company) -> None:
    """The check above is no mere formality: a month less of history moves every family."""
    log = long_log()
    changed = moved(
        snapshot(open_company, log),
        snapshot(open_company, cut(log, days=LOOKBACK_DAYS - 30)),
    )
    families = {feature.contract.family for feature in CATALOGUE if feature.name in changed}
    assert families == {feature.contract.family for feature in CATALOGUE}


def test_a_window_that_a_feature_names_is_looked_at_whole_and_a_shorter_look_is_not_one(
    open_company,
) -> None:
    """Else 2 orders of 90 days would be told as those of a year."""
    log = long_log()
    shortest = snapshot(open_company, log, lookback_days=LONGEST_WINDOW_DAYS)
    counted = re.compile(r"(purchase_days|spend|orders|activity|complaints|returned)_\d+d")
    windowed = {feature.name for feature in CATALOGUE if counted.fullmatch(feature.name)}
    assert len(windowed) > 12
    longer = snapshot(open_company, log, lookback_days=2 * LONGEST_WINDOW_DAYS)
    assert windowed & {*moved(shortest, longer)} == set()
    shorter = snapshot(open_company, log, lookback_days=LONGEST_WINDOW_DAYS - 7)
    assert windowed & {*moved(shortest, shorter)} != set()


def test_a_real_log_that_begins_nine_months_later_gives_the_same_snapshot(
    shop_env: Path,
) -> None:
    """Online Retail II begins in December 2009; a snapshot looks back to September 2010."""
    example = Path(__file__).resolve().parents[2] / "examples" / "online-retail-ii.toml"
    project = load_project(example)
    tables = open_tables(project, now=datetime(2012, 6, 1, tzinfo=UTC))

    def taken():
        return build_snapshot(
            tables,
            as_of=datetime(2011, 9, 9, tzinfo=UTC),
            features=features_present(tables.columns),
            lookback_days=LOOKBACK_DAYS,
            definition=project.definition,
        )

    whole = taken()
    before = "FROM transactions WHERE occurred_at < TIMESTAMP '2010-09-01'"
    [[dropped]] = tables.connection.sql(f"SELECT count(*) {before}").fetchall()
    assert dropped > 200_000
    tables.connection.execute(f"DELETE {before}")
    assert whole.num_rows == 4324
    assert moved(whole, taken()) == []
