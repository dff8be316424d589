"""Connections to a PostgreSQL database: waits are bounded, commits are on its disk.

Who writes takes an advisory lock first, so that changes come one after another as in SQLite: what a
unit has read is still so when it writes, also where several services share a database. Connect
directly or through a pooler of sessions; a pooler of transactions forgets what is set here.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import URL, Connection, Engine

_STATEMENT_SECONDS = 60
_SESSION = f"""
SELECT set_config('TimeZone', 'UTC', false),
       set_config('statement_timeout', '{_STATEMENT_SECONDS}s', false),
       set_config('idle_in_transaction_session_timeout', '{_STATEMENT_SECONDS}s', false),
       set_config('synchronous_commit', CASE current_setting('synchronous_commit')
           WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false)
"""
_TAKE_TURN = """
SELECT pg_advisory_xact_lock(hashtextextended('ebbtide writes ' || current_schema(), 0)),
       set_config('lock_timeout', '{lock_ms}', true)
"""
_LOST_AFTER = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""A server that went away without a word is given up after about ten seconds."""


class PostgresDatabase:
    """A database on a server.

    Parameters
    ----------
    busy_seconds : how long a connection may take to be made, seconds; two at least.
    """

    def __init__(self, *, busy_seconds: float) -> None:
        self._connect_seconds = max(2, math.ceil(busy_seconds))
        self._take_turn = _TAKE_TURN.format(lock_ms=max(1, int(busy_seconds * 1000)))

    def engine(self, url: URL, pool: Mapping[str, Any]) -> Engine:
        """Return the connections to it; one that was lost is made anew before it is used."""
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            connect_args={
                "connect_timeout": self._connect_seconds,
                "application_name": "ebbtide",
                **_LOST_AFTER,
            },
            pool_pre_ping=True,
            hide_parameters=True,
            **pool,
        )
        event.listen(engine, "connect", _prepare)
        return engine

    def reading(self, engine: Engine) -> Engine:
        """Return an engine whose transactions see one moment, and only read."""
        return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    def writing(self, engine: Engine) -> Engine:
        """Return an engine whose transactions see what was committed before each statement."""
        return engine.execution_options(isolation_level="READ COMMITTED")

    def take_turn(self, connection: Connection, *, wait_seconds: float) -> None:
        """Wait until nobody else writes; others who write wait from here on."""
        wait_ms = max(1, int(wait_seconds * 1000))  # none would be for ever
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {wait_ms}")
        connection.exec_driver_sql(self._take_turn)

    def take_time(self, connection: Connection) -> None:
        """Let the statements of this transaction take as long as they need."""
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")

    def purge(self, connection: Connection) -> None:
        """Nothing: PostgreSQL overwrites deleted rows by itself, and keeps its log as it is set."""

    may_be_kept = False
    """A connection is taken from the pool for each group: the pool sees whether it was lost."""

    def may_go_on(self, connection: Connection) -> bool:
        """Whether a connection that was kept can be used."""
        return not connection.invalidated

    def is_kept(self, connection: Connection) -> bool:
        """Whether what was committed is kept: the server has said so."""
        return not connection.invalidated


def _prepare(connection: Any, _record: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_SESSION)
    connection.commit()
