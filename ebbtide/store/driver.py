"""Statements that the driver runs itself, for what is written with every answer.

What SQLAlchemy does around one statement takes longer than a database needs for thirty rows. It
stays in charge: of the connection, of the transaction, and of what an error is called.

Rows go in by statements of many rows: what a statement costs by itself is paid once for them all.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import Connection

_MOST_ROWS = 128  # of one statement: 15 columns make 1,920 variables; SQLite takes 32,766
_MOST_IDS = 512  # of one query


class Driver:
    """The driver of one connection, within its transaction. Not to be kept for longer.

    Parameters
    ----------
    connection : of a unit, or for reading.
    """

    __slots__ = ("_bound", "_cursor", "_errors", "_is_sqlite", "mark")

    def __init__(self, connection: Connection) -> None:
        dialect = connection.dialect
        self._is_sqlite = dialect.name == "sqlite"
        self._errors: Any = dialect.loaded_dbapi.Error
        self._cursor = connection.connection.cursor()
        self._bound: dict[datetime, Any] = {}
        self.mark = "?" if self._is_sqlite else "%s"
        """What stands for a value in a statement."""

    def run(self, statement: str, values: Sequence[Any] = ()) -> None:
        """Run a statement that returns no rows."""
        try:
            self._cursor.execute(statement, values)
        except self._errors as err:
            raise self._named(err) from err

    def rows(self, statement: str, values: Sequence[Any] = ()) -> Sequence[Any]:
        """Run a statement, and return its rows as tuples."""
        try:
            self._cursor.execute(statement, values)
            return self._cursor.fetchall()
        except self._errors as err:
            raise self._named(err) from err

    def insert(
        self, table: str, columns: tuple[str, ...], rows: Sequence[Sequence[Any]], ending: str = ""
    ) -> None:
        """Insert rows.

        Parameters
        ----------
        table, columns : their names.
        rows : values in the order of the columns, as the driver takes them.
        ending : of the statement: ``ON CONFLICT ...``.
        """
        if not rows:
            return
        if not self._is_sqlite:  # its driver sends many at once, and reads one row's statement once
            self._run_many(_insert(table, columns, 1, ending, self.mark), rows)
            return
        start = 0
        for count in _parts(len(rows)):
            statement = _insert(table, columns, count, ending, self.mark)
            part = rows[start : start + count]
            self.run(statement, [value for row in part for value in row])
            start += count

    def of_ids(self, query: str, ids: Iterable[str]) -> Iterator[Any]:
        """Yield the rows of a query that ends with ``IN ids``, for any number of ids."""
        wanted = list(dict.fromkeys(ids))
        for start in range(0, len(wanted), _MOST_IDS):
            part = wanted[start : start + _MOST_IDS]
            count = 1 << (len(part) - 1).bit_length()  # few lengths: statements are compiled once
            part += part[-1:] * (count - len(part))
            yield from self.rows(_of_ids(query, count, self.mark), part)

    def bound(self, instant: datetime) -> Any:
        """Return an instant as the column type ``Instant`` has the driver take it.

        Those of one database compare as the instants do.
        """
        known = self._bound.get(instant)
        if known is None:
            known = instant.astimezone(UTC)
            if self._is_sqlite:
                known = known.replace(tzinfo=None).isoformat(" ", "microseconds")
            self._bound[instant] = known
        return known

    def instant(self, bound: Any) -> datetime:
        """Return what :meth:`bound` was made from, in UTC."""
        if self._is_sqlite:
            return datetime.fromisoformat(bound).replace(tzinfo=UTC)
        found: datetime = bound
        return found.astimezone(UTC)

    def _run_many(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        try:
            self._cursor.executemany(statement, rows)
        except self._errors as err:
            raise self._named(err) from err

    def _named(self, err: Exception) -> Exception:
        return DBAPIError.instance(None, None, err, self._errors, hide_parameters=True)


def _parts(count: int) -> Iterator[int]:
    """Yield powers of two that make up a count: so that there are few statements to compile."""
    size = _MOST_ROWS
    while count:
        while size > count:
            size //= 2
        yield size
        count -= size


@lru_cache(maxsize=128)
def _insert(table: str, columns: tuple[str, ...], count: int, ending: str, mark: str) -> str:
    names = ", ".join(f'"{name}"' for name in columns)
    row = "(" + ", ".join([mark] * len(columns)) + ")"
    return f"INSERT INTO {table} ({names}) VALUES {', '.join([row] * count)} {ending}"


@lru_cache(maxsize=128)
def _of_ids(query: str, count: int, mark: str) -> str:
    return query.removesuffix("ids") + "(" + ", ".join([mark] * count) + ")"
