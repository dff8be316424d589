"""Files are read chunk by chunk, alike from wherever one begins; other files are refused."""

from __future__ import annotations

import gzip
import io
import json
import sys
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.catalogue.catalogue import features_named
from service.jobs.reading import csv_rows, jsonl_rows, parquet_child, parquet_rows
from service.jobs.reading.chunk import FileUnreadable
from service.jobs.reading.csv_rows import csv_chunks
from service.jobs.reading.jsonl_rows import jsonl_chunks
from service.jobs.reading.parquet_rows import parquet_chunks
from service.problems import Problem

FEATURES = tuple(
    feature.contract for feature in features_named(["recency_days", "spend_365d", "complaints_90d"])
)
HEADER = "customer_id,value,recency_days,spend_365d\n"


def buffered(content):
    return io.BufferedReader(io.BytesIO(content))


def csv_of(content, place=None):
    text = content.encode() if isinstance(content, str) else content
    return csv_chunks(buffered(text), size=len(text), place=place, features=FEATURES)


def jsonl_of(content, place=None, max_line_bytes=100):
    return jsonl_chunks(
        buffered(content), size=len(content), place=place, max_line_bytes=max_line_bytes
    )


def parquet_of(content, place=None, max_rows=10_000):
    return parquet_chunks(
        buffered(content), size=len(content), place=place, features=FEATURES, max_rows=max_rows
    )


def written(table, **options):
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def unpacked(content, max_rows=10_000):
    return parquet_child.unpacked(io.BytesIO(content), row_group=0, row=0, max_rows=max_rows)


def rows_of(chunks):
    return [row for chunk in chunks for row in chunk.rows]


def table(**columns):
    return pa.table({"customer_id": ["c-1"], **columns})


def failing(read, *args, **options):
    with pytest.raises(FileUnreadable) as caught:
        list(read(*args, **options))
    return caught.value.problem.detail


def test_cells_become_what_their_column_says():
    (row,) = rows_of(
        csv_of(
            "customer_id,as_of,value,contact_opt_out,interval,recency_days,spend_365d\n"
            "007,2026-03-01T00:00:00Z,1e2,TRUE,0,+3.5,\n"
        )
    )
    assert row == {
        "customer_id": "007",
        "as_of": "2026-03-01T00:00:00Z",
        "value": 100.0,
        "contact_opt_out": True,
        "interval": False,
        "features": {"recency_days": 3.5, "spend_365d": None},
    }


@pytest.mark.parametrize("text", ["nan", "inf", "1_000", " 1", "1,5", "0x10", "١", "1e", "."])
def test_what_only_a_programming_language_reads_as_a_number_stays_a_text(text):
    (row,) = rows_of(csv_of(f'{HEADER}c-1,1,"{text}",2\n'))
    assert row["features"]["recency_days"] == text


def test_without_a_column_of_a_feature_the_stored_snapshot_is_meant():
    assert rows_of(csv_of("customer_id\nc-1\n")) == [{"customer_id": "c-1"}]


def test_a_csv_file_may_have_quotes_line_ends_of_windows_a_mark_and_empty_lines():
    content = '\ufeff"customer_id",value\r\n"a,""b""\nc",1\r\n\r\nlast,2'
    rows = rows_of(csv_of(content))
    assert [row["customer_id"] for row in rows] == ['a,"b"\nc', "last"]


def test_a_record_of_other_length_or_encoding_fails_alone():
    rows = rows_of(csv_of(HEADER.encode() + b"c-1,1\nc-2,1,2,3\nM\xfcller,1,2,3\n"))
    assert isinstance(rows[0], Problem)
    assert "Expected 4 cells" in rows[0].detail
    assert rows[1]["customer_id"] == "c-2"
    assert "UTF-8" in rows[2].detail


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"customer_id;value\nc;1\n", "separated by commas"),
        (b"customer_id\tvalue\n", "separated by commas"),
        (b"id,value\nc,1\n", "customer_id among them"),
        (b"\n\n", "customer_id among them"),
        (b"customer_id,recency_day\n", "column 2 is not known (did you mean 'recency_days'?)"),
        (b"customer_id,value,value\n", "column 3 repeats an earlier name"),
        (b"customer_id,features\n", "column 2 is not known"),
        (b'customer_id,value\n"c"x,1\n', "quotes of the record that ends at byte 25"),
        (b'customer_id,value\n"c,1\nd,2\n', "quotes"),
        (b"customer_id,value\n" + b"x" * 1_100_000, "lines of at most 1048576 bytes"),
        (gzip.compress(b"customer_id\n", mtime=0), "gzip archive"),
        (b"PK\x03\x04rest", "Excel workbook"),
        ("customer_id".encode("utf-16"), "UTF-16"),
        (b"PAR1....PAR1", "Parquet file"),
    ],
)
def test_what_is_no_csv_file_fails_as_a_whole(content, said):
    assert said in failing(csv_of, content)


def test_unknown_columns_are_named_by_their_place_only_and_in_short_time():
    header = ",".join(["customer_id", *[f"SECRET{number}" for number in range(50_000)]])
    detail = failing(csv_of, header + "\n")
    assert "SECRET" not in detail
    assert "Rename or drop 50000 column(s)" in detail


def test_a_line_that_is_no_json_fails_alone():
    rows = rows_of(jsonl_of(b'\xef\xbb\xbf{"a": 1}\n\n{"a": NaN}\n{"a":1,"a":2}\r\n[]'))
    assert rows[0] == {"a": 1}
    assert [row.kind for row in rows[1:3]] == ["malformed-json", "malformed-json"]
    assert rows[3] == []


def test_a_line_that_is_too_long_fails_alone_and_is_not_held():
    content = b'{"a": "' + b"x" * 5_000_000 + b'"}\n{"b": 1}\n'
    rows = rows_of(jsonl_of(content))
    assert (rows[0].kind, rows[1]) == ("body-too-large", {"b": 1})


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"[\n{}]", "one array"), (b"PAR1", "Parquet"), (b"\x1f\x8b\x08", "gzip")],
)
def test_what_are_no_json_lines_fails_as_a_whole(content, said):
    assert said in failing(jsonl_of, content)


def test_typed_cells_become_what_json_would_have():
    content = written(
        pa.table(
            {
                "customer_id": pa.array([17850], pa.int64()),
                "as_of": pa.array([datetime(2026, 3, 1, tzinfo=UTC)], pa.timestamp("ns", "UTC")),
                "value": pa.array([Decimal("12.50")], pa.decimal128(8, 2)),
                "contact_opt_out": [True],
                "recency_days": pa.array([3], pa.int8()),
                "spend_365d": pa.array([float("nan")]),
                "complaints_90d": pa.array([None], pa.null()),
            }
        )
    )
    assert rows_of(parquet_of(content)) == [
        {
            "customer_id": "17850",
            "as_of": "2026-03-01T00:00:00+00:00",
            "value": 12.5,
            "contact_opt_out": True,
            "features": {"recency_days": 3, "spend_365d": None, "complaints_90d": None},
        }
    ]


def test_times_without_zone_stay_without_so_that_they_are_refused():
    content = written(table(as_of=pa.array([datetime(2026, 3, 1)])))  # noqa: DTZ001
    assert rows_of(parquet_of(content))[0]["as_of"] == "2026-03-01T00:00:00"
    content = written(table(as_of=pa.array([date(2026, 3, 1)])))
    assert rows_of(parquet_of(content))[0]["as_of"] == "2026-03-01"


WHOLE = written(pa.table({"customer_id": [f"c-{number}" for number in range(5_000)]}))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"customer_id\nc-1\n", "does not begin as one"),
        (WHOLE[: len(WHOLE) // 2], "its end is missing"),
        (WHOLE[:4] + b"\x00" * 40 + WHOLE[-4:], "cannot be read"),
        (WHOLE[:200] + bytes(500) + WHOLE[700:], "cannot be read"),
        (b"PAR1", "cannot be read"),
        (written(table(value=[[1.0]])), "column 2 is of another type"),
        (written(table(value=[{"a": 1}])), "column 2 is of another type"),
        (written(table(other=[1])), "column 2 is not known"),
        (written(pa.table({"value": [1.0]})), "customer_id among them"),
    ],
)
def test_what_is_no_flat_parquet_file_fails_as_a_whole(content, said):
    assert said in failing(parquet_of, content)


def test_a_parquet_file_that_unpacks_to_too_much_is_not_unpacked(monkeypatch):
    assert "at most 4999 rows" in failing(unpacked, WHOLE, max_rows=4_999)
    monkeypatch.setattr(parquet_child, "MAX_GROUP_BYTES", 100)
    assert "row groups of at most 100 bytes" in failing(unpacked, WHOLE)
    monkeypatch.setattr(parquet_child, "MAX_COLUMNS", 0)
    assert "at most 0 columns" in failing(unpacked, WHOLE)


@pytest.mark.parametrize(
    "code",
    [
        "import os; os.close(0); os.abort()",
        "import sys; sys.stdin.buffer.read(); print('[1', end='')",
        "import sys, time; sys.stdin.buffer.read(); time.sleep(60)",
    ],
    ids=["crashes", "breaks off", "hangs"],
)
def test_a_file_on_which_the_unpacking_process_is_lost_is_refused(monkeypatch, code):
    monkeypatch.setattr(parquet_rows, "COMMAND", (sys.executable, "-c", code))
    monkeypatch.setattr(parquet_rows, "PATIENCE_SECONDS", 0.5)
    assert "cannot be read" in failing(parquet_of, WHOLE)


def children():
    """Return the processes that this one has begun."""
    found = set()
    for listed in Path("/proc/self/task").glob("*/children"):
        with suppress(FileNotFoundError, ProcessLookupError):  # that thread has ended
            found.update(listed.read_text().split())
    return found


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="asks Linux for the children")
def test_the_unpacking_process_ends_with_the_reading():
    before = children()
    chunks = parquet_of(WHOLE)
    next(chunks)
    begun = children() - before
    assert begun
    chunks.close()
    assert not children() & begun


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=8)


@pytest.mark.property
@given(st.lists(TEXTS, min_size=1, max_size=40), st.integers(1, 7), st.data())
def test_reading_on_from_any_chunk_gives_the_same_chunks(ids, chunk_rows, data):
    quoted = "".join('"' + each.replace('"', '""') + '"\n' for each in ids)
    lines = "".join(json.dumps({"id": each}) + "\n" for each in ids).encode()
    with pytest.MonkeyPatch.context() as patch:
        for module in (csv_rows, jsonl_rows):
            patch.setattr(module, "CHUNK_ROWS", chunk_rows)
        for read, content in ((csv_of, "customer_id\n" + quoted), (jsonl_of, lines)):
            chunks = list(read(content))
            assert len(rows_of(chunks)) == len(ids)
            at = data.draw(st.integers(0, len(chunks) - 1))
            place = json.loads(json.dumps(chunks[at].after))
            assert list(read(content, place=place)) == chunks[at + 1 :]
            assert chunks[-1].progress == 1.0


def test_reading_on_in_a_parquet_file_gives_the_same_chunks(monkeypatch):
    monkeypatch.setattr(parquet_rows, "CHUNK_ROWS", 30)
    ids = [f"c-{number}" for number in range(100)]
    content = written(pa.table({"customer_id": ids}), row_group_size=50)
    chunks = list(parquet_of(content))
    assert [len(chunk.rows) for chunk in chunks] == [30, 20, 30, 20]
    assert [row["customer_id"] for row in rows_of(chunks)] == ids
    for at in (0, 1, 2, 3):
        assert list(parquet_of(content, place=chunks[at].after)) == chunks[at + 1 :]
    assert chunks[-1].progress == 1.0
