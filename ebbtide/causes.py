"""Why customers leave, in the groups that a business can act on.

A cause here is a label for evidence, never a claim: features point at causes, and actions answer
them.
"""

from __future__ import annotations

from typing import Literal, get_args

from ebbtide.words import Words

Cause = Literal[
    "service_failure",
    "disengagement",
    "value_for_money",
    "product_mismatch",
    "payment_failure",
    "poor_start",
    "rival_or_unknown",
]

CAUSES: dict[Cause, Words] = {
    "service_failure": Words("service failure", "服务体验不佳"),
    "disengagement": Words("disengagement", "客户活跃度下降"),
    "value_for_money": Words("value for money", "性价比"),
    "product_mismatch": Words("product mismatch", "产品不匹配"),
    "payment_failure": Words("payment failure", "支付失败"),
    "poor_start": Words("poor start", "新客户起步不佳"),
    "rival_or_unknown": Words("rival's offer or unknown", "市场竞争或未知"),
}

assert tuple(CAUSES) == get_args(Cause)
