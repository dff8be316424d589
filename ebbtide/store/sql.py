"""The store in a database: SQLite by default, others by URL.

SQLite runs in WAL mode with ``synchronous=FULL``, so that what is committed survives a crash of the
machine.
"""

from __future__ import annotations

import hashlib
import json
import threading
from contextlib import contextmanager
from dataclasses import asdict, fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import Engine, create_engine, event, func, inspect, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError, SQLAlchemyError

from ebbtide.answer.written import answer_from_json, answer_to_json
from ebbtide.errors import SettingsError
from ebbtide.store.frame import snapshot_rows
from ebbtide.store.store import Basis, Snapshot, StoreBusy, StoreUnavailable
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
_PUBLISHED_AT_ONCE = 2_000  # snapshots in one transaction: others who write wait for no more
_BUSY_SECONDS = 5.0
_LOCKED = "database is locked"


def open_store(url: str, *, busy_seconds: float = _BUSY_SECONDS) -> SqlStore:
    """Open the store of a URL, and make its tables if they are not there.

    Parameters
    ----------
    url : of a SQLite file or a PostgreSQL database.
    busy_seconds : how long to wait for others who write, seconds; then ``StoreBusy`` is raised.

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
        event.listen(engine, "connect", partial(_make_durable, busy_seconds=busy_seconds))
    store = SqlStore(engine, busy_seconds=busy_seconds)
    store.create_tables()
    return store


class SqlStore:
    """Snapshots and predictions in a database."""

    def __init__(self, engine: Engine, *, busy_seconds: float) -> None:
        self._engine = engine
        self._busy_seconds = busy_seconds
        self._insert = _INSERT[engine.dialect.name]
        self._writing = threading.Lock()
        self._feature_sets: dict[str, tuple[tuple[str, ...], Basis | None]] = {}

    def create_tables(self) -> None:
        """Make the tables and columns that are not there yet."""
        with self._translated("make its tables"):
            METADATA.create_all(self._engine)
            present = {each["name"] for each in inspect(self._engine).get_columns("feature_sets")}
            with self._engine.begin() as connection:
                for column in FEATURE_SETS.columns:
                    if column.name not in present:
                        kind = column.type.compile(self._engine.dialect)
                        connection.execute(
                            text(f"ALTER TABLE feature_sets ADD COLUMN {column.name} {kind}")
                        )

    def publish_snapshots(self, frame: pd.DataFrame, *, basis: Basis) -> int:
        """Keep snapshots; a later one of the same customer and ``as_of`` replaces an earlier."""
        rows = snapshot_rows(frame)
        packed = rows.matrix.astype(_DOUBLES)
        insert = self._insert(SNAPSHOTS)
        upsert = insert.on_conflict_do_update(
            index_elements=["customer_id", "as_of"],
            set_={
                "feature_set_id": insert.excluded.feature_set_id,
                "feature_values": insert.excluded.feature_values,
            },
        )
        for start in range(0, len(rows.customer_ids), _PUBLISHED_AT_ONCE):
            part = slice(start, start + _PUBLISHED_AT_ONCE)
            with self._transaction("keep the snapshots") as connection:
                feature_set = self._feature_set(connection, rows.names, basis)
                connection.execute(
                    upsert,
                    [
                        {
                            "customer_id": customer_id,
                            "as_of": as_of,
                            "feature_set_id": feature_set,
                            "feature_values": values.tobytes(),
                        }
                        for customer_id, as_of, values in zip(
                            rows.customer_ids[part], rows.as_of[part], packed[part], strict=True
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
                    names, basis = self._meaning(connection, row.feature_set_id)
                    found[row.customer_id] = Snapshot(
                        as_of=row.as_of,
                        basis=basis,
                        names=names,
                        values=np.frombuffer(row.feature_values, dtype=_DOUBLES),
                    )
        return found

    def record_predictions(self, predictions: Sequence[Prediction]) -> None:
        """Commit entries to the log, all or none."""
        if not predictions:
            return
        with self._transaction("record the predictions") as connection:
            feature_sets = {
                names: self._feature_set(connection, names, None)
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
        """Write, one at a time; who waits too long is sent away, so that threads stay free."""
        if not self._writing.acquire(timeout=self._busy_seconds):
            raise StoreBusy(deed, waited_seconds=self._busy_seconds)
        try:
            with self._translated(deed), self._engine.begin() as connection:
                yield connection
        finally:
            self._writing.release()

    @contextmanager
    def _translated(self, deed: str) -> Iterator[None]:
        try:
            yield
        except OperationalError as err:
            if _LOCKED in str(err.orig):
                raise StoreBusy(deed, waited_seconds=self._busy_seconds) from err
            raise StoreUnavailable(deed) from err
        except SQLAlchemyError as err:
            raise StoreUnavailable(deed) from err

    def _feature_set(
        self, connection: Connection, names: tuple[str, ...], basis: Basis | None
    ) -> str:
        """Return the id of a list of names with its basis, and keep them if they are new."""
        written = json.dumps(names)
        meaning = asdict(basis) if basis else dict.fromkeys(f.name for f in fields(Basis))
        identity = written + json.dumps(meaning, sort_keys=True) if basis else written
        digest = hashlib.sha256(identity.encode()).hexdigest()[:16]
        connection.execute(
            _insert_if_new(self._insert, FEATURE_SETS),
            {"id": digest, "names": written, **meaning},
        )
        return digest

    def _meaning(
        self, connection: Connection, feature_set: str
    ) -> tuple[tuple[str, ...], Basis | None]:
        if feature_set not in self._feature_sets:
            query = select(FEATURE_SETS).where(FEATURE_SETS.c.id == feature_set)
            row = connection.execute(query).one()
            kept = {each.name: getattr(row, each.name) for each in fields(Basis)}
            basis = None if None in kept.values() else Basis(**kept)
            self._feature_sets[feature_set] = (tuple(json.loads(row.names)), basis)
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


def _make_durable(connection: Any, _record: Any, *, busy_seconds: float) -> None:
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout = {int(busy_seconds * 1000)}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
