"""Rows of a query as columns, gathered while the query runs, so that they are never there twice.

What a column stands for is said in ``features.arrays.tables``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from features.arrays.column import Column

if TYPE_CHECKING:
    from features.arrays.column import Array


def gathered(batches: pa.RecordBatchReader, *, most: int) -> dict[str, Column]:
    """Return the columns of record batches; texts as places among their words.

    Parameters
    ----------
    batches : of numbers, truth values and texts.
    most : no more rows than so many.
    """
    parts: dict[str, _Numbers | _Texts] = {
        field.name: _Texts() if pa.types.is_string(field.type) else _Numbers(field.type, most)
        for field in batches.schema
    }
    for batch in batches:
        for name, part in parts.items():
            part.add(batch[name])
    return {name: part.column() for name, part in parts.items()}


class _Numbers:
    """Numbers or truth values, anything where null."""

    def __init__(self, kind: pa.DataType, most: int) -> None:
        self._values = np.empty(most, dtype=kind.to_pandas_dtype())
        self._valid: Array | None = None
        self._null_as = pa.scalar(0).cast(kind)
        self._n_rows = 0

    def add(self, found: pa.Array) -> None:
        rows = slice(self._n_rows, self._n_rows + len(found))
        self._n_rows = rows.stop
        if found.null_count:
            if self._valid is None:
                self._valid = np.ones(len(self._values), dtype=bool)
            self._valid[rows] = found.is_valid().to_numpy(zero_copy_only=False)
            found = found.fill_null(self._null_as)
        self._values[rows] = found.to_numpy(zero_copy_only=False)

    def column(self) -> Column:
        valid = None if self._valid is None else self._valid[: self._n_rows]
        return Column(self._values[: self._n_rows], valid)


class _Texts:
    """Texts, as places among their words in order; DuckDB's enums would take four times as long."""

    def __init__(self) -> None:
        self._found: list[pa.DictionaryArray] = []

    def add(self, found: pa.Array) -> None:
        self._found.append(found.dictionary_encode())

    def column(self) -> Column:
        kind = pa.dictionary(pa.int32(), pa.string())
        encoded = pa.chunked_array(self._found, type=kind).unify_dictionaries()
        words = encoded.chunk(0).dictionary.to_pylist() if encoded.num_chunks else []
        order = sorted(range(len(words)), key=words.__getitem__)
        place = np.zeros(max(len(words), 1), dtype=np.min_scalar_type(len(words)))
        place[order] = np.arange(len(words))
        values = np.empty(len(encoded), dtype=place.dtype)
        end = 0
        for chunk in encoded.chunks:
            start, end = end, end + len(chunk)
            place.take(chunk.indices.fill_null(0).to_numpy(), out=values[start:end])
        valid = encoded.is_valid().to_numpy() if encoded.null_count else None
        return Column(values, valid, words=tuple(words[each] for each in order))
