"""The simple rules in words, for grades and pages; what they compute is in ``training.rules``."""

from __future__ import annotations

from ebbtide.words import Words

_WORDS = {
    "recency": Words("days since the last purchase", "距上次购买天数"),
    "few_purchase_days": Words("few purchase days", "购买日少"),
    "recency_over_own_gap": Words("silence over the customer's own gap", "沉默时长与自身间隔之比"),
    "buy_till_you_die": Words("chance of no purchase by the buying model", "购买模型的不购买概率"),
    "new_contract": Words("new contract", "合同时间短"),
    "silent_account": Words("days since the account was used", "账户闲置天数"),
    "overdue_payment": Words("overdue payments", "逾期付款"),
    "dummy": Words("everybody alike", "对所有人一视同仁"),
}


def rule_words(name: str) -> Words:
    """Return what a rule is called; a rule that is a column of a table is called as it is.

    Examples
    --------
    >>> rule_words("recency").en, rule_words("tenure").en
    ('days since the last purchase', 'tenure')
    """
    return _WORDS.get(name, Words(name, name))
