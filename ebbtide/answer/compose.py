"""Answer n questions at once: score, find the reasons, decide, and put it into words.

Used by the service and by ``ebbtide score`` alike, so it knows nothing of HTTP, stores or the time
of day: ids and instants are given.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from ebbtide.answer.answer import ABSTAIN, Answer
from ebbtide.answer.arm import deal
from ebbtide.answer.unlearned import unlearned, unlearned_share
from ebbtide.answer.value import values_at_stake
from ebbtide.answer.warned import warned
from ebbtide.answer.when import when_each_leaves
from ebbtide.decision import NO_ACTION, Cases, decide
from ebbtide.reasons import material_contributions, reasons_of_row, top_features

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ebbtide.answer.answer import Abstain, Question, Warned, WarningCode
    from ebbtide.answer.arm import Dealt
    from ebbtide.answer.model import Model
    from ebbtide.answer.value import ValueBasis
    from ebbtide.answer.when import When
    from ebbtide.contracts.feature import FeatureContract
    from ebbtide.decision import BoolArray, Decisions
    from ebbtide.policy.policy import Policy
    from ebbtide.reasons import Reason
    from ebbtide.scorer.scores import FloatArray, Scores
    from ebbtide.words import Language


CALIBRATION_TOLERATED = 0.1
"""Mean gap between promised and realised churn share beyond which every answer warns."""

UNLEARNED_TOLERATED = 0.5
"""Share of all that moves a score beyond which it must not come of what was not learned.

Such a value is taken as the nearest that was learned, or as missing. Up to a half, what was learned
still decides which way the score goes; beyond, the score may say anything."""

LATER_PERIOD = "a later period"
"""What calibration must have been checked on; on anything else, every answer warns."""


def answer_rows(
    rows: FloatArray,
    *,
    questions: Sequence[Question],
    model: Model,
    policy: Policy,
    scored_at: datetime,
    language: Language = "en",
) -> list[Answer]:
    """Answer n questions with one model and one policy.

    Parameters
    ----------
    rows : feature values in the order of the model's features, shape (n, features); NaN is
        missing. A row gives the same answer in any batch.
    questions : who is asked about, in the order of the rows.
    model : what scores.
    policy : what decides.
    scored_at : now, aware; given by the edge.
    language : the language of the texts.
    """
    if not questions:
        return []
    features = model.scorer.features
    with np.errstate(all="ignore"):
        scores = model.scorer.score(rows)
        is_finite = np.isfinite(scores.p_churn) & np.isfinite(scores.contributions).all(axis=1)
        scores = _without_rows(scores, ~is_finite)
        percentiles = model.reference.percentile(scores.p_churn)
    value, basis = values_at_stake(rows, scores, questions=questions, model=model, policy=policy)
    material = material_contributions(scores.contributions, features=features)
    top = top_features(
        material,
        rows=rows,
        typical=model.scorer.typical,
        features=features,
        by_outcome=model.scorer.typical_by_outcome,
    )
    cases = Cases(
        p_churn=scores.p_churn,
        contributions=material,
        rows=rows,
        reasons=top,
        value=value,
        contact_opt_out=np.array([question.contact_opt_out for question in questions]),
    )
    when = when_each_leaves(scores.risk_by_day, count=len(rows))
    decisions, dealt = deal(
        decide(cases, policy=policy, features=features),
        customer_ids=[question.customer_id for question in questions],
        policy=policy,
    )
    frame = _Frame(
        model=model,
        policy=policy,
        scored_at=scored_at,
        language=language,
    )
    answers = []
    for row, question in enumerate(questions):
        why = _abstain(
            question,
            rows[row],
            contributions=scores.contributions[row] if is_finite[row] else None,
            features=features,
        )
        if why is not None:
            answers.append(frame.abstained(question, why, values=rows[row]))
        else:
            reasons: tuple[Reason, ...] = ()
            if question.with_reasons:
                reasons = reasons_of_row(
                    top[row],
                    features=features,
                    contributions=scores.contributions[row],
                    values=rows[row],
                    typical=model.scorer.typical,
                    language=language,
                    by_outcome=model.scorer.typical_by_outcome,
                )
            answers.append(
                frame.scored(
                    question,
                    p_churn=float(scores.p_churn[row]),
                    bounds=_bounds(scores, row) if question.with_interval else None,
                    percentile=float(percentiles[row]),
                    reasons=reasons,
                    value=float(value[row]),
                    value_basis=basis[row],
                    when=when[row],
                    decisions=decisions,
                    dealt=dealt[row],
                    row=row,
                    values=rows[row],
                )
            )
    return answers


def churn_score(p_churn: float) -> int:
    """Return the probability as a whole number from 0 to 100, halves rounded up.

    Examples
    --------
    >>> churn_score(0.125), churn_score(1.0)
    (13, 100)
    """
    return math.floor(p_churn * 100 + 0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """What all answers of one call share."""

    model: Model
    policy: Policy
    scored_at: datetime
    language: Language

    def abstained(self, question: Question, code: Abstain, *, values: FloatArray) -> Answer:
        return replace(
            self._begun(question),
            abstain_code=code,
            abstain_text=ABSTAIN[code][self.language],
            warnings=self._warnings(question, values) if code == "out_of_range" else (),
        )

    def scored(
        self,
        question: Question,
        *,
        p_churn: float,
        bounds: tuple[float, float] | None,
        percentile: float,
        reasons: tuple[Reason, ...],
        value: float,
        value_basis: ValueBasis | None,
        when: When,
        decisions: Decisions,
        dealt: Dealt,
        row: int,
        values: FloatArray,
    ) -> Answer:
        chosen = int(decisions.chosen[row])
        action = decisions.actions[chosen] if chosen >= 0 else None
        no_action = decisions.no_action[row]
        return replace(
            self._begun(question),
            status="scored",
            churn_probability=p_churn,
            churn_probability_low=bounds[0] if bounds else None,
            churn_probability_high=bounds[1] if bounds else None,
            churn_score=churn_score(p_churn),
            risk_band=self.policy.bands.of(p_churn),
            percentile=round(percentile, 2),
            risk_by_day=when[0],
            expected_days_to_churn=when[1],
            reasons=reasons,
            action_code=action.code if action else None,
            action_text=action.text[self.language] if action else None,
            action_channel=action.channel if action else None,
            no_action_code=no_action,
            no_action_text=NO_ACTION[no_action][self.language] if no_action else None,
            action_family=dealt.family,
            arm=dealt.arm,
            propensity=dealt.propensity,
            withheld_action_code=dealt.withheld_action_code,
            value=None if math.isnan(value) else round(value, 2),
            value_basis=value_basis,
            expected_value=round(float(decisions.expected_value[row]), 2),
            expected_cost=round(float(decisions.expected_cost[row]), 2),
            effect=round(float(decisions.effect[row]), 6),
            effect_low=round(float(decisions.effect_low[row]), 6),
            effect_high=round(float(decisions.effect_high[row]), 6),
            effect_basis="assumed" if action else None,
            outcome_due_at=self.model.definition.window(question.as_of).matures_at,
            warnings=self._warnings(question, values),
        )

    def _begun(self, question: Question) -> Answer:
        """Say who is answered about, when and by what; there is no score yet."""
        return Answer(
            prediction_id=question.prediction_id,
            customer_id=question.customer_id,
            status="abstained",
            as_of=question.as_of,
            scored_at=self.scored_at,
            valid_until=question.as_of + timedelta(days=self.policy.valid_days),
            model_version=self.model.version,
            policy_version=self.policy.version,
            definition=self.model.definition.code,
            language=self.language,
        )

    def _warnings(self, question: Question, values: FloatArray) -> tuple[Warned, ...]:
        found = []
        if question.as_of + timedelta(days=self.policy.valid_days) < self.scored_at:
            found.append(self._warned("expired"))
        if self.model.calibration_error > CALIBRATION_TOLERATED:
            found.append(self._warned("calibration_off", f"{self.model.calibration_error:.2f}"))
        if self.model.calibration_checked_on != LATER_PERIOD:
            found.append(self._warned("calibration_unchecked"))
        found += [self._warned("missing_feature", name) for name in question.missing]
        found += [self._warned("missing_table", name) for name in question.missing_tables]
        found += [self._warned("missing_column", name) for name in question.missing_columns]
        if question.has_other_fit:
            found.append(self._warned("other_fit"))
        if question.has_newer_events:
            found.append(self._warned("newer_events"))
        found += [
            self._warned(code, name)
            for code, name in unlearned(values, self.model.scorer.features)
            if name not in question.missing
        ]
        return tuple(found)

    def _warned(self, code: WarningCode, subject: str = "") -> Warned:
        return warned(code, subject, features=self.model.scorer.features, language=self.language)


def _abstain(
    question: Question,
    values: FloatArray,
    *,
    contributions: FloatArray | None,
    features: Sequence[FeatureContract],
) -> Abstain | None:
    """Return why a row gets no score; None if it gets one. Without contributions none is finite."""
    if question.profiling_opt_out:
        return "profiling_opt_out"
    if not question.is_alive:
        return "already_churned" if question.has_history else "too_little_history"
    if np.isnan(values).all():
        return "too_little_history"
    if contributions is None:
        return "no_finite_score"
    share = unlearned_share(values, contributions, features)
    return "out_of_range" if share > UNLEARNED_TOLERATED else None


def _bounds(scores: Scores, row: int) -> tuple[float, float] | None:
    """Return how low and how high the probability of a row may be, where the model says it."""
    if scores.bounds is None:
        return None
    low, high = scores.bounds
    return float(low[row]), float(high[row])


def _without_rows(scores: Scores, dropped: BoolArray) -> Scores:
    """Return the scores with zeros where no finite score exists."""
    if not dropped.any():
        return scores
    return replace(
        scores,
        p_churn=np.where(dropped, 0.0, scores.p_churn),
        contributions=np.where(dropped[:, None], 0.0, scores.contributions),
    )
