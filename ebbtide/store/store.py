"""What a store promises, and the records it keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ebbtide.errors import NotReady

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    import pandas as pd

    from ebbtide.answer.answer import Answer
    from ebbtide.scorer.scores import FloatArray


class StoreUnavailable(NotReady):
    """The store does not answer; what was asked for was not done."""

    def __init__(self, deed: str) -> None:
        super().__init__(
            f"The store could not {deed}. Nothing was acknowledged; try again, and look at the "
            f"database's state and free space if it goes on."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The features of one customer at one instant, as published.

    Parameters
    ----------
    as_of : instant of the snapshot, aware, UTC.
    names : names of the features.
    values : their values in that order, shape (features,); NaN is missing.
    """

    as_of: datetime
    names: tuple[str, ...]
    values: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """One entry of the log: an answer with the features that it was made from.

    Parameters
    ----------
    answer : as it was given.
    names : names of the features, in the order of the values.
    values : what was scored, shape (features,); NaN is missing.
    """

    answer: Answer
    names: tuple[str, ...]
    values: FloatArray


class Store(Protocol):
    """Where snapshots and predictions are kept. Safe to use from many threads."""

    def publish_snapshots(self, frame: pd.DataFrame) -> int:
        """Keep snapshots, one for each customer and ``as_of``; a later one replaces an earlier.

        Parameters
        ----------
        frame : columns ``customer_id``, ``as_of`` (aware) and one for each feature.

        Returns
        -------
        int
            How many rows were kept, all in one transaction.
        """

    def newest_snapshots(
        self, customer_ids: Sequence[str], *, until: datetime
    ) -> Mapping[str, Snapshot]:
        """Return each customer's newest snapshot at or before an instant, where there is one."""

    def record_predictions(self, predictions: Sequence[Prediction]) -> None:
        """Commit entries to the log, all or none; when this returns they are on disk."""

    def predictions_of(self, customer_id: str) -> Sequence[Answer]:
        """Return the answers given about a customer, the newest first."""

    def check(self) -> None:
        """Return if the store answers; raise ``StoreUnavailable`` if not."""

    def close(self) -> None:
        """Release what is held open."""
