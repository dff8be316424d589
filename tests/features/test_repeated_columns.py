"""Columns of one name are found in the header, before DuckDB gives one of them another."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.repeated_columns import repeated_columns
from features.sources import check_sources
from features.tables import connect

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ROW = "c1,2025-06-01 10:00:00,5,5\n"


@pytest.mark.parametrize(
    ("header", "repeated"),
    [
        pytest.param("id,amount,amount", ("amount",), id="same"),
        pytest.param("id;amount;Amount", ("amount", "Amount"), id="case"),
        pytest.param('\ufeff"id",x,"ID"', ("id", "ID"), id="quoted-behind-a-mark"),
        pytest.param("id,,,", (), id="without-names"),
        pytest.param("c1,2025-06-01,5,5", (), id="values"),
        pytest.param("id,amount,amounts", (), id="different"),
    ],
)
@pytest.mark.parametrize(
    ("ending", "packed"), [("csv", None), ("csv.gz", "gzip"), ("csv.zst", "zstd")]
)
def test_names_in_a_header(tmp_path, header, repeated, ending, packed) -> None:
    path = tmp_path / f"t.{ending}"
    with pa.output_stream(path, compression=packed) as file:
        file.write(f"{header}\n".encode())
    assert repeated_columns(str(path)) == repeated


def test_names_in_a_schema(tmp_path) -> None:
    columns = [pa.array([1]), pa.array([2]), pa.array([3])]
    pq.write_table(pa.table(columns, names=["id", "fee", "Fee"]), tmp_path / "t.parquet")
    assert repeated_columns(str(tmp_path / "*.parquet")) == ("fee", "Fee")


def test_what_is_no_text_or_parquet_is_for_others_to_say(tmp_path) -> None:
    (tmp_path / "t.csv").write_bytes(b"\xff\xfea,a\n")
    (tmp_path / "t.parquet").write_bytes(b"PAR1 half")
    (tmp_path / "t.csv.gz").write_bytes(b"a,a\n")
    assert repeated_columns(str(tmp_path / "t*")) == ()


@pytest.mark.parametrize(
    ("header", "severity", "named"),
    [
        pytest.param("customer_id,occurred_at,amount,amount", "error", "amount", id="read"),
        pytest.param("customer_id,occurred_at,amount,Amount", "error", "amount, Amount", id="case"),
        pytest.param("customer_id,occurred_at,amount,x,X", "warning", "x, X", id="not-read"),
    ],
)
def test_a_table_of_events_says_so(shop, header, severity, named) -> None:
    rows = ROW if severity == "error" else ROW.replace("\n", ",5\n")
    project = shop(t_dot_csv=f"{header}\n{rows}")
    findings, _ = check_sources(connect("UTC"), project, now=NOW)
    (finding,) = [f for f in findings if "of the same name" in f.message]
    assert finding.severity == severity
    assert finding.message.endswith(f": {named}.")
