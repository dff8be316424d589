"""Whether a challenger reads what the champion reads, and churn means the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ebbtide.words import Words
from training.gate.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ebbtide.bundle.contents import Bundle
    from ebbtide.contracts.feature import FeatureContract
    from training.gate.case import Case

MOST_NAMED = 5
MOST_CATEGORIES_LOST = 0.5
"""Share of a column's categories that may be gone; rare ones come and go."""


def schema_kept(case: Case) -> Iterator[Refusal]:
    """Yield what callers of the champion would stumble over."""
    if case.champion is None:
        return
    yield from _definition(case.challenger, case.champion)
    before = _by_name(case.champion)
    now = _by_name(case.challenger)
    lost = sorted(before.keys() - now.keys())
    demanded = sorted(name for name in now.keys() - before.keys() if not now[name].is_nullable)
    changed = sorted(
        name for name in now.keys() & before.keys() if not _is_compatible(now[name], before[name])
    )
    for names, expected, came in (
        (
            lost,
            Words("the champion's features", "包含现任模型的全部特征"),
            Words("without", "缺少"),
        ),
        (
            demanded,
            Words("new features that may be missing", "新增特征允许缺失"),
            Words("demanded of every caller:", "每次调用必须提供"),
        ),
        (
            changed,
            Words("features of the same unit and kind", "特征的单位和类型不变"),
            Words("others for", "发生变化的特征"),
        ),
    ):
        if names:
            yield Refusal(
                code="schema",
                expected=expected,
                came=Words(f"{came.en} {few(names)}", f"{came.zh} {few(names)}"),
            )
    is_same = list(before) == list(now) and not changed
    if is_same and case.champion.catalogue_version != case.challenger.catalogue_version:
        yield Refusal(
            code="catalogue",
            expected=Words(
                f"features as declared in {case.champion.catalogue_version}",
                f"特征声明版本为 {case.champion.catalogue_version}",
            ),
            came=Words(
                f"{case.challenger.catalogue_version}", f"{case.challenger.catalogue_version}"
            ),
        )


def few(names: Iterable[str]) -> str:
    """Return the first names, and how many there are beyond.

    Examples
    --------
    >>> few(["a", "b", "c", "d", "e", "f", "g"])
    'a, b, c, d, e (+2)'
    """
    listed = list(names)
    rest = len(listed) - MOST_NAMED
    return ", ".join(listed[:MOST_NAMED]) + (f" (+{rest})" if rest > 0 else "")


def _definition(challenger: Bundle, champion: Bundle) -> Iterator[Refusal]:
    before = {**champion.definition.to_json(), "lookback_days": champion.lookback_days}
    now = {**challenger.definition.to_json(), "lookback_days": challenger.lookback_days}
    keys = [key for key in {**before, **now} if before.get(key) != now.get(key)]
    if keys:
        were, are = (", ".join(f"{key} {said.get(key)}" for key in keys) for said in (before, now))
        yield Refusal(code="definition", expected=Words(were, were), came=Words(are, are))


def _by_name(bundle: Bundle) -> dict[str, FeatureContract]:
    return {feature.name: feature for feature in bundle.scorer.features}


def _is_compatible(now: FeatureContract, before: FeatureContract) -> bool:
    if now.unit != before.unit or now.is_categorical != before.is_categorical:
        return False
    if before.is_nullable and not now.is_nullable:
        return False
    if before.learned is None or now.learned is None or not before.is_categorical:
        return True
    gone = set(before.learned.categories) - set(now.learned.categories)
    return len(gone) <= MOST_CATEGORIES_LOST * len(before.learned.categories)
