"""Rows of an Excel workbook, read with the standard library alone.

Enough for tables of plain cells: text, numbers, dates as Excel stores them (days since 1899-12-30).
No formulas are computed and no formats are looked at.
"""

from __future__ import annotations

import re
import zipfile
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - a workbook's clock has no zone

Cell = str | float | None


def sheet_rows(path: Path, sheet: str) -> Iterator[list[Cell]]:
    """Yield the rows of one sheet, the header among them, as text and numbers.

    Parameters
    ----------
    path : the ``.xlsx`` file.
    sheet : the sheet's name, as on its tab.

    Raises
    ------
    KeyError
        If there is no such sheet; the message lists those there are.
    """
    with zipfile.ZipFile(path) as book:
        texts = _shared_texts(book)
        with book.open(_part_of(book, sheet)) as part:
            for _, element in ET.iterparse(part):
                if element.tag == f"{_MAIN}row":
                    yield _row(element, texts)
                    element.clear()


def instant(days: float) -> datetime:
    """Return the instant of an Excel date, to the second.

    Examples
    --------
    >>> instant(40148.322916666664)
    datetime.datetime(2009, 12, 1, 7, 45)
    """
    return _EPOCH + timedelta(seconds=round(days * 86_400))


def label(cell: Cell) -> str | None:
    """Return a code as text: Excel keeps those made of digits as numbers.

    Examples
    --------
    >>> label(489434.0), label("C489449"), label(None)
    ('489434', 'C489449', None)
    """
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else str(cell)
    return cell


def _part_of(book: zipfile.ZipFile, sheet: str) -> str:
    links = {
        link.get("Id"): link.get("Target", "")
        for link in ET.fromstring(book.read("xl/_rels/workbook.xml.rels"))
    }
    sheets = {
        entry.get("name"): links[entry.get(_LINK)]
        for entry in ET.fromstring(book.read("xl/workbook.xml")).iter(f"{_MAIN}sheet")
    }
    if sheet not in sheets:
        raise KeyError(f"Expected a sheet {sheet!r} in the workbook; it has {list(sheets)}.")
    target = sheets[sheet]
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def _shared_texts(book: zipfile.ZipFile) -> list[str]:
    if "xl/sharedStrings.xml" not in book.namelist():
        return []
    entries = ET.fromstring(book.read("xl/sharedStrings.xml")).iter(f"{_MAIN}si")
    return [_text(entry) for entry in entries]


def _text(entry: ET.Element) -> str:
    runs = [entry, *entry.findall(f"{_MAIN}r")]
    return "".join(run.findtext(f"{_MAIN}t") or "" for run in runs)


def _row(row: ET.Element, texts: list[str]) -> list[Cell]:
    cells: list[Cell] = []
    for cell in row:
        position = _column(cell.get("r")) if cell.get("r") else len(cells)
        cells.extend([None] * (position - len(cells)))
        cells.append(_value(cell, texts))
    return cells


def _value(cell: ET.Element, texts: list[str]) -> Cell:
    kind = cell.get("t", "n")
    if kind == "inlineStr":
        inline = cell.find(f"{_MAIN}is")
        return None if inline is None else _text(inline)
    written = cell.findtext(f"{_MAIN}v")
    if written is None:
        return None
    if kind == "s":
        return texts[int(written)]
    return float(written) if kind == "n" else written


def _column(reference: str | None) -> int:
    letters = re.match(r"[A-Z]+", reference or "")
    assert letters is not None, reference
    number = 0
    for letter in letters.group():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1
