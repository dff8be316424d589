"""Buy-till-you-die: purchases and spend to expect in the outcome window, by a fitted model.

The model is the MBG/NBD with a Gamma-Gamma model of spend; ``features.btyd`` fits them and fills
the parameters that stand in braces. The probability to be alive is left out on purpose: it ranks
one-time buyers wrongly, for whom nothing was ever long overdue. See
``docs/buy-till-you-die.md``.
"""

from __future__ import annotations

from features.catalogue.feature import Feature, family

_btyd = family("buy_till_you_die", table="transactions", cause="disengagement")

# Odds of having stopped at the last purchase, against living still: Batislam et al. (2007).
_STOPPED_ODDS = (
    "{btyd_a} / ({btyd_b} + repeats)"
    " * power(({btyd_alpha} + age_days) / ({btyd_alpha} + last_days), {btyd_r} + repeats)"
)
_EXPECTED_PURCHASES = f"{{btyd_purchases_while_alive}} / (1e0 + {_STOPPED_ODDS})"
_EXPECTED_SPEND = (
    "{spend_p} * ({spend_gamma} + CAST(spend AS DOUBLE))"
    " / ({spend_p} * purchases + {spend_q} - 1e0)"
)

_NO_MODEL = (
    "Too few customers came again to fit a buying model",
    "回头客过少,无法拟合购买模型",
)
_NO_SPEND_MODEL = (
    "Too few customers came again to fit a model of spend",
    "回头客过少,无法拟合消费金额模型",
)


def _fitted_from(name: str, sql: str, unit: str, meaning: str) -> Feature:
    return _btyd(
        name, sql, view="purchase_days", unit=unit, meaning=meaning, reason=("{value}",) * 2
    )


FITTED_FROM: tuple[Feature, ...] = (
    _fitted_from("repeats", "count(*) - 1", "days", "Purchase days after the first."),
    _fitted_from(
        "last_days",
        "max(age_day) - min(age_day)",
        "days",
        "Civil days from first to last purchase.",
    ),
    _fitted_from("age_days", "max(age_day)", "days", "Civil days since the first purchase."),
    _fitted_from("purchases", "count(*)", "days", "Purchase days."),
    _fitted_from("spend", "sum(amount)", "currency", "Spend on those days."),
)
"""What ``features.btyd.parameters.fit_parameters`` takes, by the names of its arguments.

The features of the family are computed from them, so that a fit sees exactly what its features
see. They are not in the catalogue.
"""

FEATURES: tuple[Feature, ...] = (
    _btyd(
        "btyd_expected_purchases",
        _EXPECTED_PURCHASES,
        unit="purchases",
        risk="falls",
        when_null=_NO_MODEL,
        meaning="Purchase days to expect in the outcome window, by a model of all customers.",
        reason=(
            "{value} purchase{s} to be expected",
            "预计购买 {value} 次",
        ),
    ),
    _btyd(
        "btyd_p_none",
        f"1e0 - {{btyd_p_buys_while_alive}} / (1e0 + {_STOPPED_ODDS})",
        unit="share",
        high=1.0,
        risk="rises",
        when_null=_NO_MODEL,
        meaning="Probability of no purchase in the outcome window, by a model of all customers.",
        reason=(
            "By past purchases alone, the chance of no further one is {value}",
            "仅按过往购买推算，不再购买的概率为 {value}",
        ),
    ),
    _btyd(
        "btyd_purchase_rate_30d",
        "30e0 * ({btyd_r} + repeats)"
        f" * (1e0 / ({{btyd_alpha}} + age_days) + {_STOPPED_ODDS} / ({{btyd_alpha}} + last_days))"
        f" / (1e0 + {_STOPPED_ODDS})",
        unit="purchases",
        risk="falls",
        when_null=_NO_MODEL,
        meaning=(
            "Purchase days in 30 days while the customer is active, now or earlier, by a model of"
            " all customers."
        ),
        reason=(
            "Buys {value} time{s} in 30 days while active",
            "活跃期间每 30 天购买 {value} 次",
        ),
    ),
    _btyd(
        "btyd_spend_expected",
        _EXPECTED_SPEND,
        unit="currency",
        cause="value_for_money",
        when_null=_NO_SPEND_MODEL,
        meaning=(
            "Spend to expect on the next purchase day: the customer's own mean within the lookback,"
            " drawn towards that of all the more, the fewer their purchase days."
        ),
        reason=(
            "Next purchase is expected at {value}",
            "预计下次消费 {value}",
        ),
    ),
    _btyd(
        "btyd_value_expected",
        f"{_EXPECTED_PURCHASES} * {_EXPECTED_SPEND}",
        unit="currency",
        risk="falls",
        when_null=_NO_SPEND_MODEL,
        meaning="Purchases to expect in the outcome window times the spend to expect on each.",
        reason=(
            "Spend of {value} to be expected",
            "预计消费 {value}",
        ),
    ),
)
