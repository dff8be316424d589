"""The limits that rules hold customers to: set in the project file, or learned from a snapshot."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ebbtide.definition import ChurnDefinition
    from ebbtide.scorer.scores import FloatArray
    from ebbtide.segment_settings import Segments
    from features.segments.facts import CustomerFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Values of facts at which levels and types begin; None where nobody can reach one.

    Parameters
    ----------
    vip_spend, important_spend, high_value_spend, valuable_spend : net spend of 365 days, currency.
    many_products, many_categories : how many are many.
    new_within_days : known for less is new.
    sleeping_after_days : unused for so long is asleep.
    potential_score : least score of recency and frequency of a potential customer.
    """

    vip_spend: float | None
    important_spend: float | None
    high_value_spend: float | None
    valuable_spend: float | None
    many_products: float | None
    many_categories: float | None
    new_within_days: int
    sleeping_after_days: int
    potential_score: int

    @classmethod
    def of(cls, facts: CustomerFacts, settings: Segments, *, definition: ChurnDefinition) -> Limits:
        """Learn from the customers of a snapshot what the project file sets as a share of them."""
        spend, high_value_share = facts.net_spend, settings.high_value_share
        return cls(
            vip_spend=least_of_the_first(settings.vip_share, spend),
            important_spend=least_of_the_first(settings.important_share, spend),
            high_value_spend=least_of_the_first(high_value_share, spend),
            valuable_spend=least_of_the_first(settings.valuable_share, spend),
            many_products=settings.min_products
            or least_of_the_first(high_value_share, facts.products),
            many_categories=settings.min_categories
            or least_of_the_first(high_value_share, facts.categories),
            new_within_days=settings.new_within_days or max(1, definition.active_within_days // 4),
            sleeping_after_days=settings.sleeping_after_days
            or max(1, definition.active_within_days // 2),
            potential_score=settings.potential_score,
        )

    def reach(self, name: str, values: FloatArray) -> NDArray[np.bool_]:
        """Return who reaches a limit that may be None."""
        limit: float | None = getattr(self, name)
        return np.zeros(values.shape, dtype=bool) if limit is None else values >= limit

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)


def least_of_the_first(share: float, values: FloatArray) -> float | None:
    """Return the least value with which a customer is among the first by it.

    The first are at most the given share of all customers, never more: where a tie would exceed
    it, those tied are left out together. Who has nothing is never among the first.

    Parameters
    ----------
    share : of the customers, in (0, 1).
    values : one for each customer, shape (n,).

    Examples
    --------
    >>> least_of_the_first(0.5, np.array([10.0, 20.0, 20.0, 40.0]))
    40.0
    >>> least_of_the_first(0.75, np.array([10.0, 20.0, 20.0, 40.0]))
    20.0
    >>> least_of_the_first(0.2, np.array([10.0, 20.0, 20.0, 40.0])) is None
    True
    """
    distinct, counts = np.unique(values, return_counts=True)
    from_here = np.cumsum(counts[::-1])[::-1]
    most = math.floor(share * values.size + 1e-9)  # 0.29 * 100 is a little less than 29
    first = distinct[(from_here <= most) & (distinct > 0)]
    return float(first[0]) if first.size else None
