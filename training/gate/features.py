"""Whether features are spread as they were for the champion: moved, constant, or missing.

Only what both bundles keep is compared: the scale of each feature among the living customers at
training, and its share of missing values. What a category is rarer or commoner now is not kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ebbtide.scorer.ranks import RankScale
from ebbtide.words import Words
from training.gate.distance import scale_distance, surely_apart
from training.gate.refusal import Refusal
from training.gate.schema import few

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ebbtide.bundle.contents import Bundle
    from ebbtide.scorer.ranks import Scale
    from training.gate.case import Case

FEWEST_PRESENT = 100
"""Customers who have a value, for a feature to be compared."""


def features_alike(case: Case) -> Iterator[Refusal]:
    """Yield the features that differ from the champion's beyond the limits, by what differs."""
    if case.champion is None:
        return
    settings = case.settings
    now, before = _by_name(case.challenger), _by_name(case.champion)
    moved, constant, missing = {}, [], {}
    for name in now.keys() & before.keys():
        (scale, present, absent), (scale_before, present_before, absent_before) = (
            now[name],
            before[name],
        )
        if absent - absent_before > settings.missing_jump:
            missing[name] = absent - absent_before
        if not isinstance(scale, RankScale) or not isinstance(scale_before, RankScale):
            continue
        if min(present, present_before) < FEWEST_PRESENT:
            continue
        if len(scale.values) == 1 and _varied(scale_before):
            constant.append(name)
            continue
        apart = surely_apart(
            scale_distance(scale, scale_before), n=present, n_before=present_before
        )
        if apart > settings.feature_distance:
            moved[name] = apart
    if moved:
        names = sorted(moved, key=lambda name: -moved[name])
        most = settings.feature_distance
        far = f"{few(names)}: {max(moved.values()):.2f}"
        yield Refusal(
            code="feature_moved",
            expected=Words(
                f"features at most {most:.2f} from the champion's distribution",
                f"特征分布与现任模型的距离不超过 {most:.2f}",
            ),
            came=Words(far, far),
        )
    if constant:
        yield Refusal(
            code="feature_constant",
            expected=Words("features that vary as before", "特征仍有变化"),
            came=Words(
                f"one value for everybody: {few(sorted(constant))}",
                f"所有客户取值相同:{few(sorted(constant))}",
            ),
        )
    if missing:
        names = sorted(missing, key=lambda name: -missing[name])
        risen = f"{few(names)}: {max(missing.values()):+.0%}"
        yield Refusal(
            code="feature_missing",
            expected=Words(
                f"missing shares at most {settings.missing_jump:.0%} above the champion's",
                f"缺失比例最多比现任模型高 {settings.missing_jump:.0%}",
            ),
            came=Words(risen, risen),
        )


def _by_name(bundle: Bundle) -> dict[str, tuple[Scale, int, float]]:
    """Return scale, customers with a value, and share without, by feature."""
    reference = bundle.reference
    return {
        feature.name: (scale, round(reference.n_customers * (1 - absent)), absent)
        for feature, scale, absent in zip(
            bundle.scorer.features,
            bundle.scorer.scales,
            np.asarray(reference.missing_share).tolist(),
            strict=True,
        )
    }


def _varied(scale: RankScale) -> bool:
    """Whether the commonest value was that of less than 95 percent.

    A scale counts ties half: the rank of the first value is half of its share, and so on.
    """
    ranks = np.array(scale.ranks)
    middles = np.concatenate([[0.0], (ranks[1:] + ranks[:-1]) / 2, [1.0]])
    return bool(np.max(np.diff(middles)) < 0.95)
