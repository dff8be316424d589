"""Make typed data of what the service sends.

A field that this version does not know is passed over, so that a newer service can be read.
"""

from __future__ import annotations

import types
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from functools import cache
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from ebbtide.client.errors import UnreadableAnswer

T = TypeVar("T")


def read_as(kind: type[T], content: object) -> T:
    """Make a dataclass of a JSON object.

    Parameters
    ----------
    kind : a dataclass of plain fields, instants, other dataclasses, and tuples of these.
    content : as it came.

    Raises
    ------
    UnreadableAnswer
        If a field is missing or of another type. What came is not repeated.

    Examples
    --------
    >>> from ebbtide.client.errors import Fault
    >>> read_as(Fault, {"pointer": "/a", "expected": "b", "got_kind": "c", "fix": "d", "new": 1})
    Fault(pointer='/a', expected='b', got_kind='c', fix='d')
    """
    if not isinstance(content, dict):
        raise _unreadable(kind.__name__, "an object")
    made = {}
    hints = _hints(cast("Any", kind))
    for field in fields(cast("Any", kind)):
        if field.name in content:
            made[field.name] = _read(hints[field.name], content[field.name], field.name)
        elif field.default is MISSING and field.default_factory is MISSING:
            raise _unreadable(field.name, "to be there")
    return kind(**made)


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _read(wanted: Any, value: Any, name: str) -> Any:
    origin = get_origin(wanted)
    if origin in (Union, types.UnionType):
        return _read_one_of(get_args(wanted), value, name)
    if origin is Literal:
        return _checked(str, value, name)  # another word may come of a newer service
    if origin is tuple:
        return tuple(_read(get_args(wanted)[0], each, name) for each in _checked(list, value, name))
    if origin is dict:
        return _checked(dict, value, name)
    if is_dataclass(wanted):
        return read_as(cast("type", wanted), value)
    if wanted is datetime:
        return _instant(value, name)
    if wanted is float:
        return float(_checked((int, float), value, name))
    return value if wanted is Any else _checked(wanted, value, name)


def _read_one_of(wanted: tuple[Any, ...], value: Any, name: str) -> Any:
    if value is None and type(None) in wanted:
        return None
    others = [each for each in wanted if each is not type(None)]
    for each in others[:-1]:
        try:
            return _read(each, value, name)
        except UnreadableAnswer:
            continue
    return _read(others[-1], value, name)


def _checked(wanted: Any, value: Any, name: str) -> Any:
    is_flag = isinstance(value, bool) and wanted is not bool
    if is_flag or not isinstance(value, wanted):
        raise _unreadable(name, "another type")
    return value


def _instant(value: Any, name: str) -> datetime:
    try:
        instant = datetime.fromisoformat(_checked(str, value, name))
    except ValueError as err:
        raise _unreadable(name, "an instant") from err
    if instant.tzinfo is None:
        raise _unreadable(name, "an instant with its offset")
    return instant


def _unreadable(name: str, expected: str) -> UnreadableAnswer:
    return UnreadableAnswer(
        f"Expected {name!r} of the answer to be as this client knows it ({expected}), but it is "
        f"not. Check that the address is that of Ebbtide, and that the client is not older."
    )
