"""Sentences of the pages: what a measured model comes to, in words for people who decide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from training.pages.measure_words import NONE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.pages.page import Level
    from training.pages.measured import Measured, Rival, Value

KINDS = {
    "logistic": "logistic regression",
    "random_forest": "random forest",
    "lightgbm": "boosted trees",
    "blend": "blend of models",
}
"""Kinds of model, in words."""

LEVELS: dict[str | None, Level] = {
    "A": "good",
    "B": "good",
    "C": "careful",
    "D": "careful",
    None: "careful",
}
"""How a grade is coloured; what is not listed is bad."""

RULES = {
    "dummy": "everybody alike",
    "recency": "days since last purchase",
    "frequency": "few purchase days",
    "recency_over_own_gap": "silence over own rhythm",
    "recency_over_gap": "silence over own rhythm",
    "recency_own_gap": "silence over own rhythm",
    "no_purchase": "buy-till-you-die",
    "buy_till_you_die": "buy-till-you-die",
}
"""Simple rules, in words; a rule that is not listed is a column of a table."""

Standing = Literal["better", "unclear", "worse"]


def kind_in_words(kind: str) -> str:
    """Return a kind of model in words.

    Examples
    --------
    >>> kind_in_words("lightgbm"), kind_in_words("new_kind")
    ('boosted trees', 'new kind')
    """
    return KINDS.get(kind, kind.replace("_", " "))


def rule_in_words(name: str) -> str:
    """Return a simple rule in words.

    Examples
    --------
    >>> rule_in_words("recency"), rule_in_words("Tenure Months")
    ('days since last purchase', 'Tenure Months')
    """
    return RULES.get(name, name.replace("_", " "))


def standing(difference: Value) -> Standing:
    """Say where the interval of a difference lies: above zero, below it, or around it.

    Examples
    --------
    >>> from training.pages.measured import Value
    >>> standing(Value(value=0.02, low=0.01, high=0.03)), standing(Value(value=0.02))
    ('better', 'unclear')
    """
    if difference.low is not None and difference.low > 0:
        return "better"
    if difference.high is not None and difference.high < 0:
        return "worse"
    return "unclear"


def headline(measured: Measured) -> str:
    """Say in a sentence how the model stands against the best simple rule."""
    best = measured.best_rival
    auc = measured.measures["auc"].value
    if best is None:
        return (
            f"It ranked a customer who left above one who stayed {auc:.0%} of the time; "
            f"no simple rule was there to compare with."
        )
    said = {
        "better": "Clearly better than the best simple rule",
        "unclear": "Not clearly better than the best simple rule",
        "worse": "Worse than the best simple rule",
    }[standing(best.difference)]
    return (
        f"{said}: it ranked a leaver above a stayer {auc:.1%} of the time, the rule "
        f"“{best.name}” {best.auc.value:.1%}."
    )


def basis(measured: Measured, *, is_dated: bool) -> str:
    """Say on whom the model was measured."""
    of = (
        f"{measured.n:,} customers, of whom {measured.n_churned:,} "
        f"({measured.churned_share:.1%}) left"
    )
    if not is_dated:
        return (
            f"Measured on {of}. The table has no dates: each row was judged by a model that had "
            f"not seen it, but these are other customers, not later ones."
        )
    return (
        f"Measured on {of}: everybody who lived on {measured.period}, judged by a model that had "
        f"learned only from what was known on that day."
    )


INTERVALS = (
    "The ranges beside the figures are 95% intervals: with other customers of the same kind the "
    "figure would be expected to lie in them 19 times out of 20."
)


def rival_sentence(rival: Rival) -> str:
    """Say what the paired difference to a rule comes to."""
    return {
        "better": "model is better",
        "unclear": "too close to call",
        "worse": "rule is better",
    }[standing(rival.difference)]


def promised_and_came(measured: Measured) -> str:
    """Say how the mean promise compares with what came."""
    promised = measured.measures.get("p_churn_mean")
    if promised is None:
        return ""
    gap = 100 * (measured.churned_share - promised.value)
    if abs(gap) < 1.0:
        return (
            f"Of all customers together {promised.value:.1%} were promised to leave and "
            f"{measured.churned_share:.1%} did: the level was right."
        )
    which = "more" if gap > 0 else "fewer"
    return (
        f"Of all customers together {promised.value:.1%} were promised to leave and "
        f"{measured.churned_share:.1%} did: {abs(gap):.1f} points {which} than promised."
    )


def signed(value: Value | None, style: str = "+.3f") -> str:
    """Return a difference with its sign, a dash where there is none.

    Examples
    --------
    >>> from training.pages.measured import Value
    >>> signed(Value(value=-0.0123)), signed(None)
    ('−0.012', '–')
    """
    return NONE if value is None else format(value.value, style).replace("-", "−")


def signed_interval(value: Value | None, style: str = "+.3f") -> str:
    """Return the interval of a difference, a dash where there is none."""
    if value is None or value.low is None or value.high is None:
        return NONE
    return f"{value.low:{style}} to {value.high:{style}}".replace("-", "−")


def listed(names: Sequence[str]) -> str:
    """Return names as a person lists them.

    Examples
    --------
    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
