"""What is known of one customer: the rows of the last publish, and the events laid over them.

A publish is the truth about everything known before it; events bridge the time since. A row that
is known already is not counted twice, and what completes a row is written into it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ebbtide.contracts.tables import table_contract

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ebbtide.contracts.tables import TableContract
    from ebbtide.store.events import Event
    from ebbtide.store.histories import History, Rows

TOLD_APART_BY: dict[str, tuple[str, ...]] = {
    "complaints": (),
    "subscriptions": ("plan",),
    "payments": ("amount",),
    "treatments": ("action",),
    "customers": (),
}
"""Tables with rows that are completed later, and what tells two rows apart besides the customer and
the table's clock, where it was sent. Of customers there is one row each, whatever its clock."""

_MONEY_DIGITS = 4


@dataclass(slots=True, eq=False)
class _Held:
    """A row so far, where it came from, and whether an event was found to be the same."""

    row: dict[str, object]
    event_id: str | None = None
    is_published: bool = False
    is_met: bool = False


def known_rows(history: History | None, events: Sequence[Event]) -> Rows:
    """Return all rows of a customer, as ``features_of_events`` takes them.

    Parameters
    ----------
    history : of the last publish; None for a customer of whom it knew nothing.
    events : of the customer, in the order in which they became known. Those that were known before
        the history are in it, or were withdrawn.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from ebbtide.store.events import Event
    >>> opened, closed = (datetime(2026, 3, day, tzinfo=UTC) for day in (1, 2))
    >>> complaint = {"opened_at": opened, "severity": 4.0}
    >>> case = dict(customer_id="c1", table="complaints")
    >>> rows = known_rows(
    ...     None,
    ...     [
    ...         Event(row=complaint, known_at=opened, **case),
    ...         Event(row={"opened_at": opened, "resolved_at": closed}, known_at=closed, **case),
    ...     ],
    ... )
    >>> [(row["severity"], row["resolved_at"] == closed) for row in rows["complaints"]]
    [(4.0, True)]
    """
    tables = {} if history is None else {name: _published(name, history) for name in history.rows}
    for event in events:
        if history is None or event.known_at >= history.as_of:
            tables.setdefault(event.table, _Table(table_contract(event.table))).lay_over(event)
    return {name: [each.row for each in table.held] for name, table in tables.items()}


def _published(name: str, history: History) -> _Table:
    table = _Table(table_contract(name), columns=history.layout.columns.get(name, ()))
    for row in history.rows[name]:
        table.add(_Held(row=dict(row), is_published=True))
    return table


class _Table:
    """The rows of one table so far, found by their id and by their clock."""

    def __init__(self, contract: TableContract, *, columns: Sequence[str] = ()) -> None:
        self.held: list[_Held] = []
        self._contract = contract
        self._nothing: dict[str, object] = dict.fromkeys(columns)  # what a row does not say is null
        self._clock = contract.clock if contract.clock in contract.required else None
        self._by_id: dict[str, _Held] = {}
        self._by_clock: dict[object, list[_Held]] = {}

    def add(self, new: _Held) -> None:
        self.held.append(new)
        self._by_clock.setdefault(self._when(new.row), []).append(new)
        if new.event_id is not None:
            self._by_id[new.event_id] = new

    def lay_over(self, event: Event) -> None:
        """Write an event into the row that it is a version of, or add it."""
        same = self._by_id.get(event.event_id or "") or self._same(event)
        if same is None:
            row = self._nothing | dict(event.row)
            self.add(_Held(row=row, event_id=event.event_id))
            return
        same.is_met = True
        if event.event_id is not None and same.event_id is None:
            same.event_id = event.event_id
            self._by_id[event.event_id] = same
        known_at = same.row.get("known_at")
        same.row.update(event.row)
        if "known_at" in same.row:
            same.row["known_at"] = known_at  # since when there is such a row at all

    def _same(self, event: Event) -> _Held | None:
        """Return the row that an event completes, or that was published and says the same."""
        near = self._by_clock.get(self._when(event.row), [])
        named = TOLD_APART_BY.get(self._contract.name)
        if named is None:
            given = {name: value for name, value in event.row.items() if name != "known_at"}
            candidates = (each for each in near if each.is_published and not each.is_met)
        else:
            given = {name: event.row[name] for name in named if event.row.get(name) is not None}
            candidates = (each for each in near if each.event_id is None or event.event_id is None)
        return next((each for each in candidates if self._agrees(each.row, given)), None)

    def _agrees(self, row: dict[str, object], given: dict[str, object]) -> bool:
        return all(
            name not in row or _is_equal(value, row[name], self._contract.column(name).kind)
            for name, value in given.items()
        )

    def _when(self, row: Mapping[str, object]) -> object:
        return None if self._clock is None else row.get(self._clock)


def _is_equal(one: Any, other: Any, kind: str) -> bool:
    if kind == "money" and one is not None and other is not None:
        return bool(round(one, _MONEY_DIGITS) == round(other, _MONEY_DIGITS))
    return bool(one == other)
