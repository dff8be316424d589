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


def uneven_trouble(pattern: str, wanted: Sequence[str] = ()) -> Trouble | None:
    """Return the first file of a table of events that lacks columns which another has.

    Parameters
    ----------
    pattern : path or glob of local files.
    wanted : the columns that are looked for, case apart; without any, those of the first file as
        they are written there, which DuckDB expects of the others.
    """
    names = _names_by_path(pattern)
    if wanted:
        return _lacking(names, wanted, form=str.casefold, advice=_BY_QUERY)
    first = next(iter(names.values()), ())
    return None if is_headless(first) else _lacking(names, first, form=str, advice=_BY_QUERY)


def unlike_trouble(pattern: str, *, unread: Iterable[str] = ()) -> Trouble | None:
    """Return the first file of a flat table, whose every column is read, that is unlike another.

    Names in a first line that lacks what the first file has are never shown: they may be values.

    Parameters
    ----------
    pattern : path or glob of local files.
    unread : columns that may be in later files alone.
    """
    names = _names_by_path(pattern)
    first = next(iter(names.values()), ())
    if is_headless(first):
        return None
    unread = set(map(str.casefold, unread))
    more = [name for each in names.values() for name in each if name.casefold() not in unread]
    return _lacking(names, first, form=str.casefold, advice=_BY_HAND) or _lacking(
        names, list(dict.fromkeys(more)), form=str.casefold, advice=_BY_HAND
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
