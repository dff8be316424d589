"""A company that fits on a page: rows as dictionaries, opened as the typed tables features read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from by_hand import BUYING
from ebbtide.contracts.tables import table_contract
from ebbtide.definition import ChurnDefinition
from ebbtide.project import load_project
from features.catalogue.catalogue import features_named, features_present
from features.snapshot import build_snapshot
from features.tables import Tables, connect, load_relation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from ebbtide.project import Project
    from features.btyd.parameters import BuyTillYouDie

    Rows = Sequence[Mapping[str, object]]

AS_OF = datetime(2011, 3, 1, tzinfo=UTC)
YEAR = ChurnDefinition(horizon_days=90, gap_days=0, active_within_days=365)
ARROW = {
    "id": pa.string(),
    "instant": pa.timestamp("us", tz="UTC"),
    "money": pa.decimal128(18, 4),
    "number": pa.float64(),
    "text": pa.string(),
    "flag": pa.bool_(),
}


def days_before(days: float, *, microseconds: int = 0) -> datetime:
    """An instant so long before the one that the tests look from."""
    return AS_OF - timedelta(days=days, microseconds=microseconds)


@pytest.fixture
def ago() -> Callable[..., datetime]:
    return days_before


@pytest.fixture
def shop(tmp_path: Path) -> Callable[..., Project]:
    """Write files beside a project file whose transactions are as given, and load it."""

    def make(
        source: str = 'path = "t.csv"',
        *,
        time_zone: str = "UTC",
        folder: str = ".",
        **files: str | bytes,
    ) -> Project:
        home = tmp_path / folder
        home.mkdir(exist_ok=True)
        for name, content in files.items():
            path = home / name.replace("_dot_", ".")
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        (home / "ebbtide.toml").write_text(
            f'[project]\nname = "shop"\ncurrency = "EUR"\ntime_zone = "{time_zone}"\n'
            f"[tables.transactions]\n{source}\n"
        )
        return load_project(home / "ebbtide.toml")

    return make


@pytest.fixture
def open_company() -> Callable[..., Tables]:
    """Open rows as tables that have only the columns some row names."""
    opened = []

    def make(*, time_zone: str = "UTC", **tables: Rows) -> Tables:
        connection = connect(time_zone)
        opened.append(connection)
        columns = {}
        for name, rows in tables.items():
            kept = [c for c in table_contract(name).columns if any(c.name in row for row in rows)]
            arrays = {c.name: [row.get(c.name) for row in rows] for c in kept}
            types = {c.name: ARROW[c.kind] for c in kept}
            connection.register(
                f"raw_{name}",
                pa.table({key: pa.array(arrays[key], type=types[key]) for key in arrays}),
            )
            columns[name] = load_relation(connection, name)
        return Tables(connection=connection, columns=columns, time_zone=time_zone)

    yield make
    for connection in opened:
        connection.close()


@pytest.fixture
def features_of(open_company) -> Callable[..., dict[str, dict[str, float | None]]]:
    """Compute features by customer; without names, all that the rows can feed."""

    def compute(
        *names: str,
        as_of: datetime = AS_OF,
        lookback_days: int = 365,
        expectations: BuyTillYouDie | None = BUYING,
        **tables: Rows,
    ) -> dict[str, dict[str, float | None]]:
        company = open_company(**tables)
        frame = build_snapshot(
            company,
            as_of=as_of,
            features=features_named(names) if names else features_present(company.columns),
            lookback_days=lookback_days,
            definition=YEAR,
            expectations=expectations,
        )
        return {row.pop("customer_id"): row for row in frame.drop_columns("as_of").to_pylist()}

    return compute
