"""Build snapshots: the features of every living customer at one instant, or at many.

The rows are read and sorted once, however many instants follow. What is computed stands in the
catalogue, how in ``features.arrays``.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa

from features.arrays.memory import small_pages
from features.arrays.numbers import lifted
from features.arrays.select import compiled
from features.arrays.snapshot import Found, Plan, on_every_processor, snapshot_blocks
from features.arrays.tables import sorted_tables
from features.catalogue.buy_till_you_die import FITTED_FROM
from features.expectations import (
    fit_expectations,
    is_fitted,
    needs_expectations,
    with_expectations,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from ebbtide.definition import ChurnDefinition
    from features.arrays.snapshot import Given, Made
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
        features : which features of the catalogue.
        lookback_days : how far back to look, days.
        definition : says who is alive.

        Raises
        ------
        NotImplementedError
            If the SQL of a feature is not understood.
        ContractError
            If neither memory nor disk is enough to sort a table.
        """
        at_once, waiting = _parted(features)
        needed = [*at_once, *FITTED_FROM] if waiting else at_once
        plan = _plan(needed, tables, definition)
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
        blocks = self._blocks(FITTED_FROM, as_of, made_of=lambda found: found.values(FITTED_FROM))
        with small_pages():
            return fit_expectations(blocks)

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
        if expectations == "fit":
            return self.fitted(as_of).table
        features = with_expectations(self.features, expectations, definition=self.definition)

        def made(found: Found) -> pa.Table:
            return self._table(
                self._who(found.customers, as_of)
                | _arrows(_named(features, found.values(features)))
            )

        return pa.concat_tables(self._blocks(features, as_of, made_of=made))

    def fitted(self, as_of: datetime) -> Fitted:
        """Fit, and compute the features; faster than to do the one and then the other.

        Parameters
        ----------
        as_of : aware instant, exclusive.

        Returns
        -------
        Fitted
            What :meth:`fit` and :meth:`at` return, to the bit.
        """
        at_once, waiting = _parted(self.features)
        if not waiting:
            return Fitted(self.at(as_of, expectations=None), None)
        wanted = [*at_once, *FITTED_FROM]

        def begun(found: Found) -> _Begun:
            return _Begun(found.customers, _named(wanted, found.values(wanted)))

        blocks = self._blocks(wanted, as_of, made_of=begun)
        fitted_from = [block.of(FITTED_FROM) for block in blocks]
        with small_pages(), ThreadPoolExecutor(max_workers=1) as beside:
            fitting = beside.submit(fit_expectations, [list(each.values()) for each in fitted_from])
            columns = [
                self._who(block.customers, as_of) | _arrows(block.of(at_once)) for block in blocks
            ]
            known = fitting.result()
        filled, numbers = lifted(with_expectations(waiting, known, definition=self.definition))
        for feature in filled:
            compiled(feature.sql)  # once, and not by each thread

        def ended(place: int) -> pa.Table:
            n_customers = len(blocks[place].customers)
            found = Found.told(fitted_from[place], n=n_customers, constants=numbers)
            return self._table(columns[place] | _arrows(_named(filled, found.values(filled))))

        return Fitted(pa.concat_tables(on_every_processor(ended, range(len(blocks)))), known)

    def _blocks(
        self, features: Sequence[Feature], as_of: datetime, *, made_of: Callable[[Found], Made]
    ) -> list[Made]:
        return snapshot_blocks(
            _plan(features, self.tables, self.definition),
            self.rows,
            as_of=as_of,
            lookback_days=self.lookback_days,
            definition=self.definition,
            made_of=made_of,
        )

    def _who(self, customers: NDArray[np.int32], as_of: datetime) -> dict[str, pa.Array]:
        instant = pa.scalar(as_of, type=pa.timestamp("us", tz="UTC"))
        return {
            "customer_id": self.rows.customer_ids.take(pa.array(customers)),
            "as_of": pa.repeat(instant, len(customers)),
        }

    def _table(self, columns: Mapping[str, pa.Array]) -> pa.Table:
        names = ["customer_id", "as_of", *(feature.name for feature in self.features)]
        return pa.table({name: columns[name] for name in names})


@dataclass(frozen=True, slots=True)
class Fitted:
    """A snapshot, and what its features expect of customers.

    Parameters
    ----------
    table : as :meth:`SnapshotBuilder.at` returns it.
    expectations : as :meth:`SnapshotBuilder.fit` returns them.
    """

    table: pa.Table
    expectations: BuyTillYouDie | None


@dataclass(frozen=True, slots=True)
class _Begun:
    """A block of customers, some of whose features wait for a fit."""

    customers: NDArray[np.int32]
    values: dict[str, NDArray[np.float64]]

    def of(self, features: Iterable[Feature]) -> dict[str, NDArray[np.float64]]:
        """Return the values of some features."""
        return {feature.name: self.values[feature.name] for feature in features}


def _parted(features: Sequence[Feature]) -> tuple[list[Feature], list[Feature]]:
    """Return the features that can be computed at once, and those that wait for a fit."""
    at_once = [feature for feature in features if not is_fitted(feature)]
    return at_once, [feature for feature in features if is_fitted(feature)]


def _plan(features: Sequence[Feature], tables: Tables, definition: ChurnDefinition) -> Plan:
    plan = Plan.of(features, tables.columns, time_zone=definition.time_zone, kind=definition.kind)
    return plan.compiled()


def _arrows(values: Mapping[str, NDArray[np.float64]]) -> dict[str, pa.Array]:
    return {name: _arrow(column) for name, column in values.items()}


def _named(features: Sequence[Feature], values: Iterable[Given]) -> dict[str, Given]:
    return dict(zip((feature.name for feature in features), values, strict=True))


def _arrow(column: NDArray[np.float64]) -> pa.Array:
    """Return doubles as Arrow has them, without a copy, null where NaN.

    Arrow itself takes each mask by the row.
    """
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
