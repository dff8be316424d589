"""What a bundle says of a snapshot table behind its model."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from ebbtide.contracts.snapshot_table import TABLE, features_version
from training.lineage import lineage_with
from training.provenance import Provenance
from training.snapshot_table.card import table_card

if TYPE_CHECKING:
    from ebbtide.project import Project
    from features.snapshot_table.table import SnapshotTable
    from training.train import Trained

UNDATED = "undated"


def provenance_of_table(project: Project, table: SnapshotTable, trained: Trained) -> Provenance:
    """Return what a snapshot table says.

    Parameters
    ----------
    project : what churn is.
    table : what the models learned from.
    trained : the training.
    """
    features = [feature.contract for feature in trained.features]
    as_of = trained.newest.as_of.isoformat() if trained.is_dated else UNDATED
    lineage = lineage_with(
        trained.snapshots,
        trained_as_of=as_of,
        data_hash=table_hash(table),
        instants=[taken.as_of.isoformat() for taken in trained.snapshots]
        if trained.is_dated
        else [UNDATED],
        seed=project.training.seed,
    )
    return Provenance(
        as_of=as_of,
        lineage=lineage,
        columns={TABLE: {"customer_id", *(feature.name for feature in features)}},
        catalogue_version=features_version(features),
        lookback_days=0,
        card=lambda candidate, judgement: table_card(
            project, table, trained, candidate, judgement=judgement
        ),
    )


def table_hash(table: SnapshotTable) -> str:
    """Return a hash of a table's values; the order of rows in the file does not matter.

    Notes
    -----
    Rows are in an order of their own since they were read, see ``features.snapshot_table.raw``.
    """
    digest = hashlib.sha256(features_version(table.contract.features).encode())
    digest.update("\x1f".join(table.customer_ids.tolist()).encode())
    for part in (table.rows, table.churned, table.instants):
        if part is not None:
            digest.update(part.tobytes())
    return digest.hexdigest()[:16]
