"""Lists of feature names with what the features were computed with, kept once each.

Values lie beside in snapshots and predictions as packed little-endian doubles in that order.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import select

from ebbtide.store.schema.scores import FEATURE_SETS
from ebbtide.store.store import Basis

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ebbtide.store.database import Database
    from ebbtide.store.driver import Driver

DOUBLES = np.dtype("<f8")


@dataclass(slots=True)
class FeatureSets:
    """The lists of one database; what was read once is remembered."""

    database: Database
    _known: dict[str, tuple[tuple[str, ...], Basis | None]] = field(default_factory=dict)

    def id_of(self, connection: Connection, names: tuple[str, ...], basis: Basis | None) -> str:
        """Return the id of a list of names with its basis, and keep them if they are new."""
        digest, written = _identity(names, basis)
        meaning = asdict(basis) if basis else dict.fromkeys(f.name for f in fields(Basis))
        connection.execute(
            self.database.insert(FEATURE_SETS).on_conflict_do_nothing(),
            {"id": digest, "names": written, **meaning},
        )
        return digest

    def id_in(self, driver: Driver, names: tuple[str, ...]) -> str:
        """Return the id of a list of names without a basis, as :meth:`id_of` does.

        That it is there is asked each time: what a unit has added goes if it fails, and a database
        may be restored from before.
        """
        digest, written = _identity(names, None)
        if not driver.rows(f"SELECT 1 FROM feature_sets WHERE id = {driver.mark}", [digest]):
            columns = ("id", "names")
            driver.insert(FEATURE_SETS.name, columns, [(digest, written)], "ON CONFLICT DO NOTHING")
        return digest

    def meaning(
        self, connection: Connection, feature_set: str
    ) -> tuple[tuple[str, ...], Basis | None]:
        """Return the names of a list, and what they were computed with."""
        if feature_set not in self._known:
            query = select(FEATURE_SETS).where(FEATURE_SETS.c.id == feature_set)
            row = connection.execute(query).one()
            kept = {each.name: getattr(row, each.name) for each in fields(Basis)}
            basis = None if None in kept.values() else Basis(**kept)
            self._known[feature_set] = (tuple(json.loads(row.names)), basis)
        return self._known[feature_set]


@lru_cache(maxsize=32)
def _identity(names: tuple[str, ...], basis: Basis | None) -> tuple[str, str]:
    """Return the id of a list of names with its basis, and the names as text."""
    written = json.dumps(names)
    identity = written + json.dumps(asdict(basis), sort_keys=True) if basis else written
    return hashlib.sha256(identity.encode()).hexdigest()[:16], written
