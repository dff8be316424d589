"""Published snapshots: kept part by part, looked up by customer."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import func, select

from ebbtide.store.erasure import barred_by
from ebbtide.store.feature_sets import DOUBLES
from ebbtide.store.frame import snapshot_rows
from ebbtide.store.schema.scores import SNAPSHOTS
from ebbtide.store.store import Snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    import pandas as pd
    from sqlalchemy import Connection

    from ebbtide.scorer.scores import FloatArray
    from ebbtide.store.erasure import Erasures
    from ebbtide.store.feature_sets import FeatureSets
    from ebbtide.store.frame import SnapshotRows
    from ebbtide.store.store import Basis

_CHUNK = 500  # ids in one query; SQLite allows 32,766 variables, PostgreSQL 65,535
_PUBLISHED_AT_ONCE = 2_000  # snapshots in one transaction: others who write wait for no more


def publish_snapshots(
    frame: pd.DataFrame,
    *,
    basis: Basis,
    feature_sets: FeatureSets,
    erasures: Erasures | None = None,
) -> int:
    """Keep snapshots; see ``SqlStore.publish_snapshots``."""
    rows = snapshot_rows(frame)
    packed = rows.matrix.astype(DOUBLES)
    kept = 0
    for start in range(0, len(rows.customer_ids), _PUBLISHED_AT_ONCE):
        kept += feature_sets.database.write(
            partial(
                _keep,
                rows=rows,
                packed=packed,
                part=slice(start, start + _PUBLISHED_AT_ONCE),
                basis=basis,
                feature_sets=feature_sets,
                erasures=erasures,
            ),
            deed="keep the snapshots",
        )
    return kept


def newest_snapshots(
    customer_ids: Sequence[str], *, until: datetime, feature_sets: FeatureSets
) -> Mapping[str, Snapshot]:
    """Return the newest snapshot of each customer at or before an instant."""
    wanted = list(dict.fromkeys(customer_ids))
    found: dict[str, Snapshot] = {}
    with feature_sets.database.read("look up snapshots") as connection:
        for start in range(0, len(wanted), _CHUNK):
            newest = (
                select(SNAPSHOTS.c.customer_id, func.max(SNAPSHOTS.c.as_of).label("as_of"))
                .where(SNAPSHOTS.c.customer_id.in_(wanted[start : start + _CHUNK]))
                .where(SNAPSHOTS.c.as_of <= until)
                .group_by(SNAPSHOTS.c.customer_id)
                .subquery()
            )
            query = select(SNAPSHOTS).join(
                newest,
                (SNAPSHOTS.c.customer_id == newest.c.customer_id)
                & (SNAPSHOTS.c.as_of == newest.c.as_of),
            )
            for row in connection.execute(query):
                names, basis = feature_sets.meaning(connection, row.feature_set_id)
                found[row.customer_id] = Snapshot(
                    as_of=row.as_of,
                    basis=basis,
                    names=names,
                    values=np.frombuffer(row.feature_values, dtype=DOUBLES),
                )
    return found


def newest_as_of(connection: Connection, customer_ids: Sequence[str]) -> dict[str, datetime]:
    """Return when the newest snapshot of each customer was taken, of those who have one."""
    found: dict[str, datetime] = {}
    held = SNAPSHOTS.c
    for start in range(0, len(customer_ids), _CHUNK):
        query = (
            select(held.customer_id, func.max(held.as_of).label("as_of"))
            .where(held.customer_id.in_(customer_ids[start : start + _CHUNK]))
            .group_by(held.customer_id)
        )
        found.update({row.customer_id: row.as_of for row in connection.execute(query)})
    return found


def _keep(
    connection: Connection,
    *,
    rows: SnapshotRows,
    packed: FloatArray,
    part: slice,
    basis: Basis,
    feature_sets: FeatureSets,
    erasures: Erasures | None,
) -> int:
    insert = feature_sets.database.insert(SNAPSHOTS)
    upsert = insert.on_conflict_do_update(
        index_elements=["customer_id", "as_of"],
        set_={
            "feature_set_id": insert.excluded.feature_set_id,
            "feature_values": insert.excluded.feature_values,
        },
    )
    feature_set = feature_sets.id_of(connection, rows.names, basis)
    facts = list(zip(rows.customer_ids[part], rows.as_of[part], strict=True))
    barred = barred_by(erasures, connection, facts)
    kept = [
        {
            "customer_id": customer_id,
            "as_of": as_of,
            "feature_set_id": feature_set,
            "feature_values": values.tobytes(),
        }
        for (customer_id, as_of), values in zip(facts, packed[part], strict=True)
        if (customer_id, as_of) not in barred
    ]
    if kept:
        connection.execute(upsert, kept)
    return len(kept)
