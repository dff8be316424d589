"""Check and take apart a frame of snapshots, the same way for every store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ebbtide.errors import ContractError

if TYPE_CHECKING:
    from datetime import datetime

    import pandas as pd

    from ebbtide.scorer.scores import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotRows:
    """A frame of snapshots as plain columns."""

    customer_ids: list[str]
    as_of: list[datetime]
    names: tuple[str, ...]
    matrix: FloatArray


def snapshot_rows(frame: pd.DataFrame) -> SnapshotRows:
    """Return the columns of a frame of snapshots.

    Parameters
    ----------
    frame : columns ``customer_id``, ``as_of`` (aware) and one for each feature.

    Raises
    ------
    ContractError
        If a column is missing, ``as_of`` is naive, or a customer comes twice at one ``as_of``.
    """
    import pandas as pd  # 67 MiB that a service which is not given frames does not need

    missing = {"customer_id", "as_of"} - set(frame.columns)
    if missing:
        raise ContractError(
            f"Expected the columns customer_id, as_of and one for each feature; "
            f"{sorted(missing)} is missing."
        )
    if not isinstance(frame["as_of"].dtype, pd.DatetimeTZDtype):
        raise ContractError("Expected as_of with a time zone, got times without; localise them.")
    twice = int(frame.duplicated(["customer_id", "as_of"]).sum())
    if twice:
        raise ContractError(
            f"Expected each customer once at an as_of, but {twice} row(s) repeat one; drop them."
        )
    names = tuple(str(name) for name in frame.columns if name not in ("customer_id", "as_of"))
    instants = frame["as_of"].dt.tz_convert("UTC")
    return SnapshotRows(
        customer_ids=frame["customer_id"].astype(str).tolist(),
        as_of=[instant.to_pydatetime() for instant in instants],
        names=names,
        matrix=np.ascontiguousarray(frame[list(names)].to_numpy(dtype=np.float64, na_value=np.nan)),
    )
