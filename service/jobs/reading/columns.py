"""From the cells of a flat table to rows as ``POST /v1/score`` takes them.

Features are columns of their own there. What a row holds is checked later, as every other row.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from ebbtide.errors import did_you_mean
from service.jobs.reading.chunk import FileUnreadable
from service.scoring.row import ROW_NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.contracts.feature import FeatureContract
    from service.problems import Problem

CellKind = Literal["text", "number", "flag"]

_KINDS: dict[str, CellKind] = {
    "customer_id": "text",
    "as_of": "text",
    "value": "number",
    "contact_opt_out": "flag",
    "interval": "flag",
    "reasons": "flag",
}
"""The columns that are no features; the others of a row are no cells."""

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_FLAGS = {"true": True, "1": True, "false": False, "0": False}
_HINT_LENGTH = 64
_MAX_LISTED = 10
_DECIMAL_MARK = "Write the number with a point as decimal mark and without thousands separators."

assert set(_KINDS) == set(ROW_NAMES) - {"features", "events"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The columns of a flat table, in its order.

    Parameters
    ----------
    names : of the columns.
    kinds : how the text of a cell is read.
    """

    names: tuple[str, ...]
    kinds: tuple[CellKind, ...]

    def row_of_texts(self, cells: Sequence[str]) -> dict[str, Any]:
        """Return the row of a record of a CSV file; an empty cell is null.

        A text that does not read as its column should stays a text, so that its check says so.
        """
        return self._row([_from_text(*each) for each in zip(cells, self.kinds, strict=True)])

    def row_of_values(self, cells: Sequence[Any]) -> dict[str, Any]:
        """Return the row of a record of values that have a type."""
        row = self._row(cells)
        customer_id = row.get("customer_id")
        if isinstance(customer_id, int) and not isinstance(customer_id, bool):
            row["customer_id"] = str(customer_id)
        return row

    def _row(self, values: Sequence[Any]) -> dict[str, Any]:
        row: dict[str, Any] = {}
        features: dict[str, Any] = {}
        for name, value in zip(self.names, values, strict=True):
            if name in _KINDS:
                row[name] = value
            else:
                features[name] = value
        return {**row, "features": features} if features else row


def columns_of(header: Sequence[str], *, features: Sequence[FeatureContract]) -> Columns:
    """Return the columns that a header names.

    Parameters
    ----------
    header : the names.
    features : of the model that is served.

    Raises
    ------
    FileUnreadable
        If names are unknown or come twice, or there is no ``customer_id``. Unknown names are said
        by their position.

    Examples
    --------
    >>> columns_of(["customer_id", "value"], features=()).row_of_texts(["c-1", "12.5"])
    {'customer_id': 'c-1', 'value': 12.5}
    """
    known = {
        **{feature.name: _kind_of(feature) for feature in features},
        **_KINDS,  # a column of a snapshot table may have such a name; here it means ours
    }
    if "customer_id" not in header:
        raise FileUnreadable(_no_customer(header))
    faults = _faults(header, known)
    if faults:
        listed = "; ".join(faults[:_MAX_LISTED])
        raise FileUnreadable(
            f"Expected the columns {', '.join(_KINDS)} and the features that GET /v1/schema lists, "
            f"each once, but {listed}. Rename or drop {len(faults)} column(s)."
        )
    return Columns(names=tuple(header), kinds=tuple(known[name] for name in header))


def _faults(header: Sequence[str], known: dict[str, CellKind]) -> list[str]:
    seen, faults = set[str](), list[str]()
    for position, name in enumerate(header, start=1):
        if name in seen:
            faults.append(f"column {position} repeats an earlier name")
        elif name not in known:
            hint = f" ({_hint(name, known)})" if len(faults) < _MAX_LISTED else ""
            faults.append(f"column {position} is not known{hint}")
        seen.add(name)
    return faults


def flat_problem(problem: Problem) -> Problem:
    """Return the problem of a row as it reads where features are columns of their own."""
    return replace(
        problem,
        errors=tuple(
            replace(
                fault,
                pointer=fault.pointer.removeprefix("/features"),
                fix=_DECIMAL_MARK
                if fault.got_kind == "string" and fault.expected.startswith("a number")
                else fault.fix,
            )
            for fault in problem.errors
        ),
    )


def _kind_of(feature: FeatureContract) -> CellKind:
    return "text" if feature.is_categorical else "number"


def _hint(name: str, known: dict[str, CellKind]) -> str:
    hint = did_you_mean(name[:_HINT_LENGTH], known)
    return hint if hint.startswith("did") else "see GET /v1/schema"


def _no_customer(header: Sequence[str]) -> str:
    if len(header) == 1 and any(mark in header[0] for mark in ";\t|"):
        return (
            "Expected columns separated by commas, but the first line holds no comma and another "
            "separator. Save the file as CSV with commas."
        )
    return (
        "Expected a first line that names the columns, customer_id among them, but it is missing. "
        "Name the columns as POST /v1/score does."
    )


def _from_text(text: str, kind: CellKind) -> str | float | bool | None:
    if not text:
        return None
    if kind == "number":
        return float(text) if _NUMBER.fullmatch(text) else text
    if kind == "flag":
        return _FLAGS.get(text.casefold(), text)
    return text
