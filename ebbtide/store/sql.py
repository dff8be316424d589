"""The store as the service and the command line use it: one database and its topics."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import text

from ebbtide.store import assignments, current, predictions, snapshots
from ebbtide.store.database import BUSY_SECONDS, open_database
from ebbtide.store.feature_sets import FeatureSets
from ebbtide.store.migrations.upgrade import upgrade

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    import pandas as pd
    from sqlalchemy import Connection

    from ebbtide.answer.answer import Answer
    from ebbtide.store.database import Database
    from ebbtide.store.store import Basis, Prediction, Snapshot


def open_store(url: str, *, busy_seconds: float = BUSY_SECONDS) -> SqlStore:
    """Open the store of a URL, and bring its tables to this version.

    Parameters
    ----------
    url : of a SQLite file or a PostgreSQL database.
    busy_seconds : how long to wait for others who write, seconds; then ``StoreBusy`` is raised.

    Raises
    ------
    SettingsError
        If the URL is none or of a database that is not supported, or a newer version was there.
    StoreUnavailable
        If the database does not answer.
    """
    database = open_database(url, busy_seconds=busy_seconds)
    try:
        upgrade(database)
    except BaseException:
        database.close()
        raise
    return SqlStore(database)


class SqlStore:
    """Snapshots and predictions in a database. Safe to use from many threads.

    Parameters
    ----------
    database : where they are.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self._feature_sets = FeatureSets(database)

    def publish_snapshots(self, frame: pd.DataFrame, *, basis: Basis) -> int:
        """Keep snapshots, one for each customer and ``as_of``; a later one replaces an earlier.

        They are kept part by part, so that others who write need not wait for all of them. Where
        it ends early, publish again.

        Parameters
        ----------
        frame : columns ``customer_id``, ``as_of`` (aware) and one for each feature.
        basis : what the features were computed with.

        Returns
        -------
        int
            How many rows were kept.
        """
        return snapshots.publish_snapshots(frame, basis=basis, feature_sets=self._feature_sets)

    def newest_snapshots(
        self, customer_ids: Sequence[str], *, until: datetime
    ) -> Mapping[str, Snapshot]:
        """Return each customer's newest snapshot at or before an instant, where there is one."""
        return snapshots.newest_snapshots(
            customer_ids, until=until, feature_sets=self._feature_sets
        )

    def record_predictions(self, entries: Sequence[Prediction]) -> None:
        """Commit entries to the log, all or none; when this returns they are on disk."""
        if entries:
            self.database.write(
                partial(self.add_predictions, entries=entries), deed="record the predictions"
            )

    def add_predictions(self, connection: Connection, entries: Sequence[Prediction]) -> None:
        """Add entries to the log as a part of a unit of ``Database.write``.

        Their answers become current, where none of a later ``as_of`` is.
        """
        predictions.record_predictions(connection, entries, feature_sets=self._feature_sets)
        answers = [entry.answer for entry in entries]
        assignments.record_assignments(connection, answers, insert=self.database.insert)
        current.make_current(connection, answers, database=self.database)

    def predictions_of(self, customer_id: str) -> Sequence[Answer]:
        """Return the answers given about a customer, the newest first: for audits and tests."""
        with self.database.read("read the log") as connection:
            return predictions.predictions_of(connection, customer_id)

    def check(self) -> None:
        """Return if the database answers; raise ``StoreUnavailable`` if not."""
        with self.database.read("answer") as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Close the connections."""
        self.database.close()
