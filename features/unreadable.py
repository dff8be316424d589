"""Why a file cannot be read, said of the file itself: empty, cut short, another kind or encoding.

Looks at names, sizes and bytes, and whether Parquet can be decoded; no value of the data is kept or
quoted.
"""

from __future__ import annotations

import codecs
import csv
import glob
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_PARQUET = b"PAR1"
_PACKED = {".gz": (b"\x1f\x8b", "gzip"), ".zst": (b"\x28\xb5\x2f\xfd", "zstd")}
_HEAD_BYTES = 4096
_DECODED_BYTES = 256 * 2**20
"""How much of a file is read in search of what is wrong with its bytes."""
_MOST_LINES = 5_000_000
"""How many lines are looked at for their columns."""
_DELIMITERS = ",;\t|"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What came instead of a readable file, and what to do."""

    came: str
    advice: str


def visible_trouble(pattern: str) -> Trouble | None:
    """Return what sizes, beginnings and ends of files show to be wrong, before they are read.

    Parameters
    ----------
    pattern : path or glob of local files.

    Examples
    --------
    >>> visible_trouble("no/such/*.csv").came
    'there is no such file'
    """
    if not _paths(pattern):
        return Trouble(
            came="there is no such file",
            advice="Correct the path; a relative one starts from the folder of the project file.",
        )
    return _first_trouble(pattern, _of_outside)


def hidden_trouble(pattern: str) -> Trouble | None:
    """Return what is wrong inside files that DuckDB could not read to their end.

    Parameters
    ----------
    pattern : path or glob of local files.
    """
    return _first_trouble(pattern, _of_inside)


def _paths(pattern: str) -> list[Path]:
    return sorted(Path(found) for found in glob.glob(pattern, recursive=True))


def _first_trouble(pattern: str, trouble_of: Callable[[Path], Trouble | None]) -> Trouble | None:
    """Return the first trouble of files; where a glob named them, it says of which one it is."""
    paths = _paths(pattern)
    for path in paths:
        try:
            trouble = trouble_of(path)
        except PermissionError:
            trouble = Trouble(
                came="no right to read it",
                advice="Let the user who runs Ebbtide read it, or run Ebbtide as one who may.",
            )
        except OSError as err:
            trouble = Trouble(
                came=f"the system does not give it ({err.strerror})",
                advice="Check the link, disk or share that it lies on.",
            )
        if trouble is not None:
            return trouble if glob.escape(str(path)) == pattern else _at(path, paths, trouble)
    return None


def _at(path: Path, paths: Sequence[Path], trouble: Trouble) -> Trouble:
    return replace(trouble, came=f"at {name_among(path, paths)!r}, {trouble.came}")


def name_among(path: Path, paths: Sequence[Path]) -> str:
    """Return the name of a file, with as many of its folders as tell it from the others.

    Examples
    --------
    >>> name_among(Path("/data/2025/a.csv"), [Path("/data/2024/a.csv"), Path("/data/2025/a.csv")])
    '2025/a.csv'
    """
    return os.path.relpath(path, os.path.commonpath([one.parent for one in paths]))


def _of_outside(path: Path) -> Trouble | None:
    return _of_kind(path) or _of_bytes(path)


def _of_inside(path: Path) -> Trouble | None:
    if path.suffix in (".parquet", ".pq"):
        return _of_parquet_inside(path)
    if path.suffix in (".gz", ".zst") or not path.is_file():
        return None
    if _is_no_utf8(path):
        return Trouble(
            came="it holds bytes that are no UTF-8",
            advice="Save it in UTF-8, or read it by a query with read_csv(..., encoding = "
            "'latin-1').",
        )
    return _of_lines(path)


def _of_lines(path: Path) -> Trouble | None:
    """Return which line first has another number of columns than the header, if any has."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = file.readline()
        delimiter = max(_DELIMITERS, key=header.count)
        n_columns = header.count(delimiter) + 1
        if n_columns == 1:
            return None
        lines = csv.reader(file, delimiter=delimiter)
        try:
            for cells in lines:
                if cells and len(cells) != n_columns:
                    return _ragged(lines.line_num + 1, len(cells), n_columns)
                if lines.line_num > _MOST_LINES:
                    return None
        except csv.Error:
            return Trouble(
                came=f"a value that begins near line {lines.line_num + 1:,} does not end",
                advice="A closing quote is missing there or before; mend it.",
            )
    return None


def _ragged(line: int, found: int, expected: int) -> Trouble:
    return Trouble(
        came=f"line {line:,} has {found} column(s) where the header has {expected}",
        advice="Mend the line: a value that holds the delimiter needs quotes around it, and a "
        "quote that opens must close.",
    )


def _of_kind(path: Path) -> Trouble | None:
    if path.is_dir():
        return Trouble(
            came="it is a folder",
            advice=f"Name the files in it: '{path.name}/*.csv' or '{path.name}/*.parquet'.",
        )
    if path.stat().st_size == 0:
        return Trouble(
            came="the file is empty (0 bytes)",
            advice="Write it again; the program that made it may have failed.",
        )
    return None


def _of_bytes(path: Path) -> Trouble | None:
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
        file.seek(max(0, path.stat().st_size - len(_PARQUET)))
        tail = file.read(len(_PARQUET))
    if path.suffix in (".parquet", ".pq"):
        return _of_parquet(head, tail)
    if head.startswith(_PARQUET):
        return Trouble(came="it is Parquet under another name", advice="Let it end in .parquet.")
    for suffix, (mark, kind) in _PACKED.items():
        if head.startswith(mark):
            advice = f"Let it end in .csv{suffix}."
            return None if path.suffix == suffix else Trouble(came=f"it is {kind}", advice=advice)
    if head.startswith(b"PK\x03\x04"):
        return Trouble(
            came="it is a workbook or a zip archive", advice="Save the sheet as CSV in UTF-8."
        )
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or _is_wide(head):
        return Trouble(
            came="it is UTF-16",
            advice="Save it in UTF-8, or read it by a query with read_csv(..., encoding = "
            "'utf-16').",
        )
    if b"\0" in head:
        return Trouble(
            came="it holds NUL bytes, so it is no text",
            advice="Write it again as CSV in UTF-8.",
        )
    return None


def _of_parquet(head: bytes, tail: bytes) -> Trouble | None:
    if not head.startswith(_PARQUET):
        return Trouble(
            came="it does not begin as Parquet does",
            advice="If it is CSV, let its name end in .csv; otherwise write it again.",
        )
    if tail != _PARQUET:
        return Trouble(
            came="its end is missing", advice="It was cut short: write or copy it once more."
        )
    return None


def _of_parquet_inside(path: Path) -> Trouble | None:
    try:
        for _ in pq.ParquetFile(path).iter_batches():
            pass
    except OSError as err:
        if err.errno is not None:  # of the system, not of the file
            raise
    except pa.ArrowException as err:
        if not isinstance(err, pa.ArrowInvalid):  # beyond Arrow: that says nothing of the file
            return None
    else:
        return None
    return Trouble(came="a part of it is damaged", advice="Write or copy it once more.")


def _is_wide(head: bytes) -> bool:
    """Whether every other byte of a text is NUL, as in UTF-16 without a mark at its start."""
    return len(head) >= 16 and any(
        set(head[start:64:2]) == {0} and 0 not in head[1 - start : 64 : 2] for start in (0, 1)
    )


def _is_no_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    left = _DECODED_BYTES
    with path.open("rb") as file:
        while left > 0 and (chunk := file.read(min(left, 2**20))):
            left -= len(chunk)
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                return True
    return False
