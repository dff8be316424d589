"""Build snapshots: the features of every living customer at one instant, or at many.

The rows are read and sorted once, however many instants follow. What is computed stands in the
catalogue, how in ``features.arrays``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa

from features.arrays.memory import small_pages
from features.arrays.snapshot import Plan, snapshot_blocks
from features.arrays.tables import sorted_tables
from features.expectations import fit_expectations, needs_expectations, with_expectations

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from ebbtide.definition import ChurnDefinition
    from features.arrays.snapshot import Made, Values
    from features.arrays.tables import SortedTables
    from features.btyd.parameters import BuyTillYouDie
    from features.catalogue.feature import Feature
    from features.tables import Tables

    Expectations = BuyTillYouDie | Literal["fit"] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotBuilder:
    """Sorted rows of a company, from which snapshots at many instants are built.

    Rows that the tables get later are not seen; make another builder.
    """

    rows: SortedTables
    tables: Tables
    features: tuple[Feature, ...]
    lookback_days: int
    definition: ChurnDefinition

    @classmethod
    def of(
        cls,
        tables: Tables,
        *,
        features: Sequence[Feature],
        lookback_days: int,
        definition: ChurnDefinition,
    ) -> SnapshotBuilder:
        """Read and sort the rows that features need.

        Parameters
        ----------
        tables : the typed tables.
        features : which features.
        lookback_days : how far back to look, days.
        definition : says who is alive.
        """
        unfitted = with_expectations(features, None, definition=definition)
        plan = Plan.of(
            unfitted, tables.columns, time_zone=definition.time_zone, kind=definition.kind
        )
        return cls(
            rows=sorted_tables(tables, plan.read, log_table=definition.log_table),
            tables=tables,
            features=tuple(features),
            lookback_days=lookback_days,
            definition=definition,
        )

    def fit(self, as_of: datetime) -> BuyTillYouDie | None:
        """Fit what features expect of customers on what was known before an instant.

        Returns
        -------
        BuyTillYouDie or None
            None where no feature needs it, or too few customers came again.
        """
        if not needs_expectations(self.features):
            return None
        with small_pages():
            return fit_expectations(
                lambda features: self._blocks(features, as_of, made_of=lambda values: values)
            )

    def at(self, as_of: datetime, *, expectations: Expectations = "fit") -> pa.Table:
        """Return the features of all customers who live at an instant.

        Parameters
        ----------
        as_of : aware instant, exclusive.
        expectations : parameters of the buying model; ``fit`` fits them before the instant, None
            leaves the features null that need them.

        Returns
        -------
        pyarrow.Table
            ``customer_id`` (string), ``as_of`` (timestamp, UTC) and a double for each feature,
            null where it is missing; ordered by customer.
        """
        known = self.fit(as_of) if expectations == "fit" else expectations
        features = with_expectations(self.features, known, definition=self.definition)
        return pa.concat_tables(
            self._blocks(features, as_of, made_of=lambda values: self._table(values, as_of))
        )

    def _blocks(
        self, features: Sequence[Feature], as_of: datetime, *, made_of: Callable[[Values], Made]
    ) -> list[Made]:
        plan = Plan.of(
            features,
            self.tables.columns,
            time_zone=self.definition.time_zone,
            kind=self.definition.kind,
        )
        return snapshot_blocks(
            plan,
            self.rows,
            as_of=as_of,
            lookback_days=self.lookback_days,
            definition=self.definition,
            made_of=made_of,
        )

    def _table(self, values: Values, as_of: datetime) -> pa.Table:
        instants = pa.scalar(as_of, type=pa.timestamp("us", tz="UTC"))
        columns = {
            "customer_id": self.rows.customer_ids.take(pa.array(values.customers)),
            "as_of": pa.repeat(instants, len(values.customers)),
        }
        for feature, column in zip(self.features, values.rows.T, strict=True):
            columns[feature.name] = _null_where_nan(column)
        return pa.table(columns)


def _null_where_nan(column: NDArray[np.float64]) -> pa.Array:
    """Return doubles as Arrow has them, without a copy; Arrow itself takes each mask by the row."""
    is_there = np.packbits(~np.isnan(column), bitorder="little")
    buffers = [pa.py_buffer(is_there), pa.py_buffer(column)]
    return pa.Array.from_buffers(pa.float64(), len(column), buffers)


def build_snapshot(
    tables: Tables,
    *,
    as_of: datetime,
    features: Sequence[Feature],
    lookback_days: int,
    definition: ChurnDefinition,
    expectations: Expectations = "fit",
) -> pa.Table:
    """Return the features of all customers who live at an instant.

    For many instants make a :class:`SnapshotBuilder`, which sorts the rows only once.

    Parameters
    ----------
    tables : the typed tables.
    as_of : aware instant, exclusive.
    features : which features.
    lookback_days : how far back to look, days.
    definition : says who is alive.
    expectations : parameters of the buying model; ``fit`` fits them before the instant, None
        leaves the features null that need them.

    Returns
    -------
    pyarrow.Table
        As :meth:`SnapshotBuilder.at` returns it.
    """
    builder = SnapshotBuilder.of(
        tables, features=features, lookback_days=lookback_days, definition=definition
    )
    return builder.at(as_of, expectations=expectations)
