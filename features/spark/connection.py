"""A Spark session that answers the product's SQL as a connection to DuckDB would.

The checks of contracts, the typing of tables and questions about the log are written once, in
DuckDB's dialect, and run through this on Spark. Only what they use of a connection is here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlglot import exp

from features.spark.translation import parsed, translated

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_DUCKDB_NAMES = {
    "string": "VARCHAR",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "timestamp_ntz": "TIMESTAMP",
}


class SparkConnection:
    """Runs queries of DuckDB's dialect on Spark.

    Parameters
    ----------
    session : where tables are temporary views.
    time_zone : IANA name; instants without an offset are read in it.
    """

    def __init__(self, session: SparkSession, time_zone: str) -> None:
        self.session = session
        self.time_zone = time_zone

    def sql(self, query: str) -> SparkRelation:
        """Return the rows of a query; ``DESCRIBE name`` gives the names and types of columns."""
        tree = parsed(query)
        if isinstance(tree, exp.Describe):
            return SparkRelation(described=self._columns(tree.this.name))
        return SparkRelation(frame=self.frame(tree))

    def execute(self, query: str) -> None:
        """Make a view of what ``CREATE ... AS`` selects; nothing is computed yet.

        Of a table, which is to be read more than once, the rows are kept once they are computed.
        """
        tree = parsed(query)
        assert isinstance(tree, exp.Create), "only tables and views are made"
        frame = self.frame(tree.expression)
        kept = frame.persist() if tree.kind == "TABLE" else frame
        kept.createOrReplaceTempView(tree.this.name)

    def frame(self, tree: exp.Expr) -> DataFrame:
        """Return the rows of a query given as a tree of DuckDB's dialect."""
        views = {table.name for table in tree.find_all(exp.Table)}
        raw_types = {
            name.lower(): kind
            for view in views
            if view.startswith("raw_")
            for name, kind in self.session.table(view).dtypes
        }
        query = translated(tree, raw_types=raw_types, time_zone=self.time_zone)
        return self.session.sql(query.sql(dialect="spark"))

    def _columns(self, view: str) -> list[tuple[str, str]]:
        columns = self.session.table(view).dtypes
        return [(name, _DUCKDB_NAMES.get(kind, kind.upper())) for name, kind in columns]


class SparkRelation:
    """Rows of a query, not yet computed; or a description, which is."""

    def __init__(
        self, *, frame: DataFrame | None = None, described: list[tuple[str, str]] | None = None
    ) -> None:
        self._frame, self._described = frame, described

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return the rows."""
        if self._frame is None:
            return list(self._described or [])
        return [tuple(row) for row in self._frame.collect()]
