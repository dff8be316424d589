"""A stored answer in another language, composed again from the facts that it holds.

Its texts are said again only where the words in force are those that it was said with: each text is
first composed in its own language and must come out as it was. So nothing is said in the other
language that was not said then.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from ebbtide.answer.answer import ABSTAIN
from ebbtide.answer.warned import warned
from ebbtide.contracts.learned import UNSEEN
from ebbtide.decision import NO_ACTION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ebbtide.answer.answer import Answer, Warned
    from ebbtide.contracts.feature import FeatureContract
    from ebbtide.policy.policy import Policy
    from ebbtide.reasons import Reason
    from ebbtide.words import Language, Words


class _Untold(Exception):
    """The words in force are not those that the answer was said with."""


def retold(
    answer: Answer, language: Language, *, features: Sequence[FeatureContract], policy: Policy
) -> Answer | None:
    """Return an answer in another language; None if that cannot be done truthfully.

    Parameters
    ----------
    answer : as it was given.
    language : the language wanted.
    features : with the words in force; those of the served model.
    policy : in force, with the texts of the actions.
    """
    if answer.language == language:
        return answer
    contracts = {feature.name: feature for feature in features}
    actions = {action.code: action.text for action in policy.actions}
    said = partial(_said, told_in=answer.language, language=language)
    try:
        return replace(
            answer,
            language=language,
            reasons=tuple(
                _reason(reason, contracts, told_in=answer.language, language=language)
                for reason in answer.reasons
            ),
            warnings=tuple(
                _warning(each, contracts, told_in=answer.language, language=language)
                for each in answer.warnings
            ),
            action_text=said(answer.action_code, answer.action_text, actions),
            no_action_text=said(answer.no_action_code, answer.no_action_text, NO_ACTION),
            abstain_text=said(answer.abstain_code, answer.abstain_text, ABSTAIN),
        )
    except _Untold:
        return None


def _said(
    code: str | None,
    text: str | None,
    words: Mapping[Any, Words],
    *,
    told_in: Language,
    language: Language,
) -> str | None:
    if code is None:
        return None
    if code not in words or words[code][told_in] != text:
        raise _Untold
    return words[code][language]


def _reason(
    reason: Reason,
    contracts: Mapping[str, FeatureContract],
    *,
    told_in: Language,
    language: Language,
) -> Reason:
    feature = contracts.get(reason.feature)
    if feature is None:
        raise _Untold
    typical = _value(reason.typical, feature)
    groups = {
        "stayers": _value(reason.typical_stayers, feature),
        "leavers": _value(reason.typical_leavers, feature),
    }
    # A category that was not learned is shown as null, as what is missing is: the text tells.
    values = [_value(reason.value, feature)]
    values += [UNSEEN] if reason.value is None and feature.is_categorical else []
    for value in values:
        if feature.reason_text(value, typical, told_in, **groups) == reason.text:
            return replace(reason, text=feature.reason_text(value, typical, language, **groups))
    raise _Untold


def _value(shown: float | str | None, feature: FeatureContract) -> float:
    """Return a value as the model holds it."""
    if shown is None:
        return math.nan
    if isinstance(shown, str):
        if feature.learned is None or shown not in feature.learned.categories:
            raise _Untold
        return feature.learned.code(shown)
    return shown


def _warning(
    given: Warned,
    contracts: Mapping[str, FeatureContract],
    *,
    told_in: Language,
    language: Language,
) -> Warned:
    named = contracts.get(given.subject)
    if given.code == "missing_feature" and (named is None or named.when_null is None):
        raise _Untold
    features = () if named is None else (named,)
    if warned(given.code, given.subject, features=features, language=told_in).text != given.text:
        raise _Untold
    return warned(given.code, given.subject, features=features, language=language)
