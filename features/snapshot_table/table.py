"""Open a snapshot table: its rows as numbers, who churned, and what is to be known of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from ebbtide.clock import day_in_words
from ebbtide.contracts.findings import Finding, errors_first, raise_if_errors
from ebbtide.contracts.learned import category_text
from ebbtide.contracts.snapshot_table import TABLE
from ebbtide.contracts.snapshot_table_file import contract_text, read_contract
from ebbtide.contracts.tables import EARLIEST_DAY
from ebbtide.errors import SettingsError
from features.arrays.clock import microseconds
from features.snapshot_table import checks
from features.snapshot_table.inference import infer_contract, number_values
from features.snapshot_table.maturity import UNREADABLE, matured_labels
from features.snapshot_table.raw import read_raw
from features.snapshot_table.values import table_rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from ebbtide.contracts.snapshot_table import TableContract
    from ebbtide.project import Project
    from ebbtide.scorer.scores import FloatArray
    from features.snapshot_table.raw import RawTable

FEW_CHURNED = 50

_EARLIEST = datetime.fromisoformat(EARLIEST_DAY).replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotTable:
    """A snapshot table, checked.

    Parameters
    ----------
    contract : what its columns hold.
    is_new : whether the contract was inferred just now, and is in no file.
    customer_ids : one for each row; its number where the table has none, shape (n,).
    instants : the ``as_of`` of each row, microseconds since 1970, UTC; None without dates.
    rows : values of the features of the contract, shape (n, features).
    churned : 1 for churn, 0 for stayed, NaN for open or not yet matured, shape (n,).
    findings : what the check found, the gravest first.
    """

    contract: TableContract
    is_new: bool
    customer_ids: NDArray[np.str_]
    instants: NDArray[np.int64] | None
    rows: FloatArray
    churned: FloatArray
    findings: tuple[Finding, ...]


def check_snapshot_table(
    project: Project,
    *,
    now: datetime,
    learned_at: datetime | None = None,
    progress: Callable[[str], None] | None = None,
) -> SnapshotTable:
    """Read and check the snapshot table of a project; errors are findings, too.

    Parameters
    ----------
    project : names the table and its contract, which is inferred if there is none yet.
    now : the present; later rows are errors.
    learned_at : labels that had not matured by then are not read; the present by default.
    progress : called with what is being done.
    """
    table = project.snapshot_table
    assert table is not None, "the project has no snapshot table"
    if progress is not None:
        progress("snapshot table")
    raw = read_raw(project)
    roles = _roles(project)
    churned, findings = _label(raw, project, learned_at=learned_at or now)
    findings += _identity(raw, project, now=now)
    is_new = not project.contract_path.exists()
    if is_new:
        contract = infer_contract(raw, roles=roles, churned=churned)
    else:
        contract = read_contract(project.contract_path)
        findings += checks.check_new_columns(raw, contract, roles=frozenset(roles))
    findings += checks.check_columns(raw, contract)
    if not contract.used:
        findings.append(
            Finding(
                severity="error",
                table=TABLE,
                message="No column is left to learn from.",
                advice="Bring columns that say something of the customer, or change the kind of "
                "those that are ignored in the contract (ebbtide contract writes it).",
            )
        )
    can_be_read = bool(contract.used) and all(
        column.name in raw.columns for column in contract.used
    )
    rows = table_rows(raw, contract.features) if can_be_read else np.empty((raw.rows, 0))
    if can_be_read and not any(finding.severity == "error" for finding in findings):
        if progress is not None:
            progress("columns that tell too much")
        findings += checks.check_telling(raw, contract, churned, progress=progress)
        findings += [*checks.check_repeats(rows), *checks.check_dates(raw)]
    return SnapshotTable(
        contract=contract,
        is_new=is_new,
        customer_ids=row_ids(raw, project),
        instants=raw.instants,
        rows=rows,
        churned=churned,
        findings=tuple(errors_first(findings)),
    )


def open_snapshot_table(
    project: Project,
    *,
    now: datetime,
    learned_at: datetime | None = None,
    progress: Callable[[str], None] | None = None,
) -> SnapshotTable:
    """Read and check the snapshot table of a project.

    Parameters
    ----------
    project : names the table and its contract, which is inferred if there is none yet.
    now : the present; later rows are errors.
    learned_at : labels that had not matured by then are not read; the present by default.
    progress : called with what is being done.

    Raises
    ------
    ContractError
        If it breaks its contract; every error is named at once.
    """
    opened = check_snapshot_table(project, now=now, learned_at=learned_at, progress=progress)
    raise_if_errors(opened.findings)
    return opened


def inferred_contract(project: Project, *, now: datetime) -> TableContract:
    """Infer the contract of a project's snapshot table, whether or not there is one already.

    Parameters
    ----------
    project : names the table.
    now : aware instant; labels that had not matured by then are not read.
    """
    raw = read_raw(project)
    matured = _matured(labels_of(raw, project), raw, project, now=now)
    return infer_contract(raw, roles=_roles(project), churned=matured)


def write_contract(contract: TableContract, path: Path) -> None:
    """Write a contract to a new file.

    Raises
    ------
    SettingsError
        If it is there already, or the place cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(contract_text(contract))
    except FileExistsError as err:
        raise SettingsError(
            f"{str(path)!r} is there already, and may hold what a person wrote. Move it away, or "
            f"choose another --out."
        ) from err
    except OSError as err:
        raise SettingsError(f"Cannot write {str(path)!r}: {err.strerror}.") from err


def _roles(project: Project) -> list[str]:
    table = project.snapshot_table
    assert table is not None, "the project has no snapshot table"
    named = (table.label, table.customer_id, table.as_of)
    return [*(name for name in named if name is not None), *table.ignore]


def row_ids(raw: RawTable, project: Project) -> NDArray[np.str_]:
    """Return the id of each row, or its number where the table has none, shape (n,)."""
    table = project.snapshot_table
    if table is None or table.customer_id is None:
        return np.array([str(number) for number in range(1, raw.rows + 1)], dtype=np.str_)
    column = raw.columns[table.customer_id]
    texts = np.array([*column.texts, ""], dtype=np.str_)
    return texts[column.places]


def margins_of(raw: RawTable, project: Project) -> FloatArray | None:
    """Return the margin at stake of each row, NaN where unknown; None without such a column.

    Below zero counts as zero: there is nothing to lose.
    """
    table = project.snapshot_table
    if table is None or table.value is None:
        return None
    return np.maximum(number_values(raw.columns[table.value]), 0.0)


def labels_of(raw: RawTable, project: Project) -> FloatArray:
    """Return 1 for churn, 0 for stayed and NaN for an empty label, shape (n,)."""
    table = project.snapshot_table
    assert table is not None, "the project has no snapshot table"
    column = raw.columns[table.label]
    wanted = category_text(table.churned)
    return column.values(np.array([text == wanted for text in column.texts], dtype=np.float64))


def _label(
    raw: RawTable, project: Project, *, learned_at: datetime
) -> tuple[FloatArray, list[Finding]]:
    table = project.snapshot_table
    assert table is not None, "the project has no snapshot table"
    column = raw.columns[table.label]
    wanted = category_text(table.churned)
    churned = labels_of(raw, project)
    findings: list[Finding] = []

    def found(severity: str, message: str, advice: str, count: int = 0) -> None:
        findings.append(
            Finding(
                severity="error" if severity == "error" else "warning",
                table=TABLE,
                column=table.label,
                count=count,
                message=message,
                advice=advice,
            )
        )

    matured = _matured(churned, raw, project, now=learned_at)
    leavers = int((matured == 1).sum())
    if not (churned == 1).any():
        near = any(text.casefold() == wanted.casefold() for text in column.texts)
        hint = "One differs only in case. " if near else ""
        found(
            "error",
            f"No row says {wanted!r}, which snapshot_table.churned takes for churn; there are "
            f"{len(column.texts)} other value(s).",
            f"{hint}Set snapshot_table.churned to the value of those who churned.",
        )
    elif not (churned == 0).any():
        found("error", "Every row says that the customer churned.", "Bring those who stayed, too.")
    elif leavers < FEW_CHURNED:
        found(
            "warning",
            f"Only {leavers} rows churned; measures are rough below {FEW_CHURNED}.",
            "Bring more rows.",
            leavers,
        )
    if len(column.texts) > 2:
        found(
            "warning",
            f"It has {len(column.texts)} different values; all but {wanted!r} count as stayed.",
            "If some are neither, take those rows out or leave their label empty.",
        )
    is_open = int(np.isnan(churned).sum())
    if is_open:
        found("warning", "The label is empty: nothing is learned from these rows.", "", is_open)
    not_yet = int((np.isnan(matured) & ~np.isnan(churned)).sum())
    if not_yet:
        day = day_in_words(learned_at, time_zone=project.project.time_zone)
        found(
            "warning",
            f"The label is of a date whose outcome had not matured by {day}: those "
            "who have one left early, and nothing is learned from these rows.",
            "Wait, or correct churn.horizon_days and churn.gap_days.",
            not_yet,
        )
    return matured, findings


def _matured(churned: FloatArray, raw: RawTable, project: Project, *, now: datetime) -> FloatArray:
    return matured_labels(churned, raw.instants, definition=project.definition, now=now)


def _identity(raw: RawTable, project: Project, *, now: datetime) -> list[Finding]:
    table = project.snapshot_table
    assert table is not None, "the project has no snapshot table"
    findings = []

    def error(column: str, message: str, advice: str, count: int) -> None:
        if count:
            findings.append(
                Finding(
                    severity="error",
                    table=TABLE,
                    column=column,
                    count=count,
                    message=message,
                    advice=advice,
                )
            )

    if table.customer_id is not None:
        places = raw.columns[table.customer_id].places
        known = places[places >= 0]
        instants = np.zeros(raw.rows) if raw.instants is None else raw.instants
        keys = np.column_stack([places, instants])[places >= 0]
        error(table.customer_id, "The id is empty.", "Fill it in.", raw.rows - len(known))
        error(
            table.customer_id,
            "A customer comes twice"
            + (" without a date." if raw.instants is None else " at one as_of."),
            "Keep one row for each customer, or name the column of dates in snapshot_table.as_of.",
            len(keys) - len(np.unique(keys, axis=0)),
        )
    if table.value is not None:
        column = raw.columns[table.value]
        unread = (column.places >= 0) & np.isnan(number_values(column))
        error(
            table.value, "The value is no number.", "Write plain numbers, or nothing.", unread.sum()
        )
    if table.as_of is not None and raw.instants is not None:
        is_late = raw.instants > microseconds(now)
        error(
            table.as_of,
            "The date is empty, or cannot be read.",
            "Write it after ISO 8601, such as 2026-03-01.",
            int((raw.instants == UNREADABLE).sum()),
        )
        error(table.as_of, "The date lies in the future.", "Correct it.", int(is_late.sum()))
        is_early = (raw.instants < microseconds(_EARLIEST)) & (raw.instants != UNREADABLE)
        error(
            table.as_of,
            "The date lies before the year 1900.",
            "Correct it; below the year 100, years are probably written with two digits.",
            int(is_early.sum()),
        )
    return findings
