"""Files as companies have them: what is read as meant, and what is refused in clear words."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ebbtide.errors import ContractError, SettingsError
from features.sources import check_sources, open_tables
from features.tables import connect

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CANARY = "canary-9731"
HEAD = "customer_id,occurred_at,amount\n"
ROW = "007,2025-06-01 12:00:00,9.50\n"


def rows(project, columns="customer_id, occurred_at, amount"):
    tables = open_tables(project, now=NOW)
    return tables.connection.sql(f"SELECT {columns} FROM transactions ORDER BY ALL").fetchall()


def refused(project, kind=ContractError) -> str:
    with pytest.raises(kind) as raised:
        open_tables(project, now=NOW)
    return str(raised.value)


def test_leading_zeros_of_ids_are_kept(shop) -> None:
    project = shop(t_dot_csv=HEAD + ROW)
    assert rows(project, "customer_id") == [("007",)]


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        pytest.param("2025-06-01 12:00:00", "2025-06-01 11:00:00", id="wall-clock-in-summer"),
        pytest.param("2025-01-15 12:00:00", "2025-01-15 12:00:00", id="wall-clock-in-winter"),
        pytest.param("2025-06-01T12:00:00+08:00", "2025-06-01 04:00:00", id="offset"),
        pytest.param("2025-06-01T12:00:00Z", "2025-06-01 12:00:00", id="utc"),
        pytest.param("2025-06-01", "2025-05-31 23:00:00", id="date"),
    ],
)
def test_instants_of_a_csv_are_read_in_the_zone_of_the_project(shop, written, utc) -> None:
    project = shop(time_zone="Europe/London", t_dot_csv=f"{HEAD}a,{written},1\n")
    assert rows(project, "CAST(occurred_at AS VARCHAR)") == [(utc,)]


def test_semicolons_are_recognised(shop) -> None:
    text = "customer_id;occurred_at;amount\n1;2025-06-01;9.5\n2;2025-06-02;8.5\n"
    assert rows(shop(t_dot_csv=text), "customer_id") == [("1",), ("2",)]


def test_columns_are_mapped_by_the_project_file(shop) -> None:
    project = shop(
        'path = "t.csv"\ncolumns = { customer_id = "client no", occurred_at = "when" }',
        t_dot_csv="client no,when,amount\n007,2025-06-01,9.5\n",
    )
    assert rows(project, "customer_id, amount") == [("007", pytest.approx(9.5))]


def test_a_mapping_wins_over_a_column_of_the_same_name(shop) -> None:
    project = shop(
        'path = "t.csv"\ncolumns = { customer_id = "client" }',
        t_dot_csv="customer_id,client,occurred_at,amount\nrow-1,c9,2025-06-01,9.5\n",
    )
    assert rows(project, "customer_id") == [("c9",)]


def test_one_column_may_serve_twice(shop) -> None:
    project = shop(
        'path = "t.csv"\ncolumns = { order_id = "id", product_id = "id" }',
        t_dot_csv="customer_id,id,occurred_at,amount\nc,i,2025-06-01,9.5\n",
    )
    assert rows(project, "order_id, product_id") == [("i", "i")]


def test_a_glob_reads_every_file(shop) -> None:
    project = shop('path = "t*.csv"', t1_dot_csv=HEAD + ROW, t2_dot_csv=HEAD + "8,2025-06-01,1\n")
    assert rows(project, "customer_id") == [("007",), ("8",)]


def test_parquet_keeps_its_types(shop, tmp_path) -> None:
    frame = {
        "customer_id": pa.array([12, 7], type=pa.int64()),
        "occurred_at": pa.array([datetime(2025, 6, 1), datetime(2025, 6, 2)]),  # noqa: DTZ001
        "amount": pa.array([0.1, 0.2]),
    }
    pq.write_table(pa.table(frame), tmp_path / "t.parquet")
    project = shop('path = "t.parquet"')
    assert rows(project, "customer_id, CAST(amount AS VARCHAR)") == [
        ("12", "0.1000"),
        ("7", "0.2000"),
    ]


def test_a_query_reads_files_by_a_variable(shop, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("SHOP_FILES", str(tmp_path))
    project = shop(
        """query = "SELECT c AS customer_id, d AS occurred_at, 1 AS amount"""
        """ FROM read_csv('${SHOP_FILES}/t.csv', all_varchar = true);" """,
        t_dot_csv="c,d\n007,2025-06-01\n",
    )
    assert rows(project, "customer_id") == [("007",)]


def test_a_variable_that_is_not_set_is_named(shop, monkeypatch) -> None:
    monkeypatch.delenv("SHOP_FILES", raising=False)
    message = refused(shop('path = "${SHOP_FILES}/t.csv"'), SettingsError)
    assert "tables.transactions.path needs the environment variable SHOP_FILES" in message
    assert "export SHOP_FILES=" in message


@pytest.mark.parametrize(
    ("source", "content", "expected"),
    [
        pytest.param('path = "gone.csv"', None, ["gone.csv"], id="missing-file"),
        pytest.param('path = "gone*.csv"', None, ["gone*.csv"], id="glob-without-a-match"),
        pytest.param('path = "t.csv"', "", ["empty (0 bytes)"], id="empty-file"),
        pytest.param('path = "t.csv"', HEAD, ["has no rows"], id="header-only"),
        pytest.param(
            'path = "t.csv"',
            HEAD.replace(",", "^") + f"{CANARY}^2025-06-01^1\n",
            ["lacks customer_id, occurred_at, amount", "delimiter", "delim ="],
            id="wrong-delimiter",
        ),
        pytest.param(
            'path = "t.csv"', f"{CANARY},2025-06-01,1\nc2,2025-06-02,3\n", ["lacks"], id="no-header"
        ),
        pytest.param(
            'path = "t.csv"\ncolumns = { customer_id = "client" }',
            HEAD + ROW.replace("007", CANARY),
            ["customer_id = 'client'", "known are: amount, customer_id, occurred_at"],
            id="mapping-to-a-missing-column",
        ),
        pytest.param(
            'path = "t.csv"\ncolumns = { customer_id = "client", amount = "ammount" }',
            HEAD + ROW,
            ["customer_id = 'client'", "amount = 'ammount'; did you mean 'amount'?"],
            id="mapping-to-two-missing-columns",
        ),
        pytest.param(
            'path = "t.csv"\ncolumns = { customer_id = "client" }',
            f"{CANARY},2025-06-01,1\nc2,2025-06-02,3\n",
            ["customer_id = 'client'; the first line"],
            id="mapping-without-a-header",
        ),
        pytest.param(
            'query = "SELEC 1"', None, ["tables.transactions", "SELEC"], id="broken-query"
        ),
        pytest.param(
            "query = \"SELECT nobody FROM read_csv('${PROJECT_DIR}/none.csv')\"",
            "",
            ["none.csv"],
            id="no-such-file",
        ),
        pytest.param(
            'query = "SELECT 1 AS customer_id, 2 AS x"',
            None,
            ["lacks occurred_at, amount", "in the query"],
            id="query-lacks-columns",
        ),
        pytest.param(
            'path = "t.parquet"',
            b"PAR1 half a file",
            ["its end is missing", "'t.parquet'"],
            id="half-a-parquet",
        ),
        pytest.param('path = "t.parquet"', b"", ["empty (0 bytes)"], id="empty-parquet"),
        pytest.param(
            'path = "t.csv"',
            HEAD + f"{CANARY},2025-06-01,1\n" * 3000 + f'{CANARY},2025-06-01,1,"{CANARY},,,\n',
            ["line 3,002 has 4 column(s) where the header has 3"],
            id="ragged-lines",
        ),
        pytest.param(
            f"query = \"SELECT CAST('{CANARY}' || random() AS INTEGER) AS customer_id, "
            'now() AS occurred_at, 1 AS amount"',
            None,
            ["transactions"],
            id="conversion-fails",
        ),
    ],
)
def test_what_cannot_be_read_is_refused_in_clear_words(shop, source, content, expected) -> None:
    if content is None:
        project = shop(source)
    else:
        project = shop(source, **{"t_dot_parquet" if "parquet" in source else "t_dot_csv": content})
    message = refused(project)
    assert [words for words in expected if words not in message] == []
    if "query" not in source:
        assert CANARY not in message
    assert "transactions" in message
    assert len(message) < 1500


def test_overflowing_numbers_are_not_quoted(shop) -> None:
    source = (
        'query = "SELECT customer_id, occurred_at, CAST(amount AS BIGINT) * 9000000000000000000'
        " AS amount FROM read_csv('${SHOP}/t.csv', all_varchar = true)\""
    )
    with pytest.MonkeyPatch.context() as patch:
        project = shop(source, t_dot_csv=HEAD + "a,2025-06-01,97319731\n")
        patch.setenv("SHOP", str(project.base))
        assert "97319731" not in refused(project)


def test_check_data_lists_what_opening_would_refuse(shop) -> None:
    project = shop(t_dot_csv=HEAD + "c1,2025-06-01T10:00:00Z,free\n,2025-06-01T10:00:00Z,1\n")
    found, readable = check_sources(connect("UTC"), project, now=NOW)
    assert readable == ["transactions"]
    assert [finding.place for finding in found] == [
        "transactions.customer_id",
        "transactions.amount",
    ]


def test_a_table_that_cannot_be_read_does_not_hide_the_others(shop, tmp_path) -> None:
    (tmp_path / "c.parquet").write_bytes(b"")
    project = shop(
        'path = "t.csv"\n[tables.complaints]\npath = "c.parquet"',
        t_dot_csv=HEAD + "c1,2025-06-01,free\n",
    )
    findings, readable = check_sources(connect("UTC"), project, now=NOW)
    assert readable == ["transactions"]
    assert [f.place for f in findings if f.severity == "error"] == [
        "transactions.amount",
        "complaints",
    ]


def test_every_bad_table_is_named_at_once(shop, tmp_path) -> None:
    (tmp_path / "c.csv").write_text("customer_id,opened_at\nc1,never\n")
    project = shop(
        'path = "t.csv"\n[tables.complaints]\npath = "c.csv"',
        t_dot_csv=HEAD + "c1,2025-06-01,free\n",
    )
    message = refused(project)
    assert "transactions.amount: holds values that are no money." in message
    assert "complaints.opened_at: holds values that are no instant." in message
    assert "in 2 place(s)" in message


def test_warnings_travel_with_the_tables(shop) -> None:
    tables = open_tables(shop(t_dot_csv=HEAD + ROW + ROW), now=NOW)
    assert [finding.severity for finding in tables.findings] == ["warning", "advice"]


def test_tables_of_other_customers_are_refused_with_everything_else(shop, tmp_path) -> None:
    (tmp_path / "c.csv").write_text(f"customer_id,opened_at\n{CANARY},2025-06-01\n")
    project = shop(
        'path = "t.csv"\n[tables.complaints]\npath = "c.csv"',
        t_dot_csv=HEAD + ROW + "8,2025-06-01,free\n",
    )
    message = refused(project)
    assert "complaints.customer_id: 0 of its 1 customers are in transactions." in message
    assert "transactions.amount" in message
    assert CANARY not in message
    assert message.count(" customers are in transactions") == 1


def test_a_column_name_with_a_quote_can_be_mapped(shop) -> None:
    head = HEAD.replace("customer_id", '"cust""omer"')
    project = shop(
        'path = "t.csv"\ncolumns = { customer_id = \'cust"omer\' }', t_dot_csv=head + ROW
    )
    assert "customer_id" in open_tables(project, now=NOW).columns["transactions"]
