"""Small companies for hypothesis: every table that features read, crowded around the edges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from hypothesis import strategies as st

from ebbtide.contracts.tables import TABLES, table_contract
from ebbtide.definition import ChurnDefinition
from features.catalogue.catalogue import CATALOGUE, features_present
from features.snapshot import build_snapshot
from features.tables import Tables, connect, load_relation

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    Company = dict[str, list[dict[str, object]]]

AS_OF = datetime(2011, 3, 27, 0, 59, 59, 999_999, tzinfo=UTC)
DEFINITION = ChurnDefinition(horizon_days=90, gap_days=0, active_within_days=365)
TICK = timedelta(microseconds=1)
READ = tuple(dict.fromkeys(feature.contract.table for feature in CATALOGUE))
ARROW = {
    "id": pa.string(),
    "instant": pa.timestamp("us", tz="UTC"),
    "money": pa.decimal128(18, 4),
    "number": pa.float64(),
    "text": pa.string(),
    "flag": pa.bool_(),
}
LIMITS = {"csat": (1, 5), "nps": (0, 10), "ces": (1, 7)}

edges = [
    AS_OF - timedelta(days=days) + shift
    for days in (0, 1, 2, 30, 31, 90, 180, 275, 360, 365)
    for shift in (-TICK, timedelta(), TICK)
]
before = st.sampled_from([at for at in edges if at < AS_OF]) | st.integers(
    1, 400 * 86_400_000_000
).map(lambda us: AS_OF - us * TICK)
since = st.sampled_from([AS_OF, AS_OF + TICK, AS_OF + timedelta(days=1)]) | st.integers(
    0, 60 * 86_400_000_000
).map(lambda us: AS_OF + us * TICK)
moments = before | before | since
customers = st.sampled_from("abc")


def money(low: int, high: int) -> SearchStrategy[Decimal]:
    return st.integers(low, high).map(lambda cents: Decimal(cents) / 100)


def table(name: str, /, **columns: SearchStrategy[object]) -> SearchStrategy[list]:
    clock = table_contract(name).clock
    if clock != "known_at":
        columns = {clock: moments, **columns}
    row = st.fixed_dictionaries(
        {"customer_id": customers, **columns, "known_at": st.none() | moments}
    )
    return st.lists(row, min_size=2, max_size=6)


def completed_later(name: str, row: dict) -> dict:
    """Let nothing be resolved, or end, before it began."""
    began, done = {"complaints": ("opened_at", "resolved_at")}.get(name, ("started_at", "ended_at"))
    if row[done] is not None and row[done] < row[began]:
        return row | {done: row[began]}
    return row


answers = st.sampled_from(sorted(LIMITS)).flatmap(
    lambda metric: st.tuples(st.just(metric), st.integers(*LIMITS[metric]).map(float))
)
tables = {
    "transactions": table(
        "transactions",
        amount=money(-3000, 9000) | money(0, 500),
        order_id=st.sampled_from([None, "o1", "o2"]),
        product_id=st.sampled_from([None, "p1", "p2", "p3"]),
        category=st.sampled_from([None, "k1", "k2"]),
        channel=st.sampled_from([None, "web", "shop"]),
        quantity=st.sampled_from([None, -1.0, 0.0, 0.5, 3.0]),
        discount=st.none() | money(0, 900),
    ),
    "complaints": table(
        "complaints",
        resolved_at=st.none() | moments,
        severity=st.sampled_from([None, 1.0, 3.0, 5.0]),
        reopened=st.sampled_from([None, True, False]),
    ).map(lambda rows: [completed_later("complaints", row) for row in rows]),
    "activity": table(
        "activity",
        kind=st.sampled_from([None, "visit", "call"]),
        value=st.sampled_from([None, -1.0, 0.0, 2.5]),
    ),
    "surveys": table("surveys", answer=answers).map(
        lambda rows: [
            row | dict(zip(("metric", "score"), row.pop("answer"), strict=True)) for row in rows
        ]
    ),
    "payments": table(
        "payments",
        paid_at=st.none() | moments,
        amount=money(0, 9000),
        status=st.sampled_from([None, "paid", "failed"]),
    ),
    "balances": table(
        "balances",
        name=st.sampled_from(["cash", "seats"]),
        value=st.sampled_from([-20.0, 0.0, 0.1, 7.0, 1e6]),
    ),
    "subscriptions": table(
        "subscriptions",
        ended_at=st.none() | moments,
        end_reason=st.sampled_from([None, "voluntary", "payment"]),
        plan=st.sampled_from([None, "basic", "plus"]),
        price=st.none() | money(0, 9000),
        period_days=st.sampled_from([None, 1.0, 30.0, 365.25]),
    ).map(lambda rows: [completed_later("subscriptions", row) for row in rows]),
    "customers": table(
        "customers", signed_up_at=st.none() | moments, segment=st.sampled_from([None, "s1"])
    ),
}
assert set(tables) == set(READ), "a table that features read is not made here"


@st.composite
def companies(draw) -> Company:
    """Draw a company in which somebody lives; every instant may lie on an edge."""
    drawn = {name: draw(rows) for name, rows in tables.items()}
    alive = {
        "customer_id": "a",
        "occurred_at": AS_OF - timedelta(days=draw(st.integers(1, 200))),
        "amount": Decimal(7),
    }
    drawn["transactions"] = [*drawn["transactions"], alive]
    return drawn


def is_visible(name: str, row: dict) -> bool:
    contract = TABLES[name]
    known = row.get("known_at")
    if contract.clock == "known_at":
        return known is None or known < AS_OF
    return row[contract.clock] < AS_OF and (known is None or known < AS_OF)


@st.composite
def with_another_future(draw, company: Company) -> Company:
    """Draw a company that differs only in what happened, or was known, from as_of on.

    Rows of the future go, change and come; what is open may be completed, and what is completed in
    the future may stay open or be completed otherwise.
    """
    other = {}
    for name, rows in company.items():
        seen = [completed(draw, name, row) for row in rows if is_visible(name, row)]
        unseen = [row for row in rows if not is_visible(name, row)]
        kept = [row for row in unseen if draw(st.booleans())]
        new = [moved(draw, name, row) for row in draw(tables[name])]
        other[name] = draw(st.permutations([*seen, *kept, *new]))
    return other


def completed(draw, name: str, row: dict) -> dict:
    """Change what completes a row, if it has not been completed yet."""
    changed = dict(row)
    for column in TABLES[name].columns:
        done = row.get(column.completed_at) if column.completed_at else AS_OF - TICK
        if column.name not in row or (done is not None and done < AS_OF):
            continue
        changed[column.name] = draw(
            {
                "instant": st.none() | since,
                "flag": st.none() | st.booleans(),
                "text": st.sampled_from([None, "paid", "failed", "payment"]),
            }[column.kind]
        )
    return changed


def moved(draw, name: str, row: dict) -> dict:
    """Move a row to where it cannot be seen: by its own clock, or by when it was known."""
    clock = TABLES[name].clock
    if clock != "known_at" and draw(st.booleans()):
        return row | {clock: draw(since)}
    return row | {"known_at": draw(since)}


@st.composite
def columns_of_a_company(draw) -> dict[str, set[str]]:
    """Draw which columns the company has: any optional one but ``known_at`` may be missing."""
    return {
        name: {
            column.name
            for column in table_contract(name).columns
            if column.is_required or column.name == "known_at" or draw(st.booleans())
        }
        for name in READ
    }


def open_tables(company: Company, *, having: dict[str, set[str]] | None = None) -> Tables:
    connection = connect("UTC")
    connection.execute("SET threads = 1")
    columns = {}
    for name, rows in company.items():
        arrays = {
            column.name: pa.array([row.get(column.name) for row in rows], type=ARROW[column.kind])
            for column in table_contract(name).columns
            if having is None or column.name in having[name]
        }
        connection.register(f"raw_{name}", pa.table(arrays))
        columns[name] = load_relation(connection, name)
    return Tables(connection=connection, columns=columns)


def snapshot(
    company: Company,
    *,
    having: dict[str, set[str]] | None = None,
    definition: ChurnDefinition = DEFINITION,
) -> pa.Table:
    """Compute every feature of the catalogue that the columns at hand can feed."""
    opened = open_tables(company, having=having)
    try:
        return build_snapshot(
            opened,
            as_of=AS_OF,
            features=features_present(opened.columns),
            lookback_days=365,
            definition=definition,
        )
    finally:
        opened.connection.close()


@pytest.fixture(scope="session")
def world() -> SimpleNamespace:
    """Everything above, for tests that draw companies and look at them."""
    return SimpleNamespace(
        as_of=AS_OF,
        definition=DEFINITION,
        companies=companies,
        columns_of_a_company=columns_of_a_company,
        with_another_future=with_another_future,
        is_visible=is_visible,
        open_tables=open_tables,
        build_snapshot=build_snapshot,
        snapshot=snapshot,
    )
