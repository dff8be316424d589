"""The rules of segments, levels and value types, stated once as data: name, words, condition.

The pages and the terminal print these tables. Within each, the first rule that holds is taken, and
the last one always holds (of the eight RFM segments exactly one does). No rule names a number:
limits are learned or set in ``features.segments.scale``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ebbtide.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from features.segments.facts import CustomerFacts
    from features.segments.limits import Limits

    Claims = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Facts of customers beside the limits they are held to; arrays have shape (n,)."""

    facts: CustomerFacts
    limits: Limits
    r_score: NDArray[np.int64]
    f_score: NDArray[np.int64]
    m_score: NDArray[np.int64]
    r_is_high: Claims
    f_is_high: Claims
    m_is_high: Claims


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One segment, level or type.

    Parameters
    ----------
    code : stable name for files and machines.
    name : what people call it.
    rule : when it holds, in words that name keys of ``[segments]``.
    holds : the same over arrays.
    """

    code: str
    name: Words
    rule: str
    holds: Callable[[Standing], Claims]


def _rfm(code: str, en: str, zh: str, marks: str) -> Group:
    """Return a segment; ``marks`` are + or - for recency, frequency and monetary."""
    recent, frequent, monetary = (mark == "+" for mark in marks)
    arrows = ["↑" if mark == "+" else "↓" for mark in marks]

    def holds(s: Standing) -> Claims:
        claims: Claims = (
            (s.r_is_high == recent) & (s.f_is_high == frequent) & (s.m_is_high == monetary)
        )
        return claims

    rule = "".join(f"{letter}{arrow}" for letter, arrow in zip("RFM", arrows, strict=True))
    return Group(code=code, name=Words(en, zh), rule=rule, holds=holds)


RFM_SEGMENTS: tuple[Group, ...] = (
    _rfm("important_value", "important value", "重要价值客户", "+++"),
    _rfm("important_develop", "important to develop", "重要发展客户", "+-+"),
    _rfm("important_keep", "important to keep", "重要保持客户", "-++"),
    _rfm("important_win_back", "important to win back", "重要挽留客户", "--+"),
    _rfm("general_value", "general value", "一般价值客户", "++-"),
    _rfm("general_develop", "general to develop", "一般发展客户", "+--"),
    _rfm("general_keep", "general to keep", "一般保持客户", "-+-"),
    _rfm("general_win_back", "general to win back", "一般挽留客户", "---"),
)


def _always(s: Standing) -> Claims:
    return np.ones(s.facts.net_spend.shape, dtype=bool)


def _is_potential(s: Standing) -> Claims:
    least = s.limits.potential_score
    return (s.r_score >= least) & (s.f_score >= least)


CUSTOMER_LEVELS: tuple[Group, ...] = (
    Group(
        code="vip",
        name=Words("VIP", "VIP客户"),
        rule="among the first `vip_share` of customers by net spend",
        holds=lambda s: s.limits.reach("vip_spend", s.facts.net_spend),
    ),
    Group(
        code="important",
        name=Words("important", "重要客户"),
        rule="among the first `important_share` of customers by net spend",
        holds=lambda s: s.limits.reach("important_spend", s.facts.net_spend),
    ),
    Group(
        code="new",
        name=Words("new", "新客户"),
        rule="signed up, or first bought within the lookback, less than `new_within_days` ago",
        holds=lambda s: s.facts.known_days < s.limits.new_within_days,
    ),
    Group(
        code="potential",
        name=Words("potential", "潜在客户"),
        rule="buys lately and often: r_score and f_score are at least `potential_score`",
        holds=_is_potential,
    ),
    Group(
        code="regular",
        name=Words("regular", "一般客户"),
        rule="everybody else",
        holds=_always,
    ),
)


def _is_high_value_added(s: Standing) -> Claims:
    is_broad = s.limits.reach("many_products", s.facts.products)
    is_broad |= s.limits.reach("many_categories", s.facts.categories)
    return is_broad & s.limits.reach("high_value_spend", s.facts.net_spend)


VALUE_TYPES: tuple[Group, ...] = (
    Group(
        code="sleeping",
        name=Words("sleeping", "睡眠客户"),
        rule="no purchase and no other activity for `sleeping_after_days`",
        holds=lambda s: s.facts.unused_days >= s.limits.sleeping_after_days,
    ),
    Group(
        code="high_value_added",
        name=Words("high value-added", "高附加值客户"),
        rule="among the first `high_value_share` of customers by net spend, and broad: at least "
        "`min_products` products or `min_categories` categories",
        holds=_is_high_value_added,
    ),
    Group(
        code="valuable",
        name=Words("valuable", "有价值客户"),
        rule="among the first `valuable_share` of customers by net spend",
        holds=lambda s: s.limits.reach("valuable_spend", s.facts.net_spend),
    ),
    Group(
        code="low_value",
        name=Words("low-value", "低价值客户"),
        rule="everybody else",
        holds=_always,
    ),
)

GROUPINGS: Mapping[str, tuple[Group, ...]] = {
    "rfm_segment": RFM_SEGMENTS,
    "customer_level": CUSTOMER_LEVELS,
    "value_type": VALUE_TYPES,
}
"""Column of the output, and the groups of which everybody is in exactly one."""


def first_that_holds(groups: tuple[Group, ...], standing: Standing) -> NDArray[np.str_]:
    """Return the code of the first group whose rule holds, for each customer."""
    claims = [group.holds(standing) for group in groups]
    assert np.logical_or.reduce(claims).all(), "a customer is in no group"
    return np.select(claims, [group.code for group in groups], default="")
