"""The store as the service and the command line use it: one database and its topics."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import text

from ebbtide.pseudonym import installation_key
from ebbtide.store import assignments, current, predictions, snapshots
from ebbtide.store.database import BUSY_SECONDS, open_database
from ebbtide.store.driver import Driver
from ebbtide.store.erasure import Erasures
from ebbtide.store.feature_sets import FeatureSets
from ebbtide.store.migrations.upgrade import upgrade
from ebbtide.store.standing import Standing, standing_of
from ebbtide.store.tombstones import TombstoneFile

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    import pandas as pd
    from sqlalchemy import Connection

    from ebbtide.answer.answer import Answer
    from ebbtide.store.database import Database
    from ebbtide.store.predictions import Logged
    from ebbtide.store.store import Basis, Prediction, Snapshot


def open_store(
    url: str, *, folder: Path | None = None, busy_seconds: float = BUSY_SECONDS
) -> SqlStore:
    """Open the store of a URL, and bring its tables to this version.

    Parameters
    ----------
    url : of a SQLite file or a PostgreSQL database.
    folder : where the key of pseudonyms and the tombstones of erased customers are; None for none,
        which only fits where no customer is kept.
    busy_seconds : how long to wait for others who write, seconds; then ``StoreBusy`` is raised.

    Raises
    ------
    SettingsError
        If the URL is none or of a database that is not supported, its file cannot be made, or a
        newer version was there.
    StoreUnavailable
        If the database does not answer.
    """
    database = open_database(url, busy_seconds=busy_seconds)
    try:
        upgrade(database)
        erasures = None if folder is None else erasures_of(database, folder / "service")
    except BaseException:
        database.close()
        raise
    return SqlStore(database, erasures=erasures)


def erasures_of(database: Database, folder: Path) -> Erasures:
    """Return who was erased, after erasing whoever an older database brought back.

    Parameters
    ----------
    database : with the tables of this version.
    folder : of the service, where the key of pseudonyms and the tombstones are.
    """
    erasures = Erasures(
        database=database,
        file=TombstoneFile(folder / "erasures.jsonl"),
        key=installation_key(folder / "pseudonym.key"),
    )
    erasures.know_key()
    erasures.reapply()
    return erasures


class SqlStore:
    """Snapshots and predictions in a database. Safe to use from many threads.

    Parameters
    ----------
    database : where they are.
    erasures : who was erased; None only where no customer is kept.
    """

    def __init__(self, database: Database, *, erasures: Erasures | None = None) -> None:
        self.database = database
        self.erasures = erasures
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
        return snapshots.publish_snapshots(
            frame, basis=basis, feature_sets=self._feature_sets, erasures=self.erasures
        )

    def newest_snapshots(
        self, customer_ids: Sequence[str], *, until: datetime
    ) -> Mapping[str, Snapshot]:
        """Return each customer's newest snapshot at or before an instant, where there is one."""
        return snapshots.newest_snapshots(
            customer_ids, until=until, feature_sets=self._feature_sets
        )

    def record_predictions(self, entries: Sequence[Prediction]) -> None:
        """Commit entries that were just made, all or none; when this returns they are on disk."""
        if entries:
            at = max(entry.answer.scored_at for entry in entries)
            self.database.write(
                partial(self.add_predictions, entries=entries, at=at), deed="record the predictions"
            )

    def standing(self, connection: Connection, customer_ids: Collection[str]) -> Standing:
        """Return what customers have decided and who was erased, as of a unit.

        Parameters
        ----------
        connection : of the unit that goes by it.
        customer_ids : who is asked about.
        """
        return standing_of(Driver(connection), customer_ids, erasures=self.erasures)

    def add_predictions(
        self,
        connection: Connection,
        entries: Sequence[Prediction],
        *,
        at: datetime,
        standing: Standing | None = None,
    ) -> None:
        """Add entries to the log as a part of a unit of ``Database.write``.

        Their answers become current, where none of a later ``as_of`` is. Of who was erased since
        the answer was begun nothing is entered; of who opted out of profiling since, that nothing
        was scored.

        Parameters
        ----------
        connection : of the unit.
        entries : any number.
        at : the present, from which on the answers are current.
        standing : of their customers, if the unit has asked for it already; None to ask.
        """
        if not entries:
            return
        driver = Driver(connection)
        if standing is None:
            ids = [entry.answer.customer_id for entry in entries]
            standing = standing_of(driver, ids, erasures=self.erasures)
        if standing.erased_at:
            entries = [
                entry
                for entry in entries
                if not standing.bars(entry.answer.customer_id, entry.answer.scored_at)
            ]
        scored = entries
        if standing.preferences:
            scored = [e for e in entries if not standing.opted_out(e.answer.customer_id)]
            entries = [
                predictions.not_scored(e) if standing.opted_out(e.answer.customer_id) else e
                for e in entries
            ]
        predictions.record_predictions(driver, entries, feature_sets=self._feature_sets)
        answers = [entry.answer for entry in scored]
        assignments.record_assignments(driver, answers)
        current.make_current(connection, driver, answers, at=at)

    def predictions_of(self, customer_id: str) -> Sequence[Answer]:
        """Return the answers given about a customer, the newest first: for audits and tests."""
        with self.database.read("read the log") as connection:
            return predictions.predictions_of(connection, customer_id)

    def history(
        self, customer_id: str, *, limit: int, before: tuple[datetime, str] | None = None
    ) -> Sequence[Logged]:
        """Return answers of the log, the newest first; see ``logged_answers``."""
        with self.database.read("read the log") as connection:
            return predictions.logged_answers(
                connection,
                customer_id,
                limit=limit,
                before=before,
                feature_sets=self._feature_sets,
            )

    def answer_at(self, customer_id: str, instant: datetime) -> Logged | None:
        """Return the answer that was current at an instant; None if none was given till then."""
        with self.database.read("read the log") as connection:
            return predictions.logged_answer_at(
                connection, customer_id, instant, feature_sets=self._feature_sets
            )

    def check(self) -> None:
        """Return if the database answers; raise ``StoreUnavailable`` if not."""
        with self.database.read("answer") as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Close the connections."""
        self.database.close()
