"""Sentences of the pages: what a measured model comes to, in words for people who decide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from training.pages.measure_words import NONE, has_interval, minus
from training.rule_words import rule_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.pages.page import Level
    from training.evaluation.bootstrap import Estimate
    from training.evaluation.evaluation import Evaluation

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
    ('days since the last purchase', 'Tenure Months')
    """
    return rule_words(name).en


def standing(difference: Estimate) -> Standing:
    """Say where the interval of a difference lies: above zero, below it, or around it.

    Examples
    --------
    >>> from training.evaluation.bootstrap import Estimate
    >>> standing(Estimate(value=0.02, low=0.01, high=0.03))
    'better'
    """
    if difference.low > 0:
        return "better"
    return "worse" if difference.high < 0 else "unclear"


def headline(evaluation: Evaluation) -> str:
    """Say in a sentence how the model stands against the best simple rule."""
    auc, best = evaluation.measures["auc"].value, evaluation.best_rule
    if best is None:
        return (
            f"It ranked a customer who left above one who stayed {auc:.1%} of the time; "
            f"no simple rule was there to compare with."
        )
    rival = evaluation.rivals[best]
    said = {
        "better": "Clearly better than the best simple rule",
        "unclear": "Not clearly better than the best simple rule",
        "worse": "Worse than the best simple rule",
    }[standing(rival.difference)]
    return (
        f"{said}: it ranked a leaver above a stayer {auc:.1%} of the time, the rule "
        f"“{rule_in_words(best)}” {rival.auc.value:.1%}."
    )


def basis(evaluation: Evaluation, *, day: str) -> str:
    """Say on whom a model was measured.

    Parameters
    ----------
    evaluation : the model on them.
    day : of their period; empty without dates.
    """
    share = evaluation.n_churned / evaluation.n
    of = f"{evaluation.n:,} customers, of whom {evaluation.n_churned:,} ({share:.1%}) left"
    if not day:
        return (
            f"Measured on {of}. The table has no dates: each row was judged by a model that had "
            f"not seen it, but these are other customers, not later ones."
        )
    return (
        f"Measured on {of}: everybody who lived on {day}, judged by a model that had learned only "
        f"from what was known on that day."
    )


INTERVALS = (
    "The ranges beside the figures are 95% intervals: so far a figure may move if other customers "
    "of the same time had been measured. Another season may move it further."
)


def verdict_on(difference: Estimate) -> str:
    """Say what the paired difference to a rule comes to."""
    return {
        "better": "model is better",
        "unclear": "too close to call",
        "worse": "rule is better",
    }[standing(difference)]


def promised_and_came(evaluation: Evaluation) -> str:
    """Say how the mean promise compares with what came."""
    promised = evaluation.measures["p_churn_mean"].value
    came = evaluation.measures["churned_share"].value
    points = 100 * (came - promised)
    said = f"Of all customers together {promised:.1%} were promised to leave and {came:.1%} did"
    if abs(points) < 1.0:
        return f"{said}: the level was right."
    return f"{said}: {abs(points):.1f} points {'more' if points > 0 else 'fewer'} than promised."


def signed(value: float, style: str = "+.3f") -> str:
    """Return a difference with its sign, a dash where there is none.

    Examples
    --------
    >>> signed(-0.0123), signed(float("nan"))
    ('−0.012', '–')
    """
    return NONE if value != value else minus(format(value, style))


def signed_interval(of: Estimate, style: str = "+.3f") -> str:
    """Return the interval of a difference, a dash where there is none."""
    if not has_interval(of):
        return NONE
    return f"{signed(of.low, style)} to {signed(of.high, style)}"


def in_words(definition: str) -> str:
    """Return the sentence of a churn definition for people who never saw a snapshot.

    Examples
    --------
    >>> in_words("no purchase in the 90 days from as_of")
    'no purchase in the 90 days from the day of scoring'
    """
    return definition.replace("as_of", "the day of scoring")


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
