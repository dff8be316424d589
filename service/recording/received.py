"""The events of a request, checked row by row: good ones are kept whatever their neighbours are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ebbtide.contracts.tables import TABLES
from ebbtide.contracts.taken import MAX_ID_LENGTH
from ebbtide.store.events import Event
from service.problems import ProblemError, invalid
from service.scoring.checks import Faults, Hints, check_names, check_text, kind_of
from service.scoring.events import check_event, count_events

if TYPE_CHECKING:
    from datetime import datetime

    from ebbtide.contracts.tables import TableContract
    from service.problems import Fault

_MOST_TOLD = 100  # faults in one answer
_DUE_LATER = "payments"  # what falls due tomorrow may be on record today


@dataclass(slots=True)
class Received:
    """What a request brought.

    Parameters
    ----------
    events : the good rows.
    failed : how many rows are not good.
    faults : what is wrong with them: the first hundred things.
    more : how many further things are wrong.
    """

    events: list[Event] = field(default_factory=list)
    failed: int = 0
    faults: list[Fault] = field(default_factory=list)
    more: int = 0

    def add_faults(self, faults: Faults) -> None:
        """Note a row that is not good."""
        self.failed += 1
        told = faults.found[: _MOST_TOLD - len(self.faults)]
        self.faults += told
        self.more += faults.more + len(faults.found) - len(told)


def check_received(given: object, *, now: datetime, max_events: int) -> Received:
    """Return the events of a body.

    Parameters
    ----------
    given : the body.
    now : the present; what lies later is refused, and what does not say so is known since.
    max_events : most rows in one request.

    Raises
    ------
    ProblemError
        422 if the body is no object of tables, or no row in it is good.
    """
    tables = _tables(given, max_events=max_events)
    received, hints = Received(), Hints()
    for name, rows in tables.items():
        for place, row in enumerate(rows):
            faults = Faults()
            event = _event(
                row,
                pointer=f"/events/{name}/{place}",
                table=TABLES[name],
                now=now,
                faults=faults,
                hints=hints,
            )
            if event is None:
                received.add_faults(faults)
            else:
                received.events.append(event)
    if not received.events:
        raise ProblemError(invalid(received.faults, more=received.more))
    return received


def _tables(given: object, *, max_events: int) -> dict[str, list[Any]]:
    faults = Faults()
    tables = given.get("events") if isinstance(given, dict) else None
    fix = 'Send {"events": {"complaints": [{"customer_id": ..., "opened_at": ...}]}}.'
    if not isinstance(given, dict):
        faults.add("", expected="an object", got_kind=kind_of(given), fix=fix)
    elif not isinstance(tables, dict):
        got = kind_of(tables) if "events" in given else "nothing"
        faults.add("/events", expected="an object of tables", got_kind=got, fix=fix)
    else:
        _check_tables(tables, max_events=max_events, faults=faults)
    if isinstance(given, dict):
        check_names(
            given, ("events",), pointer="", where="POST /v1/events", faults=faults, hints=Hints()
        )
    if faults or not isinstance(tables, dict):
        raise ProblemError(invalid(faults.found, more=faults.more))
    return tables


def _check_tables(tables: dict[str, Any], *, max_events: int, faults: Faults) -> None:
    check_names(
        tables,
        TABLES,
        pointer="/events",
        where="the tables in docs",
        faults=faults,
        hints=Hints(),
    )
    for name, rows in tables.items():
        if name in TABLES and not isinstance(rows, list):
            faults.add(
                f"/events/{name}",
                expected="an array",
                got_kind=kind_of(rows),
                fix="Send an array of rows.",
            )
    count = count_events({"events": tables})
    if not 1 <= count <= max_events:
        faults.add(
            "/events",
            expected=f"1 to {max_events} events in all tables together",
            got_kind="too many events" if count else "no event",
            fix="Split them over requests." if count else "Send at least one row.",
        )


def _event(
    row: object,
    *,
    pointer: str,
    table: TableContract,
    now: datetime,
    faults: Faults,
    hints: Hints,
) -> Event | None:
    given = row if isinstance(row, dict) else {}
    checked = check_event(
        row,
        pointer=pointer,
        table=table,
        customer_id=given.get("customer_id"),
        faults=faults,
        hints=hints,
        also=("event_id",),
    )
    if not isinstance(row, dict):
        return None
    customer_id = _id(given, "customer_id", pointer=pointer, faults=faults)
    event_id = None
    if given.get("event_id") is not None:
        event_id = _id(given, "event_id", pointer=pointer, faults=faults)
    _check_not_ahead(checked, pointer=pointer, table=table, now=now, faults=faults)
    if faults or customer_id is None:
        return None
    return Event(
        customer_id=customer_id,
        table=table.name,
        row=checked,
        known_at=checked.get("known_at") or now,  # type: ignore[arg-type]  # an instant by contract
        event_id=event_id,
    )


def _id(row: dict[str, Any], name: str, *, pointer: str, faults: Faults) -> str | None:
    if name not in row:
        faults.add(
            f"{pointer}/{name}",
            expected=f"a string of 1 to {MAX_ID_LENGTH} printable characters",
            got_kind="nothing",
            fix="Send the customer's id in your systems.",
        )
        return None
    return check_text(
        row[name], pointer=f"{pointer}/{name}", max_length=MAX_ID_LENGTH, faults=faults
    )


def _check_not_ahead(
    row: dict[str, Any], *, pointer: str, table: TableContract, now: datetime, faults: Faults
) -> None:
    clocks = {"known_at"} if table.name == _DUE_LATER else {"known_at", table.clock}
    for name in sorted(clocks):
        instant = row.get(name)
        if instant is not None and instant > now:
            faults.add(
                f"{pointer}/{name}",
                expected="an instant that is not in the future",
                got_kind="instant in the future",
                fix="Check the clock and the offset, and send the row when it has happened.",
            )
