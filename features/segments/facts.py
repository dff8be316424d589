"""What segments ask of a snapshot: which features they read, and one array for each question.

Only columns of the snapshot are read, so a segment knows no more than ``as_of`` does. Nothing is
judged here; thresholds are in ``features.segments.scale``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from ebbtide.errors import ContractError
from features.catalogue.catalogue import features_present
from features.snapshot import build_snapshot

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from ebbtide.definition import ChurnDefinition
    from ebbtide.scorer.scores import FloatArray
    from features.tables import Tables

REQUIRED = ("recency_days", "purchase_days_365d", "spend_365d", "first_purchase_age_days")
"""Features without which nobody can be placed; every company has them."""

OPTIONAL = (
    "returned_365d",
    "tenure_days",
    "activity_recency_days",
    "products_365d",
    "categories_365d",
)
"""Features that are read where the company's tables can feed them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFacts:
    """An array for each question that a rule asks, shape (n,); none holds NaN.

    Parameters
    ----------
    recency_days : since the last purchase; infinite where unknown.
    purchase_days : days with a purchase in the last 365; 0 where unknown.
    net_spend : bought less returned in the last 365 days, currency; 0 where unknown.
    known_days : since sign-up or the first purchase within the lookback, whichever is longer ago;
        0 where unknown.
    unused_days : since the last purchase or other activity, whichever is later.
    products : different products of the last 365 days; 0 where unknown.
    categories : different categories of the last 365 days; 0 where unknown.
    """

    recency_days: FloatArray
    purchase_days: FloatArray
    net_spend: FloatArray
    known_days: FloatArray
    unused_days: FloatArray
    products: FloatArray
    categories: FloatArray


def facts_of(frame: pa.Table, *, columns: Collection[str]) -> CustomerFacts:
    """Return the facts of the customers of a snapshot.

    Parameters
    ----------
    frame : has the required features, and those of the optional ones that are named.
    columns : the features to read; an optional one that is not named is taken as unknown.

    Raises
    ------
    ContractError
        If the frame lacks a feature.

    Examples
    --------
    >>> frame = pa.table(
    ...     {
    ...         "recency_days": [3.0],
    ...         "purchase_days_365d": [4.0],
    ...         "spend_365d": [90.0],
    ...         "first_purchase_age_days": [200.0],
    ...         "tenure_days": [500.0],
    ...     }
    ... )
    >>> facts_of(frame, columns=[*REQUIRED, "tenure_days"]).known_days
    array([500.])
    """
    wanted = dict.fromkeys([*REQUIRED, *columns])
    missing = [name for name in wanted if name not in frame.column_names]
    if missing:
        raise ContractError(
            f"Segments need the features {', '.join(missing)}, which the snapshot does not have. "
            f"Build it with these features too."
        )

    def read(name: str, unknown: float) -> FloatArray:
        if name not in wanted:
            return np.full(frame.num_rows, unknown)
        values = frame[name].cast(pa.float64()).to_numpy()
        return np.where(np.isnan(values), unknown, values)

    recency_days = read("recency_days", np.inf)
    return CustomerFacts(
        recency_days=recency_days,
        purchase_days=read("purchase_days_365d", 0.0),
        net_spend=read("spend_365d", 0.0) - read("returned_365d", 0.0),
        known_days=np.maximum(read("first_purchase_age_days", 0.0), read("tenure_days", 0.0)),
        unused_days=np.minimum(recency_days, read("activity_recency_days", np.inf)),
        products=read("products_365d", 0.0),
        categories=read("categories_365d", 0.0),
    )


def segment_frame(
    tables: Tables,
    *,
    as_of: datetime,
    lookback_days: int,
    definition: ChurnDefinition,
    known: pa.Table | None = None,
) -> pa.Table:
    """Return a snapshot of the features that segments read, of those that the tables can feed.

    Parameters
    ----------
    tables : the typed tables.
    as_of : aware instant, exclusive.
    lookback_days : how far back to look, days.
    definition : says who is alive.
    known : a snapshot of the same customers at the same instant; what it has is not built again.
    """
    read = {*REQUIRED, *OPTIONAL}
    present = set() if known is None else set(known.column_names)
    wanted = [feature for feature in features_present(tables.columns) if feature.name in read]
    to_build = [feature for feature in wanted if feature.name not in present]
    if known is not None and not to_build:
        return known.select(["customer_id", "as_of", *(feature.name for feature in wanted)])
    built = build_snapshot(
        tables,
        as_of=as_of,
        features=to_build,
        lookback_days=lookback_days,
        definition=definition,
    )
    if known is None:
        return built
    assert built["customer_id"].equals(known["customer_id"]), "two snapshots of one instant differ"
    for feature in wanted:
        if feature not in to_build:
            built = built.append_column(feature.name, known[feature.name])
    return built
