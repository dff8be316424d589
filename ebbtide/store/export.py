"""Everything that the store holds about one customer, as plain JSON."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import select

from ebbtide.store.erasure import CUSTOMER_TABLES
from ebbtide.store.feature_sets import DOUBLES, FeatureSets
from ebbtide.store.histories import Histories
from ebbtide.store.job_erasure import results_about

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ebbtide.store.database import Database

_AS_JSON = frozenset(
    {("predictions", "answer"), ("events", "content"), ("webhook_messages", "body")}
)
"""Columns of text that hold JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """Reads rows of one customer; packed columns become what they hold."""

    database: Database
    connection: Connection
    customer_id: str

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        found = {}
        for table in CUSTOMER_TABLES:
            query = select(table).where(table.c.customer_id == self.customer_id)
            rows = [
                self._plain(table.name, dict(row))
                for row in self.connection.execute(query).mappings()
            ]
            if rows:
                found[table.name] = rows
        return found

    def _plain(self, table: str, row: dict[str, Any]) -> dict[str, Any]:
        if "feature_values" in row:
            packed, feature_set = row.pop("feature_values"), row["feature_set_id"]
            names, _ = FeatureSets(self.database).meaning(self.connection, feature_set)
            values = np.frombuffer(packed, dtype=DOUBLES).tolist()
            row["features"] = dict(zip(names, map(_number, values), strict=True))
        if table == "histories":
            del row["packed"]
            history = Histories(self.database).of(self.connection, [self.customer_id])
            row["rows"] = {
                name: [{key: _value(each) for key, each in one.items()} for one in rows]
                for name, rows in history[self.customer_id].rows.items()
            }
        return {
            name: json.loads(value) if (table, name) in _AS_JSON else _value(value)
            for name, value in row.items()
        }


def exported(database: Database, customer_id: str) -> dict[str, list[dict[str, Any]]]:
    """Return what is held about a customer, by table; empty where there is nothing.

    Parameters
    ----------
    database : where it is held.
    customer_id : who.

    Raises
    ------
    StoreUnavailable
        If the database cannot be read.
    """
    with database.read("export the customer") as connection:
        found = _Reader(database=database, connection=connection, customer_id=customer_id).rows()
    results = [
        {name: _value(value) for name, value in each.items()}
        for each in results_about(database, customer_id)
    ]
    return {**found, **({"job_results": results} if results else {})}


def _value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return _number(value) if isinstance(value, float) else value


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
