"""The words of answers by one model and one policy, in one language, as far as all share them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ebbtide.answer.answer import ABSTAIN
from ebbtide.answer.warned import warned
from ebbtide.decision import NO_ACTION
from ebbtide.reasons import reasons_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.answer.answer import Warned, WarningCode
    from ebbtide.answer.model import Model
    from ebbtide.contracts.feature import FeatureContract
    from ebbtide.policy.policy import Action
    from ebbtide.reasons import ReasonOf
    from ebbtide.words import Language

CALIBRATION_TOLERATED = 0.1
"""Mean gap between promised and realised churn share beyond which every answer warns."""

LATER_PERIOD = "a later period"
"""What calibration must have been checked on; on anything else, every answer warns."""

_MOST_WARNINGS = 2_000
"""Warnings that are kept: a few for each feature, table and column; they are no customers'."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Wording:
    """Words that do not depend on the customer.

    Parameters
    ----------
    language : theirs.
    features : those of the model.
    reasons : of each feature, all but what is the customer's.
    actions, no_actions, abstentions : texts, by their place among the offers' actions, in
        ``NO_ACTION`` and in ``ABSTAIN``.
    of_model : warnings that every answer of the model carries.
    """

    language: Language
    features: tuple[FeatureContract, ...]
    reasons: tuple[ReasonOf, ...]
    actions: tuple[str, ...]
    no_actions: tuple[str, ...]
    abstentions: tuple[str, ...]
    of_model: tuple[Warned, ...]
    _said: dict[tuple[WarningCode, str], Warned] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, model: Model, actions: Sequence[Action], language: Language) -> Wording:
        """Compose them."""
        scorer = model.scorer

        def said(code: WarningCode, subject: str = "") -> Warned:
            return warned(code, subject, features=scorer.features, language=language)

        of_model = []
        if model.calibration_error > CALIBRATION_TOLERATED:
            of_model.append(said("calibration_off", f"{model.calibration_error:.2f}"))
        if model.calibration_checked_on != LATER_PERIOD:
            of_model.append(said("calibration_unchecked"))
        return cls(
            language=language,
            features=scorer.features,
            reasons=reasons_in(
                language,
                features=scorer.features,
                typical=scorer.typical,
                by_outcome=scorer.typical_by_outcome,
            ),
            actions=tuple(action.text[language] for action in actions),
            no_actions=tuple(words[language] for words in NO_ACTION.values()),
            abstentions=tuple(words[language] for words in ABSTAIN.values()),
            of_model=tuple(of_model),
        )

    def warned(self, code: WarningCode, subject: str = "") -> Warned:
        """Return a warning, composed once."""
        found = self._said.get((code, subject))
        if found is None:
            found = warned(code, subject, features=self.features, language=self.language)
            if len(self._said) < _MOST_WARNINGS:
                self._said[code, subject] = found
        return found
