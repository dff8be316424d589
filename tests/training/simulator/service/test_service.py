"""The service as a folder: a project ready to use, the same bytes again, honest outcomes."""

from __future__ import annotations

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest

from ebbtide.contracts.check import check_table
from ebbtide.contracts.tables import TABLES
from ebbtide.errors import SettingsError
from ebbtide.project import load_project
from features.labels import label_snapshot
from features.sources import open_tables
from training.simulator.service.service import TABLE_NAMES, simulate_service
from training.simulator.service.truth import DEFINITION
from training.simulator.shop import simulate


@pytest.fixture(scope="module")
def tables(service):
    opened = open_tables(load_project(service.project_file), now=service.log_ends_at)
    yield opened
    opened.connection.close()


def test_the_project_file_is_ready_to_use_and_never_mentions_the_truth(service) -> None:
    project = load_project(service.project_file)
    assert project.definition == DEFINITION
    assert tuple(project.tables) == TABLE_NAMES
    assert project.policy_path.read_text() == "# a policy\n"
    assert "truth" not in service.project_file.read_text()


def test_the_summary_counts_what_was_written(service, table, truth) -> None:
    last = truth[truth.as_of == service.log_ends_at]
    assert service.rows == {name: len(table(name)) for name in TABLE_NAMES}
    assert service.alive_customers == len(last)
    assert service.churn_share == pytest.approx(last.true_risk.mean())


@pytest.mark.parametrize("name", TABLE_NAMES)
def test_the_check_of_contracts_finds_nothing(service, name) -> None:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.from_parquet(str(service.folder / f"{name}.parquet")).create_view("raw")
        assert check_table(connection, "raw", TABLES[name], now=service.log_ends_at) == []
    columns = pq.read_schema(service.folder / f"{name}.parquet").names
    assert columns == list(TABLES[name].names)


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(tmp_path) -> None:
    def files(seed, name):
        simulate_service(tmp_path / name, customers=300, seed=seed)
        return {p.name: p.read_bytes() for p in (tmp_path / name).rglob("*") if p.is_file()}

    first = files(3, "first")
    assert first == files(3, "again")
    assert first["subscriptions.parquet"] != files(4, "other")["subscriptions.parquet"]


def test_the_product_counts_the_losses_that_came(tables, truth, service) -> None:
    """The labels of the product, by the tables alone, are the outcomes that the simulator knows."""
    for as_of, known in truth[truth.as_of < service.log_ends_at - pd.Timedelta(days=37)].groupby(
        "as_of"
    ):
        labels = label_snapshot(
            tables, as_of=as_of, now=service.log_ends_at, definition=DEFINITION
        ).to_pandas()
        assert labels.customer_id.tolist() == known.customer_id.tolist()
        assert labels.churned.tolist() == known.churned.tolist()
        pd.testing.assert_series_equal(
            labels.churn_cause, known.churn_cause.reset_index(drop=True), check_dtype=False
        )


def test_the_log_begins_with_its_first_end(tables, table, service) -> None:
    start = tables.log_start(now=service.log_ends_at)
    assert start == table("subscriptions").ended_at.min()
    assert table("subscriptions").started_at.min() < start
    assert tables.log_end(now=service.log_ends_at) == service.log_ends_at


@pytest.mark.parametrize(
    "wrong", [{"customers": 0}, {"seed": -1}, {"days": 30}], ids=["customers", "seed", "days"]
)
def test_an_argument_out_of_range_is_refused(tmp_path, wrong) -> None:
    [name] = wrong
    with pytest.raises(SettingsError, match=f"cannot be simulated. {name}: expected"):
        simulate_service(tmp_path / "s", **{"customers": 10, "seed": 0, **wrong})


def test_a_shop_is_not_written_over(tmp_path) -> None:
    simulate(tmp_path / "s", customers=50, seed=0)
    with pytest.raises(SettingsError, match="other file"):
        simulate_service(tmp_path / "s", customers=50, seed=0)
