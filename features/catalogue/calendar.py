"""Calendar: the same season a year before, busy quarters and weekends.

The date of the snapshot is no feature: it is the same for all customers, and features are compared
within a snapshot.
"""

from __future__ import annotations

from features.catalogue.feature import Feature, family

_calendar = family("calendar", table="transactions", view="purchase_days", cause="disengagement")

_QUARTERS = ", ".join(
    f"count(*) FILTER (age_day BETWEEN {first} AND {first + 89})" for first in (0, 90, 180, 270)
)

FEATURES: tuple[Feature, ...] = (
    _calendar(
        "purchase_days_same_season",
        "count(*) FILTER (age_day BETWEEN 275 AND 364)",
        unit="days",
        high=90,
        when_no_rows="0",
        risk="falls",
        meaning="Days with a purchase in the 90 days from a year before.",
        reason=(
            "{value} purchase day{s} in the same season last year",
            "去年同季有 {value} 天购买",
        ),
    ),
    _calendar(
        "spend_same_season",
        "sum(amount) FILTER (age_day BETWEEN 275 AND 364)",
        unit="currency",
        when_no_rows="0",
        risk="falls",
        meaning="Sum of purchases in the 90 days from a year before.",
        reason=(
            "Spent {value} in the same season last year",
            "去年同季消费 {value}",
        ),
    ),
    _calendar(
        "season_share_365d",
        "CAST(purchase_days_same_season AS DOUBLE) / nullif(purchase_days_365d, 0)",
        view=None,
        unit="share",
        high=1.0,
        when_null=("No purchase in the last 365 days", "近 365 天无购买"),
        meaning=(
            "Share of the year's purchase days that lie in the 90 days from a year before, the"
            " season that comes next."
        ),
        reason=(
            "{value} of the year's purchase days fell in the season that comes next",
            "全年购买日中有 {value} 落在即将到来的季节",
        ),
    ),
    _calendar(
        "quarter_peak_share_360d",
        f"CAST(greatest({_QUARTERS}) AS DOUBLE) / nullif(count(*) FILTER (age_day < 360), 0)",
        unit="share",
        low=0.25,
        high=1.0,
        when_null=("No purchase in the last 360 days", "近 360 天无购买"),
        meaning=(
            "Share of purchase days that lie in the busiest of the last four periods of 90 days;"
            " 1 is somebody who buys in one season only."
        ),
        reason=(
            "{value} of the purchases fell in the busiest quarter",
            "{value} 的购买集中在最活跃的一个季度",
        ),
    ),
    _calendar(
        "weekend_share_365d",
        "CAST(count(*) FILTER (weekday >= 6 AND age_day < 365) AS DOUBLE)"
        " / nullif(count(*) FILTER (age_day < 365), 0)",
        unit="share",
        high=1.0,
        when_null=("No purchase in the last 365 days", "近 365 天无购买"),
        meaning="Share of the year's purchase days that are a Saturday or Sunday.",
        reason=(
            "{value} of the purchase days are weekends",
            "购买日中周末占 {value}",
        ),
    ),
)
