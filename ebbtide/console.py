"""What the verbs of the command line share: options, progress, and files that are written whole."""

from __future__ import annotations

import glob
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ebbtide.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa
    from rich.console import Console

    from ebbtide.project import Project

ConfigOption = Annotated[
    Path, typer.Option("--config", help="Project file.", show_default="ebbtide.toml")
]
DEFAULT_CONFIG = Path("ebbtide.toml")


def screen() -> Console:
    """Return where results are printed: as wide as the terminal, or 120 columns elsewhere.

    Texts are shown as they are: brackets in a reason that somebody wrote are no markup.
    """
    from rich.console import Console

    console = Console(markup=False)
    return console if console.is_terminal else Console(width=120, markup=False)


@contextmanager
def progress_shown(title: str) -> Iterator[Callable[[str], None]]:
    """Show what is being done while it is done, on standard error.

    On a terminal it is one line that moves; elsewhere each step is a line.
    """
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True, markup=False)
    if not console.is_terminal:
        yield lambda step: console.print(f"{title}: {step}", highlight=False, soft_wrap=True)
        return
    with console.status(title) as status:
        yield lambda step: status.update(Text(f"{title}: {step}"))


def require_table_path(out: Path, project: Project | None = None) -> None:
    """Return if a table can be written to such a file; called before long work begins.

    Parameters
    ----------
    out : the file to be written.
    project : whose own tables must not be overwritten.

    Raises
    ------
    SettingsError
        If the suffix is neither ``.parquet`` nor ``.csv``, or the project reads the file.
    """
    if out.suffix not in (".parquet", ".csv"):
        raise SettingsError(f"Expected --out to end in .parquet or .csv, got {out.name!r}.")
    if project is not None:
        _require_not_read(out, project, "--out")


def require_report_path(out: Path | None, project: Project, *, option: str, suffix: str) -> None:
    """Return if a report can be written to such a file; called before long work begins.

    Parameters
    ----------
    out : the file to be written, or None where none was asked for.
    project : whose own tables must not be overwritten.
    option : that names the file, such as ``--html``.
    suffix : that it must have, such as ``.html``.

    Raises
    ------
    SettingsError
        If the suffix is another, or the project reads the file.
    """
    if out is None:
        return
    if out.suffix != suffix:
        raise SettingsError(f"Expected {option} to end in {suffix}, got {out.name!r}.")
    _require_not_read(out, project, option)


def _require_not_read(out: Path, project: Project, option: str) -> None:
    if not out.exists():
        return
    from ebbtide.project import expand_variables

    paths = {f"tables.{name}": source.path for name, source in project.tables.items()}
    if project.snapshot_table is not None:
        paths["snapshot_table"] = project.snapshot_table.path
    for name, source in project.tables.items():
        if source.query is not None and out.name in source.query:
            raise SettingsError(_is_read_by(out, f"tables.{name}", option))
    for where, named in paths.items():
        if named is not None and "://" not in named:
            expanded = expand_variables(named, where=f"{where}.path")
            read = glob.glob(str(project.base / expanded), recursive=True)
            if any(out.samefile(path) for path in read):
                raise SettingsError(_is_read_by(out, where, option))


def _is_read_by(out: Path, where: str, option: str) -> str:
    return (
        f"{option} {str(out)!r} is a file that {where} of the project reads, and would be "
        f"overwritten. Choose another name."
    )


def write_table(table: pa.Table, out: Path) -> None:
    """Write a table as Parquet or CSV, by the suffix; whole or not at all.

    Raises
    ------
    SettingsError
        If the suffix is neither, or the place cannot be written.
    """
    import pyarrow.csv
    import pyarrow.parquet

    require_table_path(out)
    writers = {".parquet": pyarrow.parquet.write_table, ".csv": pyarrow.csv.write_csv}
    with whole_or_not(out) as partial:
        writers[out.suffix](table, str(partial))


def write_text(text: str, out: Path) -> None:
    """Write a text such as a report, in UTF-8; whole or not at all.

    Raises
    ------
    SettingsError
        If the place cannot be written.
    """
    with whole_or_not(out) as partial:
        partial.write_text(text, encoding="utf-8")


@contextmanager
def whole_or_not(out: Path) -> Iterator[Path]:
    """Yield a path to write to, which takes the place of a file once it is complete.

    Raises
    ------
    SettingsError
        If the place cannot be written.
    """
    partial = out.with_name(f".{out.name}.partial")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        partial.replace(out)
    except OSError as err:
        partial.unlink(missing_ok=True)
        raise SettingsError(f"Cannot write {str(out)!r}: {err.strerror}.") from err
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def bundle_key() -> bytes | None:
    """Return the key that signs bundles, from ``EBBTIDE_BUNDLE_KEY``, or None."""
    key = os.environ.get("EBBTIDE_BUNDLE_KEY", "")
    return key.encode() if key else None
