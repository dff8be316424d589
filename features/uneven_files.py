"""Which of the files of one table lacks columns that another of them has.

Looks at headers of CSV and schemas of Parquet files only.
"""

from __future__ import annotations

import glob
from pathlib import Path
from typing import TYPE_CHECKING

from ebbtide.contracts.header import is_headless
from features.repeated_columns import NO_NAMES, column_names
from features.unreadable import Trouble, name_among

if TYPE_CHECKING:
    from collections.abc import Sequence


def uneven_trouble(pattern: str, wanted: Sequence[str] = ()) -> Trouble | None:
    """Return the first file that lacks columns which another has.

    Parameters
    ----------
    pattern : path or glob of local files.
    wanted : the columns that are looked for, case apart; without any, those of the first file as
        they are written there, which DuckDB expects of the others.
    """
    names = _names_by_path(pattern)
    if len(names) < 2:
        return None
    first = next(iter(names.values()))
    looked_for = wanted or (() if is_headless(first) else first)
    form = str.casefold if wanted else str
    written = {path: set(map(form, each)) for path, each in names.items()}
    anywhere = set().union(*written.values())
    for path, present in written.items():
        lacking = [name for name in looked_for if form(name) in anywhere - present]
        if lacking:
            return Trouble(
                came=f"{name_among(path, list(names))!r} lacks {', '.join(lacking)}, which others "
                f"of its files have",
                advice="Write the file again with the same columns as the others, or read them by "
                "a query with union_by_name = true.",
            )
    return None


def _names_by_path(pattern: str) -> dict[Path, list[str]]:
    found = {}
    for path in sorted(Path(each) for each in glob.glob(pattern, recursive=True)):
        try:
            found[path] = column_names(path)
        except NO_NAMES:
            continue
    return {path: names for path, names in found.items() if names}
