"""Names that the columns of a file have in common, which DuckDB would tell apart by new names.

Looks at the header of a CSV and the schema of a Parquet file only.
"""

from __future__ import annotations

import csv
import glob
from collections import Counter
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from ebbtide.contracts.findings import Finding
from ebbtide.contracts.header import is_headless

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ebbtide.contracts.tables import TableContract

_DELIMITERS = ",;\t|"
_COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
_MOST_HEADER = 2**20
"""Characters; a longer first line is no header."""

NO_NAMES = (OSError, EOFError, UnicodeDecodeError, csv.Error, pa.ArrowException)
"""What is raised where the names of columns cannot be read."""


def repeated_columns(pattern: str) -> tuple[str, ...]:
    """Return the names that a file has more than once, as they are written there.

    Names that differ in case only are the same to DuckDB. Columns without a name count as none, and
    a first line of values is no header. What cannot be read is for others to say.

    Parameters
    ----------
    pattern : path or glob of local files.
    """
    found: dict[str, None] = {}
    for path in sorted(glob.glob(pattern, recursive=True)):
        try:
            names = column_names(Path(path))
        except NO_NAMES:
            continue
        found |= dict.fromkeys(repeats(names))
    return tuple(found)


def repeats(names: Sequence[str]) -> list[str]:
    """Return the names that come more than once, case apart.

    Examples
    --------
    >>> repeats(["id", "amount", "Amount", "", ""])
    ['amount', 'Amount']
    """
    if is_headless(names):
        return []
    times = Counter(name.casefold() for name in names)
    return list(dict.fromkeys(name for name in names if name and times[name.casefold()] > 1))


def repeated_findings(
    contract: TableContract, repeated: Sequence[str], *, mapped: Iterable[str] = ()
) -> list[Finding]:
    """Return repeated names as an error where a column is read, as a warning elsewhere.

    Parameters
    ----------
    contract : of the table.
    repeated : as :func:`repeated_columns` returns them.
    mapped : columns of the file that the project file names.
    """
    read = {name.casefold() for name in (*contract.names, *mapped)}
    findings = []
    for is_read in (True, False):
        names = [name for name in repeated if (name.casefold() in read) == is_read]
        if names:
            findings.append(
                Finding(
                    severity="error" if is_read else "warning",
                    table=contract.name,
                    message=f"has columns of the same name, case apart: {', '.join(names)}.",
                    advice="Rename or drop all but one of each in the file: nothing says which is "
                    "meant.",
                )
            )
    return findings


def column_names(path: Path) -> list[str]:
    """Return the names of a file's columns as they are written there.

    One of ``NO_NAMES`` is raised where they cannot be read.
    """
    if path.suffix in (".parquet", ".pq"):
        return [str(name) for name in pq.read_schema(path).names]
    packed = _COMPRESSIONS.get(path.suffix)
    data = pa.input_stream(str(path), compression=packed)
    with TextIOWrapper(data, encoding="utf-8-sig", newline="") as file:
        header = file.readline(_MOST_HEADER)
    delimiter = max(_DELIMITERS, key=header.count)
    return [name.strip() for name in next(csv.reader([header], delimiter=delimiter), [])]
