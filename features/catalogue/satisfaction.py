"""Satisfaction: what customers answered when asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from features.catalogue.feature import Feature, family

if TYPE_CHECKING:
    from ebbtide.causes import Cause

_satisfaction = family(
    "satisfaction", table="surveys", view="surveys_seen", cause="service_failure"
)

_SCALED = (
    "CASE metric WHEN 'csat' THEN (score - 1) / 4 WHEN 'nps' THEN score / 10"
    " WHEN 'ces' THEN (score - 1) / 6 END"
)
"""A score as a share of its own scale: 0 is the worst answer there is, 1 the best."""

_CHANGE = (
    "CASE metric WHEN 'csat' THEN (score - score_before) / 4"
    " WHEN 'nps' THEN (score - score_before) / 10"
    " WHEN 'ces' THEN (score - score_before) / 6 END"
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
            f"Mean {en} {{value}} of {high:g}",
            f"平均{zh} {{value}}/{high:g}",
        ),
    )


def _last_score(metric: str, low: float, high: float, zh: str, cause: Cause) -> Feature:
    return _satisfaction(
        f"{metric}_last",
        f"max(score) FILTER (metric = '{metric}' AND is_latest)",
        unit="score",
        low=low,
        high=high,
        cause=cause,
        when_null=(f"No {metric.upper()} answer in the lookback", f"回溯期内无{zh}回复"),
        risk="falls",
        meaning=f"Latest {metric.upper()} score within the lookback, {low:g} to {high:g}.",
        reason=(
            f"Last {metric.upper()} score {{value}} of {high:g}",
            f"最近一次{zh} {{value}}/{high:g}",
        ),
    )


FEATURES: tuple[Feature, ...] = (
    _mean_score("csat", 1, 5, "CSAT", "满意度", "service_failure"),
    _mean_score("nps", 0, 10, "NPS", "净推荐值", "rival_or_unknown"),
    _mean_score(
        "ces", 1, 7, "ease (CES)", "轻松度", "service_failure", ", where 1 is hard and 7 is easy"
    ),
    _last_score("csat", 1, 5, "满意度", "service_failure"),
    _last_score("nps", 0, 10, "净推荐值", "rival_or_unknown"),
    _satisfaction(
        "survey_change",
        f"min({_CHANGE}) FILTER (is_latest)",
        unit="share of the scale",
        low=-1.0,
        high=1.0,
        when_null=("No question answered twice in the lookback", "回溯期内无同一问题的两次回复"),
        risk="falls",
        meaning=(
            "Latest answer less the one before to the same question, over the scale's length; the"
            " worst of the questions."
        ),
        reason=(
            "The latest answer moved by {value} of the scale",
            "最近一次评分较前次变化 {value}(占量表长度)",
        ),
    ),
    _satisfaction(
        "survey_lowest_365d",
        f"min({_SCALED}) FILTER (age_day < 365)",
        unit="share of the scale",
        high=1.0,
        when_null=("No survey answer in the last 365 days", "近 365 天无问卷回复"),
        risk="falls",
        meaning="Worst answer of the last 365 days on its own scale: 0 is the worst there is.",
        reason=(
            "Worst answer of the year at {value} of the scale",
            "近一年最低评分位于量表的 {value}",
        ),
    ),
    _satisfaction(
        "survey_recency_days",
        "min(age_days)",
        unit="days",
        cause="disengagement",
        when_null=("No survey answer in the lookback", "回溯期内无问卷回复"),
        meaning="Days since the last survey answer.",
        reason=(
            "Last survey answer {value} day{s} ago",
            "距上次问卷回复 {value} 天",
        ),
    ),
)
