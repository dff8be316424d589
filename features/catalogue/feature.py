"""One feature: its contract, and the SQL that computes it.

The SQL is an aggregate over one base view of ``features.views``, or an expression over features
that are aggregates. It is written in DuckDB's dialect and never mentions ``as_of``: the views give
ages.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ebbtide.contracts.feature import FeatureContract
from ebbtide.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable

    from ebbtide.causes import Cause
    from ebbtide.contracts.feature import RiskDirection


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """A contract with its SQL.

    Parameters
    ----------
    contract : what the value promises.
    sql : an aggregate over ``view``, or an expression over other features.
    view : the base view; None for an expression.
    columns : optional columns of the raw table without which the feature is left out.
    when_no_rows : SQL value for a customer without a row in the view; None is null.
    """

    contract: FeatureContract
    sql: str
    view: str | None = None
    columns: tuple[str, ...] = ()
    when_no_rows: str | None = None

    @property
    def name(self) -> str:
        """Name of the feature."""
        return self.contract.name


def family(
    name: str, *, table: str, cause: Cause, view: str | None = None
) -> Callable[..., Feature]:
    """Return a maker of the features of one family, with what they share already filled in.

    The maker takes ``name, sql, unit, meaning, reason`` and, where they differ from the family's
    or from nothing, ``view, cause, low, high, when_null, columns, when_no_rows,
    risk``. A feature that
    counts (``when_no_rows="0"``) is never null.
    """
    shared_view = view
    shared_cause = cause

    def feature(
        feature_name: str,
        sql: str,
        *,
        unit: str,
        meaning: str,
        reason: tuple[str, str],
        view: str | None = shared_view,
        cause: Cause = shared_cause,
        low: float | None = 0.0,
        high: float | None = None,
        when_null: tuple[str, str] | None = None,
        columns: tuple[str, ...] = (),
        when_no_rows: str | None = None,
        risk: RiskDirection | None = None,
    ) -> Feature:
        contract = FeatureContract(
            name=feature_name,
            family=name,
            table=table,
            unit=unit,
            meaning=meaning,
            reason=Words(*reason),
            cause=cause,
            low=low,
            high=high,
            when_null=None if when_null is None else Words(*when_null),
            risk=risk,
        )
        return Feature(
            contract=contract, sql=sql, view=view, columns=columns, when_no_rows=when_no_rows
        )

    return feature
