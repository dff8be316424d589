"""What the cards of the real data sets warn of is found where it can occur.

Three traps cannot occur here. The years of another copy of CDNOW that someone replaced are
plausible dates: no check can know them from real ones. A row that a publisher lost leaves no trace
in the others. And whether an experiment was randomised (Hillstrom) is a matter of its treatments,
not of a log.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ebbtide.project import load_project
from features.usability.flat import flat_report
from features.usability.report import usability_report

NOW = datetime(2026, 1, 1, tzinfo=UTC)

ONLINE_RETAIL = """
SELECT {customer} AS customer_id, InvoiceDate AS occurred_at, Price * Quantity AS amount,
    Invoice AS order_id, StockCode AS product_id, Description AS category, sheet
FROM read_parquet('{path}')
"""

CALLS = """query = "SELECT DISTINCT caller_id AS customer_id, opened_at AS occurred_at, \
1 AS amount FROM read_parquet('{path}') WHERE caller_id IS NOT NULL"
"""


@pytest.fixture
def report(tmp_path):
    def make(head: str = "", **queries: str):
        tables = "".join(f"[tables.{name}]\n{source}\n" for name, source in queries.items())
        text = f'[project]\nname = "x"\ncurrency = "EUR"\n{head}{tables}'
        (tmp_path / "ebbtide.toml").write_text(text)
        return usability_report(load_project(tmp_path / "ebbtide.toml"), now=NOW)

    return make


def found(report, place: str) -> dict[str, int]:
    """Counts by message, of one place."""
    return {f.message: f.count for f in report.findings if f.place == place}


def test_online_retail_raw(report, data_dir) -> None:
    path = data_dir / "online_retail_II.parquet"
    query = ONLINE_RETAIL.format(customer='"Customer ID"', path=path)
    checked = report(transactions=f'query = """{query}"""')
    on_customer = found(checked, "transactions.customer_id")
    assert on_customer["is null in some rows."] == 243_007
    # 22,523 rows are in both sheets; some are there twice within a sheet as well.
    overlap = found(checked, "transactions")
    assert overlap["holds everything from 2010-12-01 to 2010-12-09 twice."] == 22_845
    assert overlap["repeats rows but for blanks, case or known_at."] > 4_000
    # Adjustments of bad debt (A invoices) and orders of 80,995 pieces that were taken back.
    assert (
        found(checked, "transactions.amount")["is more than 100 times the 99th percentile."] == 11
    )
    assert found(checked, "transactions.product_id")["names tests, dummies or adjustments."] > 50
    assert checked.sufficiency.level == "not enough"
    assert checked.sufficiency.if_mended == "enough"
    assert checked.shapes[0].n_rows == 1_067_370


def test_online_retail_with_nobody_as_a_customer(report, data_dir) -> None:
    path = data_dir / "online_retail_II.parquet"
    query = ONLINE_RETAIL.format(customer='coalesce("Customer ID", 0)', path=path)
    on_customer = found(report(transactions=f'query = """{query}"""'), "transactions.customer_id")
    assert on_customer["is one and the same in 23% of the rows."] == 243_007
    assert on_customer["is a placeholder such as 0, -1 or 9999, with many rows."] == 243_007


def test_incident_log_with_its_versions(report, data_dir) -> None:
    path = data_dir / "uci_incident_log.parquet"
    checked = report(
        transactions=CALLS.format(path=path),
        complaints=f'query = "SELECT caller_id AS customer_id, opened_at, resolved_at, '
        f"CAST(urgency AS INT) AS severity, reopen_count > 0 AS reopened, number "
        f"FROM read_parquet('{path}')\"",
    )
    assert found(checked, "complaints.customer_id")["is null in some rows."] == 29
    on_table = found(checked, "complaints")
    versions = [message for message in on_table if message.startswith("holds nearly all rows")]
    assert len(versions) == 1
    assert on_table["has columns that nobody reads: number."] == 0
    assert found(checked, "complaints.opened_at")["carries no time zone."] == 141_712
    # Not on the card: the copy lacks nearly all of June 2016.
    assert "has hardly any rows in 8 month(s): 2016-06 to 2017-01." in found(
        checked, "complaints.opened_at"
    )


def test_incident_log_with_one_row_for_each_ticket(report, data_dir) -> None:
    path = data_dir / "uci_incident_log.parquet"
    checked = report(
        transactions=CALLS.format(path=path),
        complaints=f'query = "SELECT arg_max(caller_id, sys_mod_count) AS customer_id, '
        f"any_value(opened_at) AS opened_at, max(resolved_at) AS resolved_at "
        f"FROM read_parquet('{path}') WHERE caller_id IS NOT NULL GROUP BY number\"",
    )
    assert not [m for m in found(checked, "complaints") if m.startswith("holds")]


@pytest.mark.parametrize(
    ("file", "customer", "rows", "zeros"),
    [("cdnow_master", "customer_id", 69_659, 80), ("cdnow_sample", "sample_id", 6_919, 8)],
)
def test_cdnow_has_dates_without_times_and_zero_amounts(
    report, data_dir, file, customer, rows, zeros
) -> None:
    path = data_dir / f"{file}.parquet"
    columns = f'{{ customer_id = "{customer}", occurred_at = "date", amount = "dollar_value" }}'
    checked = report(transactions=f'path = "{path}"\ncolumns = {columns}')
    assert found(checked, "transactions.occurred_at")["holds dates without a time of day."] == rows
    assert found(checked, "transactions.amount")["is zero."] == zeros
    assert checked.sufficiency.level == "enough"


def test_grocery_has_no_amounts(report, data_dir) -> None:
    path = data_dir / "grocery_elog_btydplus.parquet"
    columns = '{ customer_id = "cust", occurred_at = "date" }'
    lacking = report(transactions=f'path = "{path}"\ncolumns = {columns}')
    assert "lacks amount; it has customer_id, occurred_at." in found(lacking, "transactions")
    assert lacking.sufficiency.level == "not enough"
    query = (
        f"SELECT cust AS customer_id, date AS occurred_at, 1 AS amount FROM read_parquet('{path}')"
    )
    made = report(transactions=f'query = "{query}"')
    assert found(made, "transactions.amount")["is the same in every row."] == 10_483
    assert made.sufficiency.level == "enough"


def test_complaints_with_several_rows_for_a_dossier(report, data_dir) -> None:
    path = data_dir / "bpi2016_complaints.parquet"
    checked = report(
        transactions=f'query = "SELECT DISTINCT CustomerID AS customer_id, ContactDate AS '
        f"occurred_at, 1 AS amount FROM read_parquet('{path}')\"",
        complaints=f'query = "SELECT CustomerID AS customer_id, ContactDate AS opened_at, '
        f"ComplaintTheme AS category, ComplaintID FROM read_parquet('{path}')\"",
    )
    on_table = found(checked, "complaints")
    assert on_table["repeats rows in all that is read; they differ only in other columns."] == 28
    key = "has more than one row with the same customer_id and opened_at."
    assert found(checked, "complaints.opened_at")[key] == 6


@pytest.mark.parametrize("file", ["ibm_telco_churn", "iranian_churn_uci563", "hillstrom_email"])
def test_a_flat_table_is_no_log(report, data_dir, file) -> None:
    checked = report(transactions=f'path = "{data_dir / f"{file}.parquet"}"')
    assert any(m.startswith("lacks ") for m in found(checked, "transactions"))
    assert checked.sufficiency.log_days is None


@pytest.mark.parametrize(
    ("file", "label", "repeated", "churned"),
    [
        # 300 rows repeat another and its label; 14 more have the other label.
        pytest.param(
            "iranian_churn_uci563", 'label = "Churn"\nchurned = 1', 314, 495, id="iranian"
        ),
        pytest.param(
            "ibm_telco_churn",
            'label = "Churn"\nchurned = "Yes"\ncustomer_id = "customerID"',
            40,
            1_869,
            id="telco",
        ),
    ],
)
def test_flat_tables_repeat_rows_and_carry_no_date(
    tmp_path, data_dir, file, label, repeated, churned
) -> None:
    (tmp_path / "ebbtide.toml").write_text(
        '[project]\nname = "x"\ncurrency = "EUR"\n[snapshot_table]\n'
        f'path = "{data_dir / f"{file}.parquet"}"\n{label}\n[churn]\nhorizon_days = 30\n'
    )
    checked = flat_report(load_project(tmp_path / "ebbtide.toml"), now=NOW)
    counts = found(checked, "snapshot_table")
    assert counts["Rows repeat the values of another row."] == repeated
    assert any(message.startswith("The rows carry no date") for message in counts)
    assert (checked.n_churned, checked.level) == (churned, "enough")
    if file == "ibm_telco_churn":
        assert checked.contract is not None
        blank = {column.name: column.null_share for column in checked.contract.columns}
        assert blank["TotalCharges"] == pytest.approx(11 / 7_043, abs=1e-4)
