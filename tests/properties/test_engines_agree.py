"""Arrays and DuckDB run the same SQL: every feature of any company is equal, null for null."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from by_hand import BUYING
from ebbtide.definition import ChurnDefinition
from ebbtide.project import load_project
from features.catalogue.catalogue import CATALOGUE, features_present
from features.duckdb_snapshot import duckdb_snapshot
from features.expectations import with_expectations
from features.snapshot import SnapshotBuilder, build_snapshot
from features.sources import open_tables
from features.tables import Tables, connect, load_relation

if TYPE_CHECKING:
    import pyarrow as pa

pytestmark = pytest.mark.property

ROOT = Path(__file__).resolve().parents[2]

ZONES = ["UTC", "Europe/London", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"]
AS_OF = datetime(2011, 3, 27, 0, 59, 59, 999_999, tzinfo=UTC)  # as tests/properties/conftest.py
INSTANTS = [
    AS_OF,
    AS_OF + timedelta(microseconds=1),  # the clocks of London jump
    datetime(2010, 10, 31, 0, 30, tzinfo=UTC),  # 01:30 in London, for the first time
    datetime(2010, 10, 31, 1, 30, tzinfo=UTC),  # 01:30 in London, for the second time
    datetime(2010, 11, 7, 5, 59, 59, tzinfo=UTC),  # the same in New York
    datetime(2011, 1, 1, tzinfo=UTC),
    datetime(2011, 2, 3, 17, 4, 5, 678_901, tzinfo=UTC),
    datetime(2011, 5, 1, tzinfo=UTC),
    datetime(2012, 6, 1, tzinfo=UTC),  # nobody lives any more
]


def definition(time_zone: str) -> ChurnDefinition:
    return ChurnDefinition(horizon_days=90, gap_days=7, active_within_days=365, time_zone=time_zone)


def both(company, *, as_of, time_zone, lookback_days=365) -> tuple[pa.Table, pa.Table]:
    """Compute the features on both engines."""
    rule = definition(time_zone)
    asked = {
        "as_of": as_of,
        "features": with_expectations(features_present(company.columns), BUYING, definition=rule),
        "lookback_days": lookback_days,
        "definition": rule,
    }
    return build_snapshot(company, **asked, expectations=BUYING), duckdb_snapshot(company, **asked)


def numbers(table: pa.Table, name: str) -> np.ndarray:
    return np.array([np.nan if v is None else v for v in table[name].to_pylist()], dtype=float)


def assert_agree(arrays: pa.Table, duckdb: pa.Table) -> None:
    assert arrays.column_names == duckdb.column_names
    assert arrays["customer_id"].to_pylist() == duckdb["customer_id"].to_pylist()
    assert arrays["as_of"].to_pylist() == duckdb["as_of"].to_pylist()
    for name in arrays.column_names[2:]:
        assert arrays[name].is_null().to_pylist() == duckdb[name].is_null().to_pylist(), name
        np.testing.assert_allclose(
            numbers(arrays, name), numbers(duckdb, name), rtol=1e-12, atol=0, err_msg=name
        )


def assert_same_bits(one: pa.Table, other: pa.Table) -> None:
    assert one.column_names == other.column_names
    for name in one.column_names:
        assert one[name].to_pylist() == other[name].to_pylist(), name


@pytest.fixture
def opened(world):
    """Open companies, and close them when the test is over."""
    companies = []

    def make(company, *, having=None):
        companies.append(world.open_tables(company, having=having))
        return companies[-1]

    yield make
    for company in companies:
        company.connection.close()


fewer = settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@fewer
@given(data=st.data())
def test_every_feature_is_equal_on_both_engines(world, opened, data) -> None:
    company = opened(data.draw(world.companies()), having=data.draw(world.columns_of_a_company()))
    arrays, duckdb = both(
        company,
        as_of=data.draw(st.sampled_from(INSTANTS)),
        time_zone=data.draw(st.sampled_from(ZONES)),
        lookback_days=data.draw(st.sampled_from([1, 30, 365, 1000])),
    )
    assert_agree(arrays, duckdb)


@fewer
@given(data=st.data())
def test_every_feature_of_the_catalogue_is_equal_where_all_columns_are_there(
    world, opened, data
) -> None:
    company = opened(data.draw(world.companies()))
    arrays, duckdb = both(company, as_of=AS_OF, time_zone=data.draw(st.sampled_from(ZONES)))
    assert arrays.column_names[2:] == [feature.name for feature in CATALOGUE]
    assert arrays.num_rows > 0
    assert_agree(arrays, duckdb)


@fewer
@given(data=st.data())
def test_rows_sorted_once_serve_every_instant(world, opened, data) -> None:
    company = opened(data.draw(world.companies()))
    asked = {
        "features": features_present(company.columns),
        "lookback_days": 365,
        "definition": definition(data.draw(st.sampled_from(ZONES))),
    }
    builder = SnapshotBuilder.of(company, **asked)
    for as_of in data.draw(st.permutations(INSTANTS)):
        assert_same_bits(builder.at(as_of), build_snapshot(company, as_of=as_of, **asked))


@fewer
@given(data=st.data())
def test_one_builder_serves_many_threads(world, opened, data) -> None:
    company = opened(data.draw(world.companies()))
    builder = SnapshotBuilder.of(
        company,
        features=features_present(company.columns),
        lookback_days=365,
        definition=definition("Europe/London"),
    )
    alone = [builder.at(as_of) for as_of in INSTANTS[:4]]
    with ThreadPoolExecutor(max_workers=8) as pool:
        together = list(pool.map(builder.at, INSTANTS[:4] * 3))
    for one, another in zip(alone * 3, together, strict=True):
        assert_same_bits(one, another)


@fewer
@given(data=st.data())
def test_blocks_of_any_size_give_the_same_bits(world, opened, data) -> None:
    company = opened(data.draw(world.companies()))
    asked = {
        "as_of": AS_OF,
        "features": features_present(company.columns),
        "lookback_days": 365,
        "definition": definition("Europe/London"),
        "expectations": BUYING,
    }
    whole = build_snapshot(company, **asked)
    for n_customers in (1, 2, 3):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("features.arrays.snapshot.BLOCK", n_customers)
            assert_same_bits(build_snapshot(company, **asked), whole)


@fewer
@given(data=st.data())
def test_the_order_of_the_rows_does_not_matter(world, opened, data) -> None:
    company = data.draw(world.companies())
    other = {name: data.draw(st.permutations(rows)) for name, rows in company.items()}
    one, another = (
        build_snapshot(
            opened(rows),
            as_of=AS_OF,
            features=CATALOGUE,
            lookback_days=365,
            definition=definition("UTC"),
            expectations=BUYING,
        )
        for rows in (company, other)
    )
    assert_same_bits(one, another)


@pytest.mark.parametrize(
    "as_of", [datetime(2010, 12, 1, tzinfo=UTC), datetime(2011, 9, 9, 13, 5, tzinfo=UTC)]
)
def test_online_retail_is_equal_on_both_engines(shop_env, as_of) -> None:
    project = load_project(ROOT / "examples" / "online-retail-ii.toml")
    company = open_tables(project, now=datetime(2026, 1, 1, tzinfo=UTC))
    assert_agree(*both(company, as_of=as_of, time_zone="Europe/London", lookback_days=730))


INCIDENTS = """
CREATE TABLE {name} AS
SELECT caller_id AS customer_id, min(opened_at) AS opened_at, max(resolved_at) AS resolved_at,
    max(CAST(5 - CAST(priority AS INTEGER) AS DOUBLE)) AS severity, max(category) AS category,
    max(contact_type) AS channel, max(reopen_count) > 0 AS reopened,
    min(sys_updated_at) AS known_at
FROM read_parquet('{path}') WHERE caller_id IS NOT NULL GROUP BY number, caller_id
"""


@pytest.mark.parametrize(
    "as_of", [datetime(2016, 4, 1, tzinfo=UTC), datetime(2016, 10, 30, 1, 30, tzinfo=UTC)]
)
def test_the_incident_log_is_equal_on_both_engines(data_dir, as_of) -> None:
    """Callers who complain; what they bought is made up from when they called."""
    connection = connect("UTC")
    try:
        path = data_dir / "uci_incident_log.parquet"
        connection.execute(INCIDENTS.format(name="raw_complaints", path=path))
        connection.execute(
            "CREATE TABLE raw_transactions AS SELECT customer_id, opened_at AS occurred_at,"
            " severity * 10 - 15 AS amount, category AS product_id, channel FROM raw_complaints"
        )
        columns = {name: load_relation(connection, name) for name in ("transactions", "complaints")}
        company = Tables(connection=connection, columns=columns)
        arrays, duckdb = both(company, as_of=as_of, time_zone="Europe/London")
    finally:
        connection.close()
    assert arrays.num_rows > 500
    assert np.nanmax(numbers(arrays, "complaints_reopened_365d")) >= 1
    assert_agree(arrays, duckdb)
