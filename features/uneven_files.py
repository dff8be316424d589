"""Which of the files of one table lacks columns that another of them has.

Looks at headers of CSV and schemas of Parquet files only. DuckDB takes the columns of the first
file for those of all, and drops without a word what only later ones have.
"""

from __future__ import annotations

import glob
from pathlib import Path
from typing import TYPE_CHECKING

from ebbtide.contracts.header import is_headless
from features.repeated_columns import NO_NAMES, column_names
from features.unreadable import Trouble, name_among

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    NamesByPath = Mapping[Path, Sequence[str]]

_BY_QUERY = (
    "Write the file again with the same columns as the others, or read them by a query with "
    "union_by_name = true."
)
_BY_HAND = "Write it again with the same columns as the others, empty where nothing is known."


def uneven_trouble(pattern: str, wanted: Sequence[str]) -> Trouble | None:
    """Return the first file of a table of events that lacks columns which another has.

    Parameters
    ----------
    pattern : path or glob of local files.
    wanted : the columns that are read, case apart.
    """
    names = _names_by_path(pattern)
    return _headless(names, wanted) or _lacking(names, wanted, form=str.casefold, advice=_BY_QUERY)


def mismatch_trouble(pattern: str, wanted: Sequence[str]) -> Trouble | None:
    """Return the first file that lacks a column as the first one writes it, as DuckDB expects.

    Parameters
    ----------
    pattern : path or glob of local files.
    wanted : the columns that are read, case apart; a first file without any may have no header.
    """
    names = _names_by_path(pattern)
    first = next(iter(names.values()), ())
    is_known = not is_headless(first) and not _folded(wanted).isdisjoint(_folded(first))
    return _lacking(names, first, form=str, advice=_BY_QUERY) if is_known else None


def unlike_trouble(
    pattern: str, wanted: Sequence[str], *, unread: Iterable[str] = ()
) -> Trouble | None:
    """Return the first file of a flat table, whose every column is read, that is unlike another.

    Parameters
    ----------
    pattern : path or glob of local files.
    wanted : columns that every file must have, case apart; where the first file lacks one, or there
        is none, what stands in it may be values, and is not shown.
    unread : columns that may be in later files alone.
    """
    names = _names_by_path(pattern)
    first = next(iter(names.values()), ())
    trouble = _headless(names, wanted) or _lacking(
        names, wanted, form=str.casefold, advice=_BY_HAND
    )
    if trouble is not None or not wanted or not _folded(wanted) <= _folded(first):
        return trouble
    more = {name: None for each in names.values() for name in each}
    read = [name for name in more if name.casefold() not in _folded(unread)]
    return _lacking(names, first, form=str.casefold, advice=_BY_HAND) or _lacking(
        names, read, form=str.casefold, advice=_BY_HAND
    )


def _folded(names: Iterable[str]) -> set[str]:
    return {name.casefold() for name in names}


def _headless(names: NamesByPath, wanted: Sequence[str]) -> Trouble | None:
    """Return the first of several CSV files whose first line holds values, and no name at all."""
    headless = [
        path
        for path, each in names.items()
        if path.suffix not in (".parquet", ".pq")
        and is_headless(each)
        and _folded(wanted).isdisjoint(_folded(each))
    ]
    if len(names) < 2 or not wanted or not headless:
        return None
    return Trouble(
        came=f"the first line of {name_among(headless[0], list(names))!r} seems to hold values "
        f"and not names",
        advice="Write the names of the columns into the first line of that file, too.",
    )


def _lacking(
    names: NamesByPath, wanted: Sequence[str], *, form: Callable[[str], str], advice: str
) -> Trouble | None:
    written = {path: set(map(form, each)) for path, each in names.items()}
    anywhere = set().union(*written.values())
    lacks = {
        path: [name for name in wanted if form(name) in anywhere - present]
        for path, present in written.items()
    }
    uneven = [path for path, lacking in lacks.items() if lacking]
    if not uneven:
        return None
    lacking = lacks[uneven[0]]
    alike = [path for path in uneven if lacks[path] == lacking]
    having = next(path for path, present in written.items() if form(lacking[0]) in present)
    which = repr(name_among(alike[0], list(names)))
    who = f"{which} lacks" if len(alike) == 1 else f"{which} and {len(alike) - 1:,} more lack"
    return Trouble(
        came=f"{who} {', '.join(lacking)}, which others of its files have, such as "
        f"{name_among(having, list(names))!r}",
        advice=advice,
    )


def _names_by_path(pattern: str) -> dict[Path, list[str]]:
    found = {}
    for path in sorted(Path(each) for each in glob.glob(pattern, recursive=True)):
        try:
            found[path] = column_names(path)
        except NO_NAMES:
            continue
    return {path: names for path, names in found.items() if names}
