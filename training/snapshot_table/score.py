"""The rows of a snapshot table that are to be scored, as a bundle reads them."""

from __future__ import annotations

import glob
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from ebbtide.clock import day_in_words
from ebbtide.contracts.findings import raise_if_errors
from ebbtide.contracts.snapshot_table import TABLE, ColumnContract, TableContract
from ebbtide.errors import BundleError, NotReady
from features.arrays.clock import microseconds
from features.snapshot_table.checks import check_columns
from features.snapshot_table.maturity import UNREADABLE, instant_of
from features.snapshot_table.raw import read_raw
from features.snapshot_table.table import labels_of, margins_of, row_ids
from features.snapshot_table.values import table_rows
from training.snapshot_table.provenance import UNDATED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ebbtide.bundle.contents import Bundle
    from ebbtide.contracts.feature import FeatureContract
    from ebbtide.contracts.findings import Finding
    from ebbtide.project import Project
    from ebbtide.scorer.scores import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsToScore:
    """Rows of a snapshot table as a bundle reads them.

    Parameters
    ----------
    snapshot : ``customer_id``, ``as_of`` and a column of numbers for each feature.
    margins : margin at stake of each row, currency, NaN where unknown; None if no column has it.
    findings : what the check of the rows found, without errors.
    """

    snapshot: pa.Table
    margins: FloatArray | None
    findings: tuple[Finding, ...]


def table_snapshot_for(
    bundle: Bundle, project: Project, *, as_of: datetime, table: Path | None
) -> RowsToScore:
    """Return the features that a bundle reads, for the rows that are to be scored.

    Parameters
    ----------
    bundle : the model; the kinds of the columns are those that it learned.
    project : names the table and its columns with a role.
    as_of : aware instant that the rows describe; with dates the newest up to it are taken.
    table : a file of rows to score; None takes those of the project's own table whose label is
        empty.

    Raises
    ------
    BundleError
        If the bundle is of a model of events.
    ContractError
        If rows break what the model learned: a column is gone, or holds no numbers.
    NotReady
        If no row is to be scored, or the model learned from what came after ``as_of``.
    """
    if bundle.definition.kind != "label":
        raise BundleError(
            "The champion was trained on tables of events, and the project has a snapshot table. "
            "Train again: ebbtide train"
        )
    zone = project.project.time_zone
    asked = day_in_words(as_of, time_zone=zone)
    trained_as_of = bundle.manifest["lineage"]["trained_as_of"]
    if trained_as_of != UNDATED and as_of < datetime.fromisoformat(trained_as_of):
        trained = day_in_words(datetime.fromisoformat(trained_as_of), time_zone=zone)
        raise NotReady(
            f"The champion learned from what came after {asked} (it was trained as of "
            f"{trained}), so that its scores there would be memory. Choose a later "
            f"--as-of."
        )
    path = None if table is None else glob.escape(str(table.resolve()))
    raw = read_raw(project, path=path, where="--table")
    findings = check_columns(raw, _contract_of(bundle.scorer.features))
    raise_if_errors(findings)
    chosen = np.ones(raw.rows, dtype=bool)
    if table is None:
        chosen = np.isnan(labels_of(raw, project))
        if not chosen.any():
            raise NotReady(
                "Every row of the snapshot table has a label, and the champion learned from it: "
                "its scores there would be memory. Give the rows to score with --table FILE, or "
                "leave their label empty."
            )
    if raw.instants is not None:
        chosen &= (raw.instants != UNREADABLE) & (raw.instants <= microseconds(as_of))
        if not chosen.any():
            raise NotReady(f"No row to score is of a date up to {asked}.")
        chosen &= raw.instants == raw.instants[chosen].max()
        as_of = instant_of(int(raw.instants[chosen][0]))
    rows = table_rows(raw, bundle.scorer.features)[chosen]
    instants = pa.repeat(pa.scalar(as_of, type=pa.timestamp("us", tz="UTC")), len(rows))
    columns = {f.name: rows[:, place] for place, f in enumerate(bundle.scorer.features)}
    ids = row_ids(raw, project)[chosen].tolist()
    margins = margins_of(raw, project)
    return RowsToScore(
        snapshot=pa.table(
            [pa.array(ids, type=pa.string()), instants, *columns.values()],
            names=["customer_id", "as_of", *columns],
        ),
        margins=None if margins is None else margins[chosen],
        findings=tuple(finding for finding in findings if finding.severity == "warning"),
    )


def _contract_of(features: Sequence[FeatureContract]) -> TableContract:
    """Return what a model learned as a contract to check rows against."""
    columns = []
    for feature in features:
        learned = feature.learned
        assert learned is not None, f"{feature.name} is no column of {TABLE}"
        columns.append(
            ColumnContract(
                name=feature.name,
                kind=learned.kind,
                low=learned.low,
                high=learned.high,
                categories=dict.fromkeys(learned.categories, 0),
                null_share=1.0 if learned.had_null else 0.0,
            )
        )
    return TableContract(rows=0, columns=tuple(columns))
