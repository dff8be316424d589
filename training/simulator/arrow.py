"""Columns of the simulated tables, from numbers to Arrow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from training.simulator.grid import Flags, Ints


def ids(number: Ints, *, prefix: str = "C", digits: int = 7) -> Any:
    """Return ids such as ``C0000012``."""
    text = pc.utf8_lpad(pc.cast(pa.array(number.astype(np.int64)), pa.string()), digits, "0")
    return pc.binary_join_element_wise(pa.scalar(prefix), text, pa.scalar(""))


def words(known: tuple[str, ...] | list[str], number: Ints) -> Any:
    """Return words by their place in a list."""
    return pc.take(pa.array(known), pa.array(number))


def instants(microseconds: Ints, *, is_null: Flags | None = None) -> Any:
    """Return microseconds since 1970 as instants in UTC."""
    return pa.array(microseconds.astype("datetime64[us]"), pa.timestamp("us", "UTC"), mask=is_null)


def money(cents: Ints, *, is_null: Flags | None = None) -> Any:
    """Return cents as DECIMAL(18, 4): 16 bytes each, little-endian, in two's complement."""
    scaled = cents.astype(np.int64) * 100
    halves = np.stack([scaled, scaled >> 63], axis=1)
    kind = pa.decimal128(18, 4)
    made = pa.Array.from_buffers(kind, len(cents), [None, pa.py_buffer(halves.tobytes())])
    if is_null is None:
        return made
    return pc.if_else(pa.array(is_null), pa.scalar(None, kind), made)
