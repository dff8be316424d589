"""The ``events`` of a row: raw rows of the tables, checked against their contracts."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from ebbtide.contracts.tables import SIZE_LIMIT, TABLES
from service.scoring.checks import (
    Faults,
    Hints,
    check_flag,
    check_instant,
    check_names,
    check_number,
    check_text,
    kind_of,
)

if TYPE_CHECKING:
    from ebbtide.contracts.tables import Column, TableContract

Events = dict[str, list[dict[str, object]]]

_MAX_MONEY = 1e12
_MAX_NUMBER = math.nextafter(SIZE_LIMIT, 0.0)
"""The largest that tables may hold as well."""
_MAX_TEXT = 256


def count_events(row: object) -> int:
    """Count the events of a row before anything is made of them; a row that is none has none.

    Examples
    --------
    >>> count_events({"events": {"transactions": [{}, {}], "activity": [{}]}}), count_events([])
    (3, 0)
    """
    tables = row.get("events") if isinstance(row, dict) else None
    if not isinstance(tables, dict):
        return 0
    return sum(len(rows) for rows in tables.values() if isinstance(rows, list))


def check_events(
    given: object,
    *,
    pointer: str,
    customer_id: str | None,
    max_events: int,
    faults: Faults,
    hints: Hints,
) -> Events | None:
    """Return the events by table with aware instants and no customer id, or None if faulty."""
    if not isinstance(given, dict):
        fix = 'Send an object of tables, such as {"transactions": [...]}.'
        faults.add(pointer, expected="an object", got_kind=kind_of(given), fix=fix)
        return None
    check_names(
        given, TABLES, pointer=pointer, where="the tables in docs", faults=faults, hints=hints
    )
    if count_events({"events": given}) > max_events:
        faults.add(
            pointer,
            expected=f"at most {max_events} events in a row",
            got_kind="too many events",
            fix="Leave out tables that no feature reads and events older than the lookback.",
        )
        return None
    events: Events = {}
    for name in given:
        if name not in TABLES:
            continue
        rows = given[name]
        where = f"{pointer}/{name}"
        if not isinstance(rows, list):
            fix = "Send an array of rows; an empty one where there are none."
            faults.add(where, expected="an array", got_kind=kind_of(rows), fix=fix)
            continue
        events[name] = [
            check_event(
                row,
                pointer=f"{where}/{place}",
                table=TABLES[name],
                customer_id=customer_id,
                faults=faults,
                hints=hints,
            )
            for place, row in enumerate(rows)
        ]
    return None if faults else events


def check_event(
    row: object,
    *,
    pointer: str,
    table: TableContract,
    customer_id: str | None,
    faults: Faults,
    hints: Hints,
    also: tuple[str, ...] = (),
) -> dict[str, object]:
    """Return one row with aware instants and no customer id; what is wrong goes to the faults.

    ``also`` are names that it may have besides its columns; they are the caller's to check.
    """
    if not isinstance(row, dict):
        fix = "Send an object with the columns of the table."
        faults.add(pointer, expected="an object", got_kind=kind_of(row), fix=fix)
        return {}
    check_names(
        row,
        (*table.names, *also),
        pointer=pointer,
        where="the table's columns in docs",
        faults=faults,
        hints=hints,
    )
    event: dict[str, object] = {}
    for column in (_limited(column, row) for column in table.columns):
        value = row.get(column.name)
        where = f"{pointer}/{column.name}"
        if column.name == "customer_id":
            _check_same_customer(value, customer_id, pointer=where, faults=faults)
        elif value is not None:
            event[column.name] = _cell(value, column=column, pointer=where, faults=faults)
        elif column.is_required:
            got = "null" if column.name in row else "nothing"
            fix = f"Send it. Its meaning: {column.meaning}."
            faults.add(where, expected="a value; it is required", got_kind=got, fix=fix)
        elif column.name in row:
            event[column.name] = None
    return event


def _limited(column: Column, row: dict[str, object]) -> Column:
    """Return a column with the limits that go with another column of its row."""
    if column.limits_by is None:
        return column
    by, limits = column.limits_by
    for word, low, high in limits:
        if row.get(by) == word:
            return replace(column, low=low, high=high)
    return column


def _check_same_customer(
    value: object, customer_id: str | None, *, pointer: str, faults: Faults
) -> None:
    if value is not None and value != customer_id:
        faults.add(
            pointer,
            expected="the customer_id of the row, or nothing",
            got_kind="another customer" if isinstance(value, str) else kind_of(value),
            fix="Send only the events of the customer who is asked about.",
        )


def _cell(value: Any, *, column: Column, pointer: str, faults: Faults) -> object:
    if column.kind == "instant":
        return check_instant(value, pointer=pointer, faults=faults)
    if column.kind == "flag":
        return check_flag(value, pointer=pointer, faults=faults)
    if column.kind in ("money", "number"):
        bound = _MAX_MONEY if column.kind == "money" else _MAX_NUMBER
        return check_number(
            value,
            pointer=pointer,
            unit="currency" if column.kind == "money" else "number",
            low=column.low if column.low is not None else -bound,
            high=column.high if column.high is not None else bound,
            faults=faults,
        )
    text = check_text(value, pointer=pointer, max_length=_MAX_TEXT, faults=faults)
    if text is not None and column.choices and text not in column.choices:
        faults.add(
            pointer,
            expected=f"one of {', '.join(column.choices)}",
            got_kind="other string",
            fix="Map your values to these.",
        )
    return cast("object", text)
