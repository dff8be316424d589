"""Files that cannot be read: each is named with its own fault, and no value of it is shown."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from ebbtide.errors import ContractError
from features.sources import open_tables
from features.tables import connect
from features.unreadable import hidden_trouble

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
    assert "from 't.parquet': a part of it is damaged." in message
    assert "write or copy it once more" in message.lower()
    assert CANARY not in message


def test_the_damaged_file_of_a_glob_is_named(shop, tmp_path, parquet) -> None:
    (tmp_path / "t1.parquet").write_bytes(parquet)
    (tmp_path / "t2.parquet").write_bytes(parquet[:2000] + b"x" * 3000 + parquet[5000:])
    assert "at 't2.parquet', a part of it is damaged" in refused(shop, "t*.parquet", None)


def test_a_folder_is_no_file(shop, tmp_path) -> None:
    (tmp_path / "exports").mkdir()
    message = refused(shop, "exports", None)
    assert "it is a folder" in message
    assert "'exports/*.csv'" in message


def test_one_bad_file_of_a_glob_is_found(shop, tmp_path) -> None:
    (tmp_path / "t1.csv").write_text(BODY)
    (tmp_path / "t2.csv").write_text("")
    message = refused(shop, "t*.csv", None)
    assert "from 't*.csv': at 't2.csv', the file is empty (0 bytes)." in message


def test_a_bad_file_in_a_folder_is_named_with_its_folder(shop, tmp_path) -> None:
    for folder in ("2024", "2025"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "t.csv").write_text(BODY if folder == "2024" else f"{BODY}x,y\n")
    assert "at '2025/t.csv', line 2,002 has 2 column(s)" in refused(shop, "*/t.csv", None)


@pytest.mark.parametrize(
    ("heads", "lacks"),
    [
        pytest.param(
            (HEAD, "customer_id,occurred_at\n"), "'t2.csv' lacks amount, which", id="second"
        ),
        pytest.param(
            ("customer_id,Amount\n", HEAD), "'t1.csv' lacks occurred_at, which", id="first"
        ),
        pytest.param(
            (HEAD.replace("\n", ",note\n"), HEAD), "'t2.csv' lacks note, which", id="not-read"
        ),
        pytest.param(
            (HEAD, HEAD.replace("amount", "Amount")), "'t2.csv' lacks amount, which", id="case"
        ),
    ],
)
def test_the_file_of_a_glob_that_lacks_columns_is_named(shop, tmp_path, heads, lacks) -> None:
    for number, head in enumerate(heads, start=1):
        row = ",".join(["1"] * len(head.split(",")))
        (tmp_path / f"t{number}.csv").write_text(f"{head}{row}\n")
    message = refused(shop, "t*.csv", None)
    assert lacks in message
    assert "union_by_name" in message


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "csv.zst", "parquet"])
def test_a_column_that_only_later_files_have_is_not_lost(shop, tmp_path, ending) -> None:
    heads = ["", "", ",seen", ",Seen"]
    for number, more in enumerate(heads, start=1):
        (tmp_path / "one.csv").write_text(
            f"{HEAD.strip()}{more}\nc1,2025-06-01,9{more and ',2025-06-02'}\n"
        )
        connect("UTC").execute(
            f"COPY (FROM read_csv('{tmp_path}/one.csv', all_varchar = true)) "
            f"TO '{tmp_path}/t{number}.{ending}'"
        )
    source = f'path = "t*.{ending}"\ncolumns = {{ known_at = "seen" }}'
    with pytest.raises(ContractError) as raised:
        open_tables(shop(source), now=NOW)
    message = str(raised.value)
    assert "'t1." in message
    assert "and 1 more lack seen, which others of its files have, such as 't3." in message
    assert "union_by_name" in message


def test_what_nobody_reads_may_be_in_later_files_alone(shop, tmp_path) -> None:
    (tmp_path / "t1.csv").write_text(BODY)
    (tmp_path / "t2.csv").write_text(f"note,{HEAD}x,c,2025-06-01,2\n")
    tables = open_tables(shop('path = "t*.csv"'), now=NOW)
    assert tables.connection.sql("SELECT count(*) FROM transactions").fetchall() == [(2001,)]


@pytest.mark.parametrize(
    ("heads", "named"),
    [
        pytest.param((HEAD, ""), "t2.csv", id="later"),
        pytest.param(("", HEAD), "t1.csv", id="first"),
        pytest.param(("", ""), "t1.csv", id="none"),
    ],
)
def test_a_file_of_a_glob_without_a_header_is_named_by_nothing_of_it(
    shop, tmp_path, heads, named
) -> None:
    for number, head in enumerate(heads, start=1):
        row = f"{CANARY},2025-06-0{number},{number}.5\n"
        (tmp_path / f"t{number}.csv").write_text(head + row * 2)
    message = refused(shop, "t*.csv", None)
    assert f"the first line of '{named}' seems to hold values and not names." in message
    assert "into the first line of that file" in message
    assert CANARY not in message


@pytest.mark.parametrize(
    "line",
    ["canary9731,gold,yes\n", "customer_id,occurred_at,2025-06-01\n"],
    ids=["words", "some-names"],
)
def test_a_first_line_that_may_be_names_is_not_said_to_hold_values(shop, tmp_path, line) -> None:
    (tmp_path / "t1.csv").write_text(BODY)
    (tmp_path / "t2.csv").write_text(line * 2)
    message = refused(shop, "t*.csv", None)
    assert "'t2.csv' lacks" in message
    assert "seems" not in message
    assert CANARY not in message


def test_files_that_all_lack_a_header_are_not_compared_by_what_may_be_values(
    shop, tmp_path
) -> None:
    for number in range(2):
        (tmp_path / f"t{number}.csv").write_text(f"{CANARY}{number},gold,yes\n" * 2)
    assert CANARY not in refused(shop, "t*.csv", None)


def test_columns_in_another_order_are_no_fault(shop, tmp_path) -> None:
    (tmp_path / "t1.csv").write_text(BODY)
    (tmp_path / "t2.csv").write_text("amount,customer_id,occurred_at\n2,c,2025-06-01\n")
    tables = open_tables(shop('path = "t*.csv"'), now=NOW)
    assert tables.connection.sql("SELECT count(*) FROM transactions").fetchall() == [(2001,)]


@pytest.mark.parametrize(
    ("error", "came", "advice"),
    [
        pytest.param(PermissionError(13, "Permission denied"), "no right to read it.", "Let the"),
        pytest.param(OSError(5, "Input/output error"), "(Input/output error).", "Check the link"),
    ],
    ids=["no-right", "bad-disk"],
)
def test_a_file_that_the_system_does_not_give_is_named_and_others_are_checked(
    shop, monkeypatch, error, came, advice
) -> None:
    project = shop(
        'path = "t.csv"\n[tables.complaints]\npath = "c.csv"',
        t_dot_csv=BODY,
        c_dot_csv="customer_id,opened_at\nc1,never\n",
    )
    opened = Path.open

    def refuse(path, *arguments, **options):
        if path.name == "t.csv":
            raise error
        return opened(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ContractError) as raised:
        open_tables(project, now=NOW)
    message = str(raised.value)
    assert "transactions: cannot be read from 't.csv': " in message
    assert came in message
    assert advice in message
    assert "complaints.opened_at" in message


def test_a_link_to_nowhere_is_named(shop, tmp_path) -> None:
    (tmp_path / "t.csv").symlink_to(tmp_path / "gone.csv")
    assert "(No such file or directory)" in refused(shop, "t.csv", None)


@pytest.mark.parametrize(("ending", "packed"), [("gz", "gzip"), ("zst", "zstd")])
def test_what_is_packed_is_read_under_its_own_name(shop, tmp_path, ending, packed) -> None:
    for name in (f"t.csv.{ending}", "other.csv"):
        with pa.output_stream(tmp_path / name, compression=packed) as file:
            file.write(BODY.encode())
    tables = open_tables(shop(f'path = "t.csv.{ending}"'), now=NOW)
    assert tables.connection.sql("SELECT count(*) FROM transactions").fetchall() == [(2000,)]
    assert f"it is {packed}. Let it end in .csv.{ending}." in refused(shop, "other.csv", None)


@pytest.mark.parametrize(
    ("error", "came"),
    [
        (pa.ArrowInvalid("snappy"), "a part of it is damaged"),
        (OSError("Couldn't deserialize thrift"), "a part of it is damaged"),
        (OSError(5, "Input/output error"), "the system does not give it (Input/output error)"),
        (PermissionError(13, "Permission denied"), "no right to read it"),
        (pa.ArrowNotImplementedError("a kind of column"), None),
        (pa.ArrowMemoryError("malloc"), None),
    ],
    ids=lambda each: type(each).__name__,
)
def test_parquet_is_called_damaged_only_where_it_is(tmp_path, monkeypatch, error, came) -> None:
    def failing(_path):
        raise error

    path = tmp_path / "t.parquet"
    path.touch()
    monkeypatch.setattr("features.unreadable.pq.ParquetFile", failing)
    trouble = hidden_trouble(str(path))
    assert (None if trouble is None else trouble.came) == came
