"""The records that a store keeps, and what it says when it cannot."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ebbtide.errors import NotReady

if TYPE_CHECKING:
    from datetime import datetime

    from ebbtide.answer.answer import Answer
    from ebbtide.scorer.scores import FloatArray


class StoreUnavailable(NotReady):
    """The store does not answer; what was asked for was not done, but for one kind of error.

    ::

        StoreUnavailable
        ├── StoreBusy               others write: nothing was written
        └── StoreOutcomeUnknown     begun, and its end not seen: nobody knows
    """

    def __init__(self, deed: str) -> None:
        super().__init__(
            f"The store could not {deed}. Nothing was acknowledged; try again, and look at the "
            f"database's state and free space if it goes on."
        )


class StoreBusy(StoreUnavailable):
    """Others write, and it was not our turn in time."""

    def __init__(self, deed: str, *, waited_seconds: float) -> None:
        NotReady.__init__(
            self,
            f"The store could not {deed}: it was busy for {waited_seconds:g} seconds. Nothing was "
            f"acknowledged; try again, and look for what writes to the database if it goes on.",
        )


class StoreOutcomeUnknown(StoreUnavailable):
    """A change was begun, and its end was not seen: it may be committed, or be so yet.

    Who asked for it is told so. It must not be made a second time, nor be kept elsewhere instead.
    """

    def __init__(self, deed: str) -> None:
        NotReady.__init__(
            self,
            f"It is not known whether the store could {deed}: that was begun, and its end was not "
            f"seen. Send the request again with the Idempotency-Key that it had; if it had none, "
            f"look whether it is there, once a later change was acknowledged: before that it may "
            f"come yet. Look at the database's disk and connection if it goes on.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What feature values were computed with. On another basis, equal names mean other values.

    Parameters
    ----------
    catalogue_version : hash of the declarations of the features, and behind a plus sign one of the
        parameters that were fitted for them, where there are any.
    definition : code of the churn definition; it says who is alive and how days are counted.
    lookback_days : how far before ``as_of`` the features look, days.
    """

    catalogue_version: str
    definition: str
    lookback_days: int

    def differs_in_fit_only(self, other: Basis) -> bool:
        """Return whether features are declared alike, but were filled with other parameters.

        Examples
        --------
        >>> mine, theirs = (
        ...     Basis(catalogue_version=v, definition="d", lookback_days=365)
        ...     for v in ("abc+1", "abc+2")
        ... )
        >>> mine.differs_in_fit_only(theirs), mine.differs_in_fit_only(mine)
        (True, False)
        """
        return self != other and replace(
            self, catalogue_version=self.catalogue_version.partition("+")[0]
        ) == replace(other, catalogue_version=other.catalogue_version.partition("+")[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The features of one customer at one instant, as published.

    Parameters
    ----------
    as_of : instant of the snapshot, aware, UTC.
    basis : what they were computed with; None where that was not kept yet.
    names : names of the features.
    values : their values in that order, shape (features,); NaN is missing.
    """

    as_of: datetime
    basis: Basis | None
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
    written : the answer's JSON as UTF-8, where it was made already, so that it is not made again;
        None to make it. Who changes the answer changes or drops it, too.
    """

    answer: Answer
    names: tuple[str, ...]
    values: FloatArray
    written: bytes | None = None
