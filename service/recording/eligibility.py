"""Which customers can be scored again from what is stored, and why the others cannot.

Features say something only if all rows are there that they read. Where a history is missing though
the company knows the customer, or is too old, a score would take what is not known for silence.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from ebbtide.errors import ContractError
from ebbtide.store.preferences import NONE, preferences_of
from ebbtide.store.snapshots import newest_as_of
from features.catalogue.catalogue import features_named
from features.live import columns_read, tables_read

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from ebbtide.bundle.contents import Bundle
    from ebbtide.store.histories import Histories, Layout

Obstacle = Literal[
    "no_history", "history_too_old", "history_differs", "covered", "not_read", "profiling_opt_out"
]


def obstacles(
    connection: Connection,
    customer_ids: Sequence[str],
    *,
    histories: Histories,
    bundle: Bundle | None,
    now: datetime,
    valid_days: float,
) -> dict[str, Obstacle]:
    """Return those of some customers who cannot be scored again, each with the reason.

    A customer of whom nothing was ever published can: on events alone.

    Parameters
    ----------
    connection : for reading.
    customer_ids : each once.
    histories : of the same database.
    bundle : the served model; None while there is none, which is no obstacle yet.
    now : the present.
    valid_days : how old a history may be, days.
    """
    published = histories.published(connection, customer_ids)
    snapshots = newest_as_of(connection, customer_ids)
    oldest = now - timedelta(days=valid_days)
    fits: dict[str, bool] = {}
    found: dict[str, Obstacle] = {}
    decided = preferences_of(connection, customer_ids)
    for customer_id in customer_ids:
        if decided.get(customer_id, NONE).profiling_opt_out:
            found[customer_id] = "profiling_opt_out"
            continue
        if customer_id not in published:
            if customer_id in snapshots:
                found[customer_id] = "no_history"
            continue
        as_of, layout = published[customer_id]
        if snapshots.get(customer_id, as_of) > as_of:
            found[customer_id] = "no_history"
        elif as_of < oldest:
            found[customer_id] = "history_too_old"
        elif bundle is not None and not fits.setdefault(layout.id, holds(layout, bundle)):
            found[customer_id] = "history_differs"
    return found


def holds(layout: Layout, bundle: Bundle) -> bool:
    """Return whether histories hold all that a model reads of the company's tables."""
    if layout.lookback_days < bundle.lookback_days:
        return False
    try:
        features = features_named([feature.name for feature in bundle.scorer.features])
    except ContractError:  # a catalogue of another version; to be told when it is scored
        return True
    return all(
        table in layout.columns
        and {*columns} & bundle.columns[table] <= {*layout.columns[table], "known_at"}
        for table, columns in columns_read(features, definition=bundle.definition).items()
        if table in bundle.columns
    )


def tables_that_count(bundle: Bundle | None) -> frozenset[str] | None:
    """Return the tables whose events can change a score; None if no model is there to tell."""
    if bundle is None:
        return None
    try:
        features = features_named([feature.name for feature in bundle.scorer.features])
    except ContractError:
        return None
    return frozenset(tables_read(features, definition=bundle.definition)) & bundle.columns.keys()
