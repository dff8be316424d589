"""What is stored of the customers whose rows bring nothing: a snapshot, or news that it lacks.

Nothing is computed here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ebbtide.store.events import customers_with_events_since
from ebbtide.store.histories import Histories
from service.problems import Problem
from service.recording.known_now import known_now

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from ebbtide.bundle.contents import Bundle
    from ebbtide.store.store import Snapshot
    from service.desk import Desk
    from service.recording.known_now import Known
    from service.scoring.row import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What is stored for the rows of one request, by their places.

    Parameters
    ----------
    snapshots : the newest at or before the instant asked for.
    outdated : places of snapshots that have not seen all events until then.
    known : history and events, where they say more than a snapshot, and no obstacle is in the way.
    """

    snapshots: Mapping[int, Snapshot]
    outdated: frozenset[int]
    known: Mapping[int, Known]


def stored_of(
    rows: Sequence[Row | Problem], *, desk: Desk, bundle: Bundle, now: datetime
) -> Stored:
    """Look up what is stored for the rows that bring neither features nor events.

    Parameters
    ----------
    rows : of one request, as their customers have decided.
    desk : store and settings.
    bundle : the model of this request.
    now : the present.

    Raises
    ------
    StoreUnavailable
        If it cannot be read.
    """
    asking = {
        place: row
        for place, row in enumerate(rows)
        if not isinstance(row, Problem)
        and not row.profiling_opt_out
        and row.features is None
        and row.events is None
    }
    snapshots = _snapshots(asking, desk=desk, now=now)
    outdated = _outdated(asking, snapshots, desk=desk)
    present = {
        place: row.customer_id
        for place, row in asking.items()
        if row.as_of is None and (place in outdated or place not in snapshots)
    }
    known = _known(present, desk=desk, bundle=bundle, now=now)
    return Stored(snapshots=snapshots, outdated=outdated, known=known)


def _snapshots(asking: Mapping[int, Row], *, desk: Desk, now: datetime) -> dict[int, Snapshot]:
    wanted: dict[datetime, dict[int, str]] = {}
    for place, row in asking.items():
        wanted.setdefault(row.as_of or now, {})[place] = row.customer_id
    found = {}
    for until, ids in wanted.items():
        newest = desk.store.newest_snapshots([*ids.values()], until=until)
        found.update({place: newest[each] for place, each in ids.items() if each in newest})
    return found


def _outdated(
    asking: Mapping[int, Row], snapshots: Mapping[int, Snapshot], *, desk: Desk
) -> frozenset[int]:
    """Return the places of those of whose customers events are known that a snapshot lacks."""
    alike: dict[tuple[datetime, datetime | None], dict[int, str]] = {}
    for place, snapshot in snapshots.items():
        row = asking[place]
        alike.setdefault((snapshot.as_of, row.as_of), {})[place] = row.customer_id
    found: set[int] = set()
    if alike:
        with desk.store.database.read("look up events") as connection:
            for (since, before), ids in alike.items():
                wanted = [*ids.values()]
                news = {*customers_with_events_since(connection, wanted, since, before=before)}
                found.update(place for place, customer_id in ids.items() if customer_id in news)
    return frozenset(found)


def _known(
    present: Mapping[int, str], *, desk: Desk, bundle: Bundle, now: datetime
) -> dict[int, Known]:
    """Return what is known of customers by place; of whom nothing is stored is not among them."""
    if not present:
        return {}
    with desk.store.database.read("read what is known of customers") as connection:
        known = known_now(
            connection,
            [*dict.fromkeys(present.values())],
            histories=Histories(desk.store.database),
            bundle=bundle,
            now=now,
            valid_days=desk.settings.history_valid_days,
        )
    return {
        place: known[customer_id]
        for place, customer_id in present.items()
        if customer_id in known and known[customer_id].rows
    }
