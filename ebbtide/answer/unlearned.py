"""What of a customer's values a model did not learn from, by the contracts of its features.

Only columns of a snapshot table are concerned: the features of the catalogue have hard ranges.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ebbtide.contracts.learned import UNSEEN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.answer.answer import WarningCode
    from ebbtide.contracts.feature import FeatureContract
    from ebbtide.contracts.learned import Learned
    from ebbtide.scorer.scores import FloatArray


def unlearned(
    values: FloatArray, features: Sequence[FeatureContract]
) -> list[tuple[WarningCode, str]]:
    """Return what one row holds beyond what was learned: code and name, in the features' order.

    Parameters
    ----------
    values : the row, shape (features,); NaN is missing.
    features : the features, in the order of the columns.
    """
    found: list[tuple[WarningCode, str]] = []
    for value, feature in zip(values.tolist(), features, strict=True):
        code = None if feature.learned is None else _code(value, feature.learned)
        if code is not None:
            found.append((code, feature.name))
    return found


def unlearned_share(
    values: FloatArray, contributions: FloatArray, features: Sequence[FeatureContract]
) -> float:
    """Return which share of what moves a row's score comes of what was not learned, in [0, 1].

    Parameters
    ----------
    values, contributions : of the row, shape (features,).
    features : the features, in the order of the columns.
    """
    names = {name for _, name in unlearned(values, features)}
    if not names:
        return 0.0
    moved = [abs(each) for each in contributions.tolist()]
    total = sum(moved)
    within = (size for size, each in zip(moved, features, strict=True) if each.name in names)
    return sum(within) / total if total > 0 else 0.0


def _code(value: float, learned: Learned) -> WarningCode | None:
    if value != value:
        return None if learned.had_null else "unlearned_null"
    if learned.is_categorical:
        return "unseen_category" if value == UNSEEN else None
    is_below = learned.low is not None and value < learned.low
    is_above = learned.high is not None and value > learned.high
    return "unlearned_range" if is_below or is_above else None
