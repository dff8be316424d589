"""Files that cannot be read: each is named with its own fault, and no value of it is shown."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime

import pytest

from ebbtide.errors import ContractError
from features.sources import open_tables
from features.tables import connect

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CANARY = "canary9731"
HEAD = "customer_id,occurred_at,amount\n"
BODY = HEAD + f"{CANARY},2025-06-01,9.5\n" * 2000


@pytest.fixture(scope="module")
def parquet(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("whole") / "t.parquet"
    connect("UTC").execute(
        f"COPY (SELECT '{CANARY}' || i AS customer_id, TIMESTAMP '2025-01-01' AS occurred_at, "
        f"1.5 * i AS amount FROM range(5000) t(i)) TO '{path}'"
    )
    return path.read_bytes()


def refused(shop, name: str, content: bytes | None) -> str:
    project = shop(f'path = "{name}"', **({} if content is None else {name: content}))
    with pytest.raises(ContractError) as raised:
        open_tables(project, now=NOW)
    return str(raised.value)


@pytest.mark.parametrize(
    ("name", "content", "came", "advice"),
    [
        pytest.param("t.csv", b"", "empty (0 bytes)", "Write it again", id="empty"),
        pytest.param("t.parquet", b"", "empty (0 bytes)", "Write it again", id="empty-parquet"),
        pytest.param("t.parquet", BODY.encode(), "not begin as Parquet", ".csv", id="no-parquet"),
        pytest.param("t.csv", BODY.encode("utf-16"), "it is UTF-16", "encoding", id="utf-16"),
        pytest.param("t.csv", BODY.encode("utf-16-be"), "it is UTF-16", "encoding", id="no-bom"),
        pytest.param(
            "t.csv",
            (BODY + "zo\xeb,2025-06-01,1\n").encode("latin-1"),
            "no UTF-8",
            "encoding = 'latin-1'",
            id="latin-1",
        ),
        pytest.param("t.csv", HEAD.encode(), "has no rows", "Check its path", id="header-only"),
        pytest.param(
            "t.csv",
            f"{BODY}{CANARY},2025-06-01\n".encode(),
            "line 2,002 has 2 column(s)",
            "Mend the line",
            id="ragged",
        ),
        pytest.param(
            "t.csv",
            f'{BODY}"{CANARY},2025-06-01,{"9" * 2_200_000}\n'.encode(),
            "near line 2,002 does not end",
            "closing quote",
            id="open-quote",
        ),
        pytest.param(
            "t.csv",
            f"{HEAD}\0,2025-06-01,1\n{BODY}".encode(),
            "NUL bytes",
            "Write it again",
            id="nul-at-the-top",
        ),
        pytest.param(
            "t.csv",
            f"{BODY}{CANARY}\0,2025-06-01,1\n".encode(),
            "holds a NUL byte",
            "damaged",
            id="nul-far-down",
        ),
        pytest.param("t.csv", b"PK\x03\x04" + b"x" * 99, "workbook", "as CSV", id="workbook"),
        pytest.param("t.csv", gzip.compress(BODY.encode()), "gzip", ".csv.gz", id="gzip"),
        pytest.param(
            "t.csv", BODY.replace(",", "^").encode(), "one column only", "delim =", id="delimiter"
        ),
        pytest.param("none.csv", None, "no such file", "Correct the path", id="absent"),
        pytest.param("none*.parquet", None, "no such file", "Correct the path", id="empty-glob"),
    ],
)
def test_each_fault_is_named(shop, tmp_path, name, content, came, advice) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    message = refused(shop, name, None)
    assert came in message
    assert advice in message
    assert CANARY not in message.replace("it has canary", "")
    assert len(message) < 500


@pytest.mark.parametrize(
    ("cut", "came"),
    [
        pytest.param(slice(None, 9000), "its end is missing", id="first-half"),
        pytest.param(slice(9000, None), "not begin as Parquet", id="second-half"),
    ],
)
def test_half_a_parquet_file_is_named(shop, tmp_path, parquet, cut, came) -> None:
    (tmp_path / "t.parquet").write_bytes(parquet[cut])
    assert came in refused(shop, "t.parquet", None)


def test_a_parquet_file_damaged_in_the_middle_is_refused(shop, tmp_path, parquet) -> None:
    (tmp_path / "t.parquet").write_bytes(parquet[:2000] + bytes(3000) + parquet[5000:])
    message = refused(shop, "t.parquet", None)
    assert "that the file is complete" in message
    assert CANARY not in message


def test_a_folder_is_no_file(shop, tmp_path) -> None:
    (tmp_path / "exports").mkdir()
    message = refused(shop, "exports", None)
    assert "it is a folder" in message
    assert "'exports/*.csv'" in message


def test_one_bad_file_of_a_glob_is_found(shop, tmp_path) -> None:
    (tmp_path / "t1.csv").write_text(BODY)
    (tmp_path / "t2.csv").write_text("")
    assert "empty (0 bytes)" in refused(shop, "t*.csv", None)


def test_gzip_under_its_own_name_is_read(shop, tmp_path) -> None:
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(BODY.encode()))
    tables = open_tables(shop('path = "t.csv.gz"'), now=NOW)
    assert tables.connection.sql("SELECT count(*) FROM transactions").fetchall() == [(2000,)]
