"""What the model would say of a customer whose values were others.

A recomputation, nothing more: the model learned from customers who were so, not from customers who
were made so. No action is chosen and nothing is recorded here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ebbtide.errors import ContractError, did_you_mean
from ebbtide.words import Words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ebbtide.contracts.feature import FeatureContract
    from ebbtide.scorer.scores import FloatArray, Scorer

NOTICE = Words(
    "A recomputation: what the model says of a customer with these values. It is no promise of "
    "what comes of bringing them about.",
    "仅为重新计算：模型对具有这些取值的客户的评分，并不保证实际改变这些取值后会出现同样的结果。",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One feature that was changed.

    Parameters
    ----------
    feature, family : the feature and its family.
    before, after : its values, a category as text; None where missing.
    contribution_before, contribution_after : its exact share in the raw score, either way. Those of
        other features may move too, where the model reads them together.
    """

    feature: str
    family: str
    before: float | str | None
    after: float | str | None
    contribution_before: float
    contribution_after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """What the model says of the same customer twice.

    Parameters
    ----------
    p_churn_before, p_churn_after : calibrated probability of churn, in [0, 1].
    changed : the features that were changed, in the order of the model.
    kept_in_families : other features of the same families, which stayed as they were though they
        are likely to move together with those that were changed.
    """

    p_churn_before: float
    p_churn_after: float
    changed: tuple[Change, ...]
    kept_in_families: tuple[str, ...]

    @property
    def difference(self) -> float:
        """Probability after less that before; below zero is less risk."""
        return self.p_churn_after - self.p_churn_before


def what_if(
    scorer: Scorer,
    row: FloatArray,
    changes: Mapping[str, float | str | bool | None],
) -> WhatIf:
    """Score a customer again with some values changed.

    Parameters
    ----------
    scorer : of a bundle.
    row : the customer's values in the order of the scorer's features, shape (features,); NaN is
        missing.
    changes : new values by feature name: a number, the text of a category, or None for missing.

    Raises
    ------
    ContractError
        If nothing is changed, a name is unknown, or a value is none of its feature; all that is
        wrong is said at once.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from ebbtide.contracts.feature import FeatureContract
    >>> from ebbtide.scorer.scores import Scores
    >>> silence = FeatureContract(
    ...     name="recency_days",
    ...     family="recency",
    ...     table="transactions",
    ...     unit="days",
    ...     low=0.0,
    ...     meaning="Days since the last purchase.",
    ...     reason=Words("{value} days", "{value} 天"),
    ...     cause="disengagement",
    ... )
    >>> scorer = SimpleNamespace(
    ...     features=(silence,),
    ...     score=lambda rows: Scores(p_churn=rows[:, 0] / 100, contributions=rows),
    ... )
    >>> round(what_if(scorer, np.array([75.0]), {"recency_days": 25}).difference, 3)
    -0.5
    """
    names = [feature.name for feature in scorer.features]
    wrong = [] if changes else ["nothing is changed"]
    after = np.array(row, dtype=np.float64)
    for name, value in changes.items():
        if name not in names:
            wrong.append(f"there is no feature {name!r}, {did_you_mean(name, names)}")
            continue
        column = names.index(name)
        try:
            after[column] = _coded(value, scorer.features[column])
        except ValueError as err:
            wrong.append(f"{name}: {err}")
    if wrong:
        raise ContractError(
            f"Expected values of features of the model to change, but {'; '.join(wrong)}. The "
            f"features of the scorer say what they take."
        )
    columns = [names.index(name) for name in changes]
    return compared(scorer, np.asarray(row, dtype=np.float64), after, columns=columns)


def compared(
    scorer: Scorer, before: FloatArray, after: FloatArray, *, columns: Sequence[int]
) -> WhatIf:
    """Score two rows of one customer and put them side by side.

    Parameters
    ----------
    scorer : of a bundle.
    before, after : checked values in the order of the scorer's features, shape (features,).
    columns : which of them were changed, even to what they were.
    """
    scores = scorer.score(np.stack([before, after]))
    contributions = scores.contributions
    assert contributions is not None, "they are computed unless told otherwise"
    features = scorer.features
    families = {features[column].family for column in columns}
    return WhatIf(
        p_churn_before=float(scores.p_churn[0]),
        p_churn_after=float(scores.p_churn[1]),
        changed=tuple(
            Change(
                feature=features[column].name,
                family=features[column].family,
                before=features[column].shown(float(before[column])),
                after=features[column].shown(float(after[column])),
                contribution_before=float(contributions[0, column]),
                contribution_after=float(contributions[1, column]),
            )
            for column in sorted(columns)
        ),
        kept_in_families=tuple(
            feature.name
            for column, feature in enumerate(features)
            if feature.family in families and column not in columns
        ),
    )


def _coded(value: float | str | bool | None, feature: FeatureContract) -> float:
    """Return a value as the model reads it, or raise ValueError with what was expected."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        if not feature.is_nullable:
            raise ValueError("it is never missing")
        return math.nan
    if feature.learned is not None and feature.is_categorical:
        return feature.learned.code(value)
    if isinstance(value, bool | str) or not abs(value) < math.inf:
        raise ValueError(f"expected a finite number ({feature.unit})")
    low = -math.inf if feature.low is None else feature.low
    high = math.inf if feature.high is None else feature.high
    if not low <= value <= high:
        raise ValueError(f"expected a number from {low:g} to {high:g} ({feature.unit})")
    return float(value)
