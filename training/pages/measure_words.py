"""The measures of a model in words: their names, what each says, and how it is written."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from training.evaluation.bootstrap import Estimate

NONE = "–"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureWords:
    """How a measure is shown.

    Parameters
    ----------
    name : its usual name.
    says : what it means to a person who never met it.
    better : which way is better; ``near`` where a certain value is.
    style : how it is written, in Python's language of formats.
    """

    name: str
    says: str
    better: Literal["higher", "lower", "near"]
    style: str = ".3f"


MEASURES: dict[str, MeasureWords] = {
    "auc": MeasureWords(
        name="Ranking (AUC)",
        says=(
            "How often a customer who left was ranked above one who stayed. "
            "0.5 is chance, 1 is perfect."
        ),
        better="higher",
    ),
    "average_precision": MeasureWords(
        name="Average precision",
        says=(
            "The share of leavers among those at the top of the list, averaged over lists that "
            "find ever more of them. Chance gives the churn share."
        ),
        better="higher",
    ),
    "log_loss": MeasureWords(
        name="Log loss",
        says="How surprising the outcomes were, given the probabilities. Lower is better.",
        better="lower",
    ),
    "brier": MeasureWords(
        name="Brier score",
        says="Mean squared distance of probability and outcome. Lower is better.",
        better="lower",
    ),
    "calibration_slope": MeasureWords(
        name="Calibration slope",
        says=("1 is right. Below 1 the probabilities are too extreme, above 1 they are too timid."),
        better="near",
        style=".2f",
    ),
    "calibration_intercept": MeasureWords(
        name="Calibration level",
        says=(
            "0 is right. Above 0 more customers left than promised, below 0 fewer (in log-odds)."
        ),
        better="near",
        style="+.2f",
    ),
    "calibration_error": MeasureWords(
        name="Calibration error",
        says=(
            "Mean distance between promised and realised share over ten groups of customers "
            "of like risk. Chance adds to a distance, so that its interval lies high."
        ),
        better="lower",
    ),
    "top_decile_lift": MeasureWords(
        name="Lift of the top tenth",
        says=(
            "How many times more leavers are among the tenth at highest risk than among as many "
            "customers drawn by lot."
        ),
        better="higher",
        style=".2f",
    ),
    "lift_quality": MeasureWords(
        name="Lift quality",
        says=(
            "How much of the advantage of a perfect list the real list has. "
            "0 is chance, 1 is perfect."
        ),
        better="higher",
    ),
    "precision_at_capacity": MeasureWords(
        name="Leavers on the list",
        says="The share of leavers among the customers that the team has time to contact.",
        better="higher",
        style=".1%",
    ),
    "found_at_capacity": MeasureWords(
        name="Leavers reached",
        says="The share of all leavers that is on that list.",
        better="higher",
        style=".1%",
    ),
    "mpc": MeasureWords(
        name="Maximum profit (MPC)",
        says="What the best campaign earns for each customer of all, at the expected save rate.",
        better="higher",
        style=",.2f",
    ),
    "empc": MeasureWords(
        name="Expected maximum profit (EMPC)",
        says="The same, averaged over all save rates that are thought possible.",
        better="higher",
        style=",.2f",
    ),
    "p_churn_mean": MeasureWords(
        name="Mean probability promised",
        says="What was promised of all customers together.",
        better="near",
        style=".1%",
    ),
    "churned_share": MeasureWords(
        name="Share that churned",
        says="What came.",
        better="near",
        style=".1%",
    ),
}


def words_of(name: str) -> MeasureWords:
    """Return the words of a measure, its bare name where it has none.

    Examples
    --------
    >>> words_of("auc").name, words_of("new_measure").name
    ('Ranking (AUC)', 'New measure')
    """
    bare = name.replace("_", " ").capitalize()
    return MEASURES.get(name, MeasureWords(name=bare, says="", better="near"))


def place_of(name: str) -> int:
    """Return where a measure stands among the others; one without words comes last.

    Examples
    --------
    >>> place_of("auc"), place_of("new_measure") > place_of("churned_share")
    (0, True)
    """
    return list(MEASURES).index(name) if name in MEASURES else len(MEASURES)


def written(name: str, value: float | None) -> str:
    """Return a value of a measure as it is written, a dash where there is none.

    Examples
    --------
    >>> written("auc", 0.78912), written("precision_at_capacity", 0.5), written("auc", math.nan)
    ('0.789', '50.0%', '–')
    """
    if value is None or not math.isfinite(value):
        return NONE
    return minus(format(value, words_of(name).style))


def interval(name: str, of: Estimate) -> str:
    """Return the interval of a measure as it is written, a dash where there is none.

    Examples
    --------
    >>> from training.evaluation.bootstrap import Estimate
    >>> interval("auc", Estimate(value=0.79, low=0.77, high=0.81))
    '0.770 to 0.810'
    """
    if not has_interval(of):
        return NONE
    return f"{written(name, of.low)} to {written(name, of.high)}"


def has_interval(of: Estimate) -> bool:
    """Whether a figure has both ends of an interval."""
    return math.isfinite(of.low) and math.isfinite(of.high)


def minus(text: str) -> str:
    """Return a number with the sign that typesetters use.

    Examples
    --------
    >>> minus("-0.5")
    '−0.5'
    """
    return text.replace("-", "−")
