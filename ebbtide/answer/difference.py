"""What differs between two answers about one customer, in numbers and in one sentence.

It compares what was said. It never says that one thing came of another: a score may move because
the customer did something, because others did, because time passed or because the model is another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ebbtide.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ebbtide.answer.answer import Answer
    from ebbtide.reasons import Reason
    from ebbtide.words import Language

Change = Literal["appeared", "gone", "stronger", "weaker", "same", "not_comparable"]
Shown = float | str | None

SAME_CONTRIBUTION = 0.01
"""Contributions that differ by less say the same: it moves no probability by half a percent."""

_MOVED: dict[str, Words] = {
    "rose": Words(
        "The probability rose by {points} points, from {before}% to {after}%",
        "流失概率上升 {points} 个百分点，由 {before}% 升至 {after}%",
    ),
    "fell": Words(
        "The probability fell by {points} points, from {before}% to {after}%",
        "流失概率下降 {points} 个百分点，由 {before}% 降至 {after}%",
    ),
    "stayed": Words("The probability stayed at {after}%", "流失概率仍为 {after}%"),
    "begun": Words(
        "There was no score before; the probability is {after}%",
        "此前没有评分；流失概率为 {after}%",
    ),
    "ended": Words(
        "The probability was {before}%; there is no score now",
        "此前流失概率为 {before}%；现在没有评分",
    ),
    "none": Words("There was no score before, and there is none now", "此前没有评分，现在也没有"),
}
_OTHER: dict[str, Words] = {
    "definition": Words(
        "the churn definition is another, so that the two answers do not mean the same",
        "流失定义已变更，两次结果的含义不同",
    ),
    "model": Words(
        "another model scored, so that weights are not compared",
        "评分模型不同，因此不比较各因素的权重",
    ),
    "policy": Words("the policy is another", "策略版本不同"),
}
_SAID: dict[Change, Words] = {
    "appeared": Words("new among the reasons: {listed}", "新出现的因素：{listed}"),
    "gone": Words("no longer among them: {listed}", "不再出现的因素：{listed}"),
    "stronger": Words("weighing more: {listed}", "权重增加的因素：{listed}"),
    "weaker": Words("weighing less: {listed}", "权重减少的因素：{listed}"),
}
_LIST, _CLAUSE, _END = Words(", ", "、"), Words("; ", "；"), Words(".", "。")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonChange:
    """One feature that is a reason of either answer.

    Parameters
    ----------
    feature, family : which.
    change : ``appeared`` or ``gone`` among the reasons; of one that is a reason of both whether its
        contribution is ``stronger``, ``weaker`` or the ``same``, or ``not_comparable`` where
        another model scored.
    value_before, value_after : its values, as the log has them; None where missing or not logged.
    contribution_before, contribution_after : its contributions; None where it is no reason.
    """

    feature: str
    family: str
    change: Change
    value_before: Shown
    value_after: Shown
    contribution_before: float | None
    contribution_after: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What differs from an earlier answer to a later one.

    Parameters
    ----------
    before, after : ids of the two.
    probability_before, probability_after : None where one abstained.
    probability_difference : the later less the earlier; None where either abstained.
    model_changed, policy_changed, definition_changed : whether that is another.
    reasons : the features that are reasons of either, the later answer's first; none where either
        answer was asked for without its reasons.
    why_changed : the same in one sentence.
    """

    before: str
    after: str
    probability_before: float | None
    probability_after: float | None
    probability_difference: float | None
    model_changed: bool
    policy_changed: bool
    definition_changed: bool
    reasons: tuple[ReasonChange, ...]
    why_changed: str


def difference(
    before: Answer,
    after: Answer,
    *,
    values_before: Mapping[str, Shown],
    values_after: Mapping[str, Shown],
    language: Language,
) -> Difference:
    """Compare two answers about one customer.

    Parameters
    ----------
    before, after : the earlier and the later one.
    values_before, values_after : the logged values of each by feature, for features that are no
        reason there; what is left out is not known.
    language : the language of the sentence. A reason that was said in another is named by its
        feature.
    """
    is_same_model = before.model_version == after.model_version
    both_say_why = before.reasons_asked and after.reasons_asked
    changes = tuple(
        _change(
            feature,
            _reason(before, feature),
            _reason(after, feature),
            values=(values_before.get(feature), values_after.get(feature)),
            is_same_model=is_same_model,
        )
        for feature in dict.fromkeys(r.feature for r in (*after.reasons, *before.reasons))
        if both_say_why
    )
    p_before, p_after = before.churn_probability, after.churn_probability
    others = {
        "definition": before.definition != after.definition,
        "model": not is_same_model,
        "policy": before.policy_version != after.policy_version,
    }
    return Difference(
        before=before.prediction_id,
        after=after.prediction_id,
        probability_before=p_before,
        probability_after=p_after,
        probability_difference=None if p_before is None or p_after is None else p_after - p_before,
        model_changed=others["model"],
        policy_changed=others["policy"],
        definition_changed=others["definition"],
        reasons=changes,
        why_changed=_sentence(
            [
                _movement(p_before, p_after, language),
                *(_OTHER[name][language] for name, is_other in others.items() if is_other),
                *_listed(changes, before, after, language),
            ],
            language,
        ),
    )


def _reason(answer: Answer, feature: str) -> Reason | None:
    return next((reason for reason in answer.reasons if reason.feature == feature), None)


def _change(
    feature: str,
    before: Reason | None,
    after: Reason | None,
    *,
    values: tuple[Shown, Shown],
    is_same_model: bool,
) -> ReasonChange:
    either = after or before
    assert either is not None
    return ReasonChange(
        feature=feature,
        family=either.family,
        change=_kind(before, after, is_same_model=is_same_model),
        value_before=values[0] if before is None else before.value,
        value_after=values[1] if after is None else after.value,
        contribution_before=None if before is None else before.contribution,
        contribution_after=None if after is None else after.contribution,
    )


def _kind(before: Reason | None, after: Reason | None, *, is_same_model: bool) -> Change:
    if before is None:
        return "appeared"
    if after is None:
        return "gone"
    if not is_same_model:
        return "not_comparable"
    moved = after.contribution - before.contribution
    if abs(moved) < SAME_CONTRIBUTION:
        return "same"
    return "stronger" if moved > 0 else "weaker"


def _sentence(clauses: Sequence[str], language: Language) -> str:
    return _CLAUSE[language].join(clauses) + _END[language]


def _movement(before: float | None, after: float | None, language: Language) -> str:
    tenths = [None if p is None else round(1000 * p) for p in (before, after)]
    first, second = tenths
    if first is None or second is None:
        kind = "begun" if second is not None else "ended" if first is not None else "none"
        points = 0
    else:
        points = second - first
        kind = "stayed" if points == 0 else "rose" if points > 0 else "fell"
    return _MOVED[kind][language].format(
        points=f"{abs(points) / 10:.1f}",
        before="" if first is None else f"{first / 10:.1f}",
        after="" if second is None else f"{second / 10:.1f}",
    )


def _listed(
    changes: Sequence[ReasonChange], before: Answer, after: Answer, language: Language
) -> Iterable[str]:
    for kind, words in _SAID.items():
        said_by = before if kind == "gone" else after
        named = [_named(said_by, each.feature, language) for each in changes if each.change == kind]
        if named:
            yield words[language].format(listed=_LIST[language].join(named))


def _named(answer: Answer, feature: str, language: Language) -> str:
    reason = _reason(answer, feature)
    if reason is None or answer.language != language:
        return feature
    return f"“{reason.text}”"
