"""The store in a database: SQLite by default, others by URL.

SQLite runs in WAL mode with ``synchronous=FULL``, so that what is committed survives a crash of the
machine.
"""

from __future__ import annotations

import hashlib
import json
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import Engine, create_engine, event, func, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from ebbtide.answer.written import answer_from_json, answer_to_json
from ebbtide.errors import SettingsError
from ebbtide.store.frame import snapshot_rows
from ebbtide.store.store import Snapshot, StoreUnavailable
from ebbtide.store.tables import FEATURE_SETS, METADATA, PREDICTIONS, SNAPSHOTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    import pandas as pd
    from sqlalchemy import Connection, Table

    from ebbtide.answer.answer import Answer
    from ebbtide.store.store import Prediction

_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_DOUBLES = np.dtype("<f8")
_CHUNK = 500  # ids in one query; SQLite allows 32,766 variables, PostgreSQL 65,535
_BUSY_SECONDS = 5.0


def open_store(url: str) -> SqlStore:
    """Open the store of a URL, and make its tables if they are not there.

    Raises
    ------
    SettingsError
        If the URL is none, or of a database that is not supported.
    StoreUnavailable
        If the database does not answer.
    """
    try:
        parsed = make_url(url)
        supported = parsed.get_backend_name() in _INSERT
        if not supported:
            raise SettingsError(
                f"Expected a database URL of {' or '.join(sorted(_INSERT))}, got one of "
                f"{parsed.get_backend_name()!r}; change [stores] database_url."
            )
        if parsed.get_backend_name() == "sqlite" and parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(parsed)
    except (ArgumentError, NoSuchModuleError, ImportError) as err:
        raise SettingsError(
            "Expected a database URL such as sqlite:////var/lib/ebbtide/store.db; the configured "
            "one cannot be used. Check [stores] database_url and that its driver is installed."
        ) from err
    except OSError as err:
        raise StoreUnavailable("be opened") from err
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _make_durable)
    store = SqlStore(engine)
    store.create_tables()
    return store


class SqlStore:
    """Snapshots and predictions in a database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._insert = _INSERT[engine.dialect.name]
        self._writing = threading.Lock()
        self._feature_sets: dict[str, tuple[str, ...]] = {}

    def create_tables(self) -> None:
        """Make the tables that are not there yet."""
        with self._translated("make its tables"):
            METADATA.create_all(self._engine)

    def publish_snapshots(self, frame: pd.DataFrame) -> int:
        """Keep snapshots; a later one of the same customer and ``as_of`` replaces an earlier."""
        rows = snapshot_rows(frame)
        if not rows.customer_ids:
            return 0
        packed = rows.matrix.astype(_DOUBLES)
        with self._transaction("keep the snapshots") as connection:
            feature_set = self._feature_set(connection, rows.names)
            insert = self._insert(SNAPSHOTS)
            connection.execute(
                insert.on_conflict_do_update(
                    index_elements=["customer_id", "as_of"],
                    set_={
                        "feature_set_id": insert.excluded.feature_set_id,
                        "feature_values": insert.excluded.feature_values,
                    },
                ),
                [
                    {
                        "customer_id": customer_id,
                        "as_of": as_of,
                        "feature_set_id": feature_set,
                        "feature_values": values.tobytes(),
                    }
                    for customer_id, as_of, values in zip(
                        rows.customer_ids, rows.as_of, packed, strict=True
                    )
                ],
            )
        return len(rows.customer_ids)

    def newest_snapshots(
        self, customer_ids: Sequence[str], *, until: datetime
    ) -> Mapping[str, Snapshot]:
        """Return the newest snapshot of each customer at or before an instant."""
        wanted = list(dict.fromkeys(customer_ids))
        found: dict[str, Snapshot] = {}
        with self._translated("look up snapshots"), self._engine.connect() as connection:
            for start in range(0, len(wanted), _CHUNK):
                newest = (
                    select(SNAPSHOTS.c.customer_id, func.max(SNAPSHOTS.c.as_of).label("as_of"))
                    .where(SNAPSHOTS.c.customer_id.in_(wanted[start : start + _CHUNK]))
                    .where(SNAPSHOTS.c.as_of <= until)
                    .group_by(SNAPSHOTS.c.customer_id)
                    .subquery()
                )
                query = select(SNAPSHOTS).join(
                    newest,
                    (SNAPSHOTS.c.customer_id == newest.c.customer_id)
                    & (SNAPSHOTS.c.as_of == newest.c.as_of),
                )
                for row in connection.execute(query):
                    found[row.customer_id] = Snapshot(
                        as_of=row.as_of,
                        names=self._names(connection, row.feature_set_id),
                        values=np.frombuffer(row.feature_values, dtype=_DOUBLES),
                    )
        return found

    def record_predictions(self, predictions: Sequence[Prediction]) -> None:
        """Commit entries to the log, all or none."""
        if not predictions:
            return
        with self._transaction("record the predictions") as connection:
            feature_sets = {
                names: self._feature_set(connection, names)
                for names in {entry.names for entry in predictions}
            }
            connection.execute(
                PREDICTIONS.insert(),
                [_log_row(entry, feature_sets[entry.names]) for entry in predictions],
            )

    def predictions_of(self, customer_id: str) -> Sequence[Answer]:
        """Return the answers given about a customer, the newest first."""
        query = (
            select(PREDICTIONS.c.answer)
            .where(PREDICTIONS.c.customer_id == customer_id)
            .order_by(PREDICTIONS.c.scored_at.desc(), PREDICTIONS.c.prediction_id)
        )
        with self._translated("read the log"), self._engine.connect() as connection:
            return [answer_from_json(json.loads(row)) for row in connection.scalars(query)]

    def check(self) -> None:
        """Return if the database answers."""
        with self._translated("answer"), self._engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    @contextmanager
    def _transaction(self, deed: str) -> Iterator[Connection]:
        with self._writing, self._translated(deed), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _translated(self, deed: str) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as err:
            raise StoreUnavailable(deed) from err

    def _feature_set(self, connection: Connection, names: tuple[str, ...]) -> str:
        """Return the id of a list of names, and keep the list if it is new."""
        written = json.dumps(names)
        digest = hashlib.sha256(written.encode()).hexdigest()[:16]
        connection.execute(
            _insert_if_new(self._insert, FEATURE_SETS), {"id": digest, "names": written}
        )
        return digest

    def _names(self, connection: Connection, feature_set: str) -> tuple[str, ...]:
        if feature_set not in self._feature_sets:
            query = select(FEATURE_SETS.c.names).where(FEATURE_SETS.c.id == feature_set)
            self._feature_sets[feature_set] = tuple(json.loads(connection.scalars(query).one()))
        return self._feature_sets[feature_set]


def _insert_if_new(insert: Any, table: Table) -> Any:
    return insert(table).on_conflict_do_nothing()


def _log_row(entry: Prediction, feature_set: str) -> dict[str, Any]:
    answer = entry.answer
    return {
        "prediction_id": answer.prediction_id,
        "customer_id": answer.customer_id,
        "scored_at": answer.scored_at,
        "as_of": answer.as_of,
        "status": answer.status,
        "churn_probability": answer.churn_probability,
        "risk_band": answer.risk_band,
        "action_code": answer.action_code,
        "model_version": answer.model_version,
        "policy_version": answer.policy_version,
        "feature_set_id": feature_set,
        "feature_values": np.asarray(entry.values, dtype=_DOUBLES).tobytes(),
        "answer": json.dumps(answer_to_json(answer), ensure_ascii=False, allow_nan=False),
    }


def _make_durable(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout = {int(_BUSY_SECONDS * 1000)}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
