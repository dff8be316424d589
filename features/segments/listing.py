"""A row for each customer: groups with their names, scores, and the facts behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from features.segments.rules import GROUPINGS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ebbtide.words import Language


def customer_rows(
    frame: pa.Table,
    placed: pa.Table,
    *,
    churned: NDArray[np.bool_] | None,
    language: Language,
) -> pa.Table:
    """Return the list of customers that is written to a file.

    Parameters
    ----------
    frame : the snapshot.
    placed : its segments, row by row.
    churned : who left, row by row; None while the outcome is open, and then null for all.
    language : of the names.

    Returns
    -------
    pyarrow.Table
        ``customer_id``, ``as_of``, the derived columns, the name of each group under
        ``<column>_text``, the features that were read, and ``churned``.
    """
    columns = {"customer_id": frame["customer_id"], "as_of": frame["as_of"]}
    columns |= {name: placed[name] for name in placed.column_names[1:]}
    for column, groups in GROUPINGS.items():
        name_of = {group.code: group.name[language] for group in groups}
        columns[f"{column}_text"] = pa.array(name_of[code] for code in placed[column].to_pylist())
    columns |= {name: frame[name] for name in frame.column_names[2:]}
    nobody_knows = pa.nulls(frame.num_rows, pa.bool_())
    columns["churned"] = nobody_knows if churned is None else pa.array(churned)
    return pa.table(columns)
