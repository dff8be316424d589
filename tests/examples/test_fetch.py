"""The fetched data are the published ones, and what is not is refused with a way out."""

from __future__ import annotations

import hashlib
import zipfile
from datetime import datetime
from typing import TYPE_CHECKING

import httpx
import pyarrow.parquet as pq
import pytest

if TYPE_CHECKING:
    from pathlib import Path

CDNOW_TEXT = (
    b" customer_id  date number_of_cds  dollar_value\r\n"
    b" 00001 19970101  1   11.77\r\n"
    b" 00002 19970112  5   77.00\r\n"
)

_NS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_HEADER = (
    "Invoice",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "Price",
    "Customer ID",
    "Country",
)
FIRST = (
    489434.0,
    85048.0,
    "15CM  BALL & LIGHTS",
    12.0,
    40148.322916666664,
    6.95,
    13085.0,
    "EIRE",
)
CANCELLED = ("C489449", "79323P", None, -1.0, 40148.5, 2.1, None, "Japan")


def _cell(reference: str, value: object, texts: list[str]) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f'<c r="{reference}"><v>{value!r}</v></c>'
    text = str(value)
    if text not in texts:
        texts.append(text)
    return f'<c r="{reference}" t="s"><v>{texts.index(text)}</v></c>'


def _sheet(rows: list[tuple[object, ...]], texts: list[str]) -> str:
    lines = [
        f'<row r="{number}">'
        + "".join(_cell(f"{'ABCDEFGH'[at]}{number}", value, texts) for at, value in enumerate(row))
        + "</row>"
        for number, row in enumerate(rows, start=1)
    ]
    return f'<worksheet xmlns="{_NS}"><sheetData>{"".join(lines)}</sheetData></worksheet>'


def make_archive(folder: Path, sheets: dict[str, list[tuple[object, ...]]]) -> Path:
    """Write an archive as the public one is: a zip with one workbook in it."""
    texts: list[str] = []
    parts = {
        f"xl/worksheets/sheet{number}.xml": _sheet(rows, texts)
        for number, rows in enumerate(sheets.values(), start=1)
    }
    named = "".join(
        f'<sheet name="{name}" r:id="rId{number}"/>' for number, name in enumerate(sheets, start=1)
    )
    links = "".join(
        f'<Relationship Id="rId{number}" Target="worksheets/sheet{number}.xml"/>'
        for number in range(1, len(sheets) + 1)
    )
    escaped = [text.replace("&", "&amp;") for text in texts]
    shared = "".join(f'<si><t xml:space="preserve">{text}</t></si>' for text in escaped)
    parts["xl/workbook.xml"] = (
        f'<workbook xmlns="{_NS}" xmlns:r="{_REL}"><sheets>{named}</sheets></workbook>'
    )
    parts["xl/_rels/workbook.xml.rels"] = f"<Relationships>{links}</Relationships>"
    parts["xl/sharedStrings.xml"] = f'<sst xmlns="{_NS}">{shared}</sst>'
    book = folder / "book.xlsx"
    with zipfile.ZipFile(book, "w") as opened:
        for name, content in parts.items():
            opened.writestr(name, content)
    archive = folder / "online_retail_ii.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.write(book, "online_retail_II.xlsx")
    return archive


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return make_archive(
        tmp_path,
        {"Year 2009-2010": [_HEADER, FIRST], "Year 2010-2011": [_HEADER, FIRST, CANCELLED]},
    )


def test_cdnow_text_becomes_typed_columns() -> None:
    from fetch import cdnow_table

    table = cdnow_table(CDNOW_TEXT)
    assert table.to_pylist() == [
        {
            "customer_id": 1,
            "date": datetime.fromisoformat("1997-01-01"),
            "number_of_cds": 1,
            "dollar_value": 11.77,
        },
        {
            "customer_id": 2,
            "date": datetime.fromisoformat("1997-01-12"),
            "number_of_cds": 5,
            "dollar_value": 77.0,
        },
    ]


def test_cdnow_text_with_other_columns_is_refused() -> None:
    from fetch import FetchError, cdnow_table

    with pytest.raises(FetchError, match="Expected the columns"):
        cdnow_table(b"id when\n1 19970101\n")


def test_cdnow_bytes_that_differ_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fetch

    def pretend_download(command: list[str], **_: object) -> object:
        wheel = f"{command[command.index('--dest') + 1]}/lifetimes.whl"
        with zipfile.ZipFile(wheel, "w") as opened:
            opened.writestr(fetch.CDNOW_MEMBER, CDNOW_TEXT)
        assert "--require-hashes" in command
        assert "--no-deps" in command
        return type("Done", (), {"returncode": 0, "stderr": ""})()

    monkeypatch.setattr("fetch.subprocess.run", pretend_download)
    with pytest.raises(fetch.FetchError, match="Expected sha256 eff6889e"):
        fetch.cdnow(tmp_path)
    assert not list(tmp_path.glob("*.parquet"))


def test_a_failed_cdnow_download_says_what_else_can_be_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fetch

    failed = type("Done", (), {"returncode": 1, "stderr": "ERROR: no route"})()
    monkeypatch.setattr("fetch.subprocess.run", lambda *_, **__: failed)
    with pytest.raises(fetch.FetchError, match=r"(?s)no route.*simulated shop: make demo"):
        fetch.cdnow(tmp_path)


def test_workbook_cells_become_the_columns_of_the_parquet_file(archive: Path) -> None:
    from fetch import RETAIL_COLUMNS, retail_table

    table = retail_table(archive)
    assert {name: table.schema.field(name).type for name in RETAIL_COLUMNS} == RETAIL_COLUMNS
    first, again, cancelled = table.to_pylist()
    assert first == {
        "Invoice": "489434",
        "StockCode": "85048",
        "Description": "15CM  BALL & LIGHTS",
        "Quantity": 12,
        "InvoiceDate": datetime.fromisoformat("2009-12-01 07:45"),
        "Price": 6.95,
        "Customer ID": 13085,
        "Country": "EIRE",
        "sheet": "Year 2009-2010",
    }
    assert again == {**first, "sheet": "Year 2010-2011"}
    assert cancelled["Invoice"] == "C489449"
    assert cancelled["Description"] is None
    assert cancelled["Customer ID"] is None
    assert cancelled["Country"] == "Japan"


def test_a_workbook_without_one_of_the_sheets_is_refused(tmp_path: Path) -> None:
    from fetch import FetchError, retail_table

    archive = make_archive(tmp_path, {"Year 2009-2010": [_HEADER, FIRST], "Other": [_HEADER]})
    with pytest.raises(FetchError, match="Year 2010-2011"):
        retail_table(archive)


def test_an_archive_with_other_contents_is_read_and_refused(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fetch import RETAIL_FILE, FetchError, online_retail_ii

    monkeypatch.delenv("EBBTIDE_DATA_DIR", raising=False)
    with pytest.raises(FetchError, match=r"customers 5942, got 1; invoices 53628, got 2"):
        online_retail_ii(archive.parent)
    assert not (archive.parent / RETAIL_FILE).exists()


@pytest.fixture
def tiny_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take what the archive of these tests holds for what is published."""
    import fetch

    monkeypatch.delenv("EBBTIDE_DATA_DIR", raising=False)
    tiny = fetch.RetailCounts(
        lines=(4, 3),
        lines_without_customer=1,
        customers=1,
        invoices=2,
        ends_at="2009-12-01 12:00:00",
    )
    monkeypatch.setattr("fetch.RetailCounts", lambda: tiny)


@pytest.mark.usefixtures("tiny_counts")
def test_an_archive_with_the_expected_contents_is_kept_with_its_checksum(archive: Path) -> None:
    import fetch

    folder = fetch.online_retail_ii(archive.parent)
    assert pq.read_metadata(folder / fetch.RETAIL_FILE).num_rows == 3
    recorded = (folder / "online_retail_ii.zip.sha256").read_text(encoding="ascii")
    assert recorded == f"{hashlib.sha256(archive.read_bytes()).hexdigest()}  {archive.name}\n"


@pytest.mark.usefixtures("tiny_counts")
def test_a_later_archive_that_differs_from_the_first_is_refused(archive: Path) -> None:
    import fetch

    folder = fetch.online_retail_ii(archive.parent)
    (folder / fetch.RETAIL_FILE).unlink()
    fetch.online_retail_ii(folder)
    (folder / fetch.RETAIL_FILE).unlink()
    with zipfile.ZipFile(archive, "a") as opened:
        opened.writestr("note.txt", "something else")
    with pytest.raises(fetch.FetchError, match=r"Expected sha256 .* as when it was first fetched"):
        fetch.online_retail_ii(folder)
    assert not (folder / fetch.RETAIL_FILE).exists()


def test_an_archive_that_is_refused_leaves_no_checksum(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fetch import FetchError, online_retail_ii

    monkeypatch.delenv("EBBTIDE_DATA_DIR", raising=False)
    with pytest.raises(FetchError, match="as published"):
        online_retail_ii(archive.parent)
    assert not list(archive.parent.glob("*.sha256"))


def test_without_a_network_the_message_names_the_ways_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fetch import FetchError, online_retail_ii

    def unreachable(*_: object, **__: object) -> None:
        raise httpx.ConnectError("no network")

    monkeypatch.delenv("EBBTIDE_DATA_DIR", raising=False)
    monkeypatch.setattr("archive.httpx.stream", unreachable)
    with pytest.raises(FetchError, match=r"ConnectError.*EBBTIDE_DATA_DIR.*make demo"):
        online_retail_ii(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.golden
def test_the_real_shop_passes_its_own_check(shop_env: Path, tmp_path: Path) -> None:
    from fetch import online_retail_ii

    assert online_retail_ii(tmp_path) == shop_env
