"""What moved between two frames of the same customers, to the last bit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """One column that differs.

    Parameters
    ----------
    column : which.
    customers : how many customers have another value.
    largest_change : the largest difference; None where a value came, went or is no number.
    """

    column: str
    customers: int
    largest_change: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """Everything that differs between two frames."""

    columns: tuple[Moved, ...] = field(default=())
    appeared: int = 0
    """Customers who are only in the second frame."""
    gone: int = 0
    """Customers who are only in the first."""

    def __bool__(self) -> bool:
        return bool(self.columns or self.appeared or self.gone)


def movement(before: pa.Table, after: pa.Table) -> Movement:
    """Compare two frames to the bit; missing equals missing, and NaN equals NaN.

    Parameters
    ----------
    before, after : ``customer_id`` (each customer once) and the same other columns.

    Examples
    --------
    >>> one = pa.table({"customer_id": ["a", "b"], "visits": [1.0, 2.0]})
    >>> other = pa.table({"customer_id": ["b", "a"], "visits": [5.0, 1.0]})
    >>> movement(one, other).columns
    (Moved(column='visits', customers=1, largest_change=3.0),)
    """
    ids, other_ids = (_ids(frame) for frame in (before, after))
    _, at, other_at = np.intersect1d(ids, other_ids, return_indices=True)
    moved = [
        _moved(name, before[name].take(pa.array(at)), after[name].take(pa.array(other_at)))
        for name in before.column_names
        if name not in ("customer_id", "as_of")
    ]
    return Movement(
        columns=tuple(one for one in moved if one.customers),
        appeared=len(other_ids) - len(at),
        gone=len(ids) - len(at),
    )


def _ids(frame: pa.Table) -> NDArray[np.str_]:
    return np.asarray(frame["customer_id"].to_pylist(), dtype=np.str_)


def _moved(name: str, before: pa.ChunkedArray, after: pa.ChunkedArray) -> Moved:
    if not pa.types.is_floating(before.type) or not pa.types.is_floating(after.type):
        differs = [one != other for one, other in zip(_plain(before), _plain(after), strict=True)]
        return Moved(
            column=name,
            customers=sum(differs),
            largest_change=_largest_change(before, after),
        )
    missing, other_missing = (
        column.is_null(nan_is_null=False).to_numpy() for column in (before, after)
    )
    one, other = (
        np.asarray(column.fill_null(0.0).to_numpy(), dtype=np.float64) for column in (before, after)
    )
    same = (one.view(np.int64) == other.view(np.int64)) | (np.isnan(one) & np.isnan(other))
    differs = (missing != other_missing) | ~(same | (missing & other_missing))
    changes = np.abs(one - other)[differs & ~missing & ~other_missing]
    changes = changes[np.isfinite(changes)]
    return Moved(
        column=name,
        customers=int(differs.sum()),
        largest_change=float(changes.max()) if len(changes) else None,
    )


def _largest_change(before: pa.ChunkedArray, after: pa.ChunkedArray) -> float | None:
    """Return the largest change of whole numbers or money; None of anything else."""
    kinds = (before.type, after.type)
    if not all(pa.types.is_integer(kind) or pa.types.is_decimal(kind) for kind in kinds):
        return None
    one, other = (
        np.asarray(column.cast(pa.float64()).fill_null(np.nan).to_numpy(), dtype=np.float64)
        for column in (before, after)
    )
    changes = np.abs(one - other)
    return None if np.isnan(changes).all() else float(np.nanmax(changes))


def _plain(column: pa.ChunkedArray) -> list[object]:
    """Return values with every NaN as one word, so that it equals itself."""
    return ["NaN" if value != value else value for value in column.to_pylist()]
