"""Satisfaction: what customers answered when asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from features.catalogue.feature import Feature, family

if TYPE_CHECKING:
    from ebbtide.causes import Cause

_satisfaction = family(
    "satisfaction", table="surveys", view="surveys_seen", cause="service_failure"
)


def _mean_score(
    metric: str, low: float, high: float, en: str, zh: str, cause: Cause, ends: str = ""
) -> Feature:
    """Declare the mean of one metric; a low score is bad news, and the names must say so."""
    return _satisfaction(
        f"{metric}_mean_365d",
        f"CAST(sum(CAST(score AS DECIMAL(9, 4))) FILTER (metric = '{metric}' AND age_day < 365)"
        f" AS DOUBLE) / nullif(count(*) FILTER (metric = '{metric}' AND age_day < 365), 0)",
        unit="score",
        low=low,
        high=high,
        cause=cause,
        when_null=(f"No {metric.upper()} answer in the last 365 days", f"近 365 天无{zh}回复"),
        risk="falls",
        meaning=(f"Mean {metric.upper()} score of the last 365 days, {low:g} to {high:g}{ends}."),
        reason=(
            f"Mean {en} {{value}} of {high:g} (typical {{typical}})",
            f"平均{zh} {{value}}/{high:g}(一般为 {{typical}})",
        ),
    )


FEATURES: tuple[Feature, ...] = (
    _mean_score("csat", 1, 5, "CSAT", "满意度", "service_failure"),
    _mean_score("nps", 0, 10, "NPS", "净推荐值", "rival_or_unknown"),
    _mean_score(
        "ces", 1, 7, "ease (CES)", "轻松度", "service_failure", ", where 1 is hard and 7 is easy"
    ),
    _satisfaction(
        "survey_recency_days",
        "min(age_days)",
        unit="days",
        cause="disengagement",
        when_null=("No survey answer in the lookback", "回溯期内无问卷回复"),
        meaning="Days since the last survey answer.",
        reason=(
            "Last survey answer {value} days ago (typical {typical})",
            "距上次问卷回复 {value} 天(一般为 {typical} 天)",
        ),
    ),
)
