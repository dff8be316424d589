"""The model that requests are read against: numbers of the catalogue, and a category of a table."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

from ebbtide.contracts.feature import FeatureContract
from ebbtide.contracts.learned import Learned
from ebbtide.words import Words
from features.catalogue.catalogue import features_named

if TYPE_CHECKING:
    from collections.abc import Sequence

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
MAX_EVENTS = 20
MAX_VALUES = 25_000
NUMBERS = ("recency_days", "spend_365d", "gap_mean_days", "complaints_90d", "payments_overdue")


@cache
def contracts() -> Sequence[FeatureContract]:
    """Return what rows are checked against."""
    plan = FeatureContract(
        name="plan: of the year",
        family="table",
        table="customers",
        unit="category",
        meaning="A plan.",
        reason=Words("the plan is {value}", "套餐为 {value}"),
        cause="rival_or_unknown",
        when_null=Words("no plan", "无套餐"),
        learned=Learned(kind="category", categories=("basic", "gold"), had_null=True),
    )
    return (*(feature.contract for feature in features_named(NUMBERS)), plan)
