"""Where a simulated shop is written: a folder of Parquet files, a project file and the truth.

The project file never mentions the truth, so that nothing trains on it by accident.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from ebbtide.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ebbtide.definition import ChurnDefinition

TABLE_NAMES = (
    "transactions",
    "complaints",
    "activity",
    "surveys",
    "payments",
    "customers",
    "treatments",
)
PROJECT_FILE = "ebbtide.toml"
POLICY_FILE = "policy.toml"
TRUTH_FILE = "truth/truth.parquet"
_ROW_GROUP = 500_000


def prepare_folder(out: Path, names: Sequence[str] = TABLE_NAMES) -> None:
    """Make the folder, or check that what it holds is an earlier shop of ours.

    Parameters
    ----------
    out : the folder.
    names : the tables that will be written.

    Raises
    ------
    SettingsError
        If the path is a file, or the folder holds other files or cannot be made.
    """
    if out.exists() and not out.is_dir():
        raise SettingsError(
            f"Expected a folder for the simulated shop at {str(out)!r}, found a file. "
            f"Choose another folder."
        )
    ours = {PROJECT_FILE, POLICY_FILE, TRUTH_FILE, *(f"{name}.parquet" for name in names)}
    found = [path for path in sorted(out.rglob("*")) if not path.is_dir()] if out.exists() else []
    foreign = [path for path in found if path.relative_to(out).as_posix() not in ours]
    if foreign:
        first = foreign[0].relative_to(out).as_posix()
        raise SettingsError(
            f"Expected an empty folder or an earlier simulated shop at {str(out)!r}, found "
            f"{len(foreign)} other file(s), first {first!r}. Choose an empty folder."
        )
    try:
        (out / TRUTH_FILE).parent.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise SettingsError(
            f"The folder {str(out)!r} for the simulated shop cannot be made: {err.strerror}. "
            f"Choose a folder that you may write to."
        ) from err


def write_table(table: Any, path: Path) -> int:
    """Write a table with fixed settings, so that equal tables give equal bytes; return its rows."""
    pq.write_table(
        table,
        path,
        compression="zstd",
        row_group_size=_ROW_GROUP,
        version="2.6",
        data_page_version="1.0",
        store_schema=False,
    )
    return int(table.num_rows)


def project_text(
    definition: ChurnDefinition,
    *,
    names_policy: bool,
    name: str = "simulated-shop",
    tables: Sequence[str] = TABLE_NAMES,
) -> str:
    """Return the text of the project file; without a policy it uses the starter policy."""
    policy = f'\n[policy]\npath = "{POLICY_FILE}"\n' if names_policy else ""
    sources = "\n".join(f'[tables.{each}]\npath = "{each}.parquet"\n' for each in tables)
    alive = (
        f"active_within_days = {definition.active_within_days}"
        if definition.grace_days is None
        else f"grace_days = {definition.grace_days}"
    )
    return f"""# Written by the simulator: a made-up shop, its tables beside this file.
[project]
name = "{name}"
currency = "EUR"
time_zone = "UTC"

{sources}
[churn]
kind = "{definition.kind}"
horizon_days = {definition.horizon_days}
gap_days = {definition.gap_days}
{alive}

[snapshots]
every_days = 28
min_history_days = 180
{policy}"""
