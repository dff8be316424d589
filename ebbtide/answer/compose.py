"""Answer n questions at once: what is decided about them, put into words.

Used by the service and by ``ebbtide score`` alike, so it knows nothing of HTTP, stores or the time
of day: ids and instants are given. What is decided is in ``ebbtide.answer.judged``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from ebbtide.answer.answer import ABSTAIN, Answer
from ebbtide.answer.asked import Asked
from ebbtide.answer.judged import BANDS, OUT_OF_RANGE, judge
from ebbtide.answer.prepared import prepared_for
from ebbtide.answer.value import BASES
from ebbtide.answer.when import when_each_leaves
from ebbtide.decision import NO_ACTION

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ebbtide.answer.answer import Question, Warned
    from ebbtide.answer.judged import Judged
    from ebbtide.answer.model import Model
    from ebbtide.answer.prepared import Prepared
    from ebbtide.answer.when import When
    from ebbtide.answer.wording import Wording
    from ebbtide.policy.policy import Policy
    from ebbtide.reasons import Reason
    from ebbtide.scorer.scores import FloatArray
    from ebbtide.words import Language

_ABSTAINS = tuple(ABSTAIN)
_NO_ACTIONS = tuple(NO_ACTION)


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
    model : what scores; it may not change between calls.
    policy : what decides.
    scored_at : now, aware; given by the edge.
    language : the language of the texts.
    """
    if not questions:
        return []
    prepared = prepared_for(model, policy)
    judged = judge(rows, asked=Asked.of(questions), prepared=prepared)
    frame = _Frame(
        prepared=prepared,
        wording=prepared.wording[language],
        scored_at=scored_at,
        dated={},
        columns=_Columns.of(judged, rows),
    )
    return [
        frame.scored(question, row) if code < 0 else frame.abstained(question, row, code)
        for row, (question, code) in enumerate(
            zip(questions, judged.abstained.tolist(), strict=True)
        )
    ]


def churn_score(p_churn: float) -> int:
    """Return the probability as a whole number from 0 to 100, halves rounded up.

    Examples
    --------
    >>> churn_score(0.125), churn_score(1.0)
    (13, 100)
    """
    return math.floor(p_churn * 100 + 0.5)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Columns:
    """The columns of what was judged as plain lists: one look-up for each field of a row."""

    judged: Judged
    p_churn: list[float]
    bounds: tuple[list[float], list[float]] | None
    churn_score: list[int]
    band: list[int]
    percentile: list[float]
    value: list[float]
    basis: list[int]
    chosen: list[int]
    dealt: list[int]
    is_held: list[bool]
    why_none: list[int]
    expected_value: list[float]
    expected_cost: list[float]
    effect: list[float]
    effect_low: list[float]
    effect_high: list[float]
    leaders: list[list[int]]
    led_by: list[list[float]]
    led_at: list[list[float]]
    when: list[When]

    @classmethod
    def of(cls, judged: Judged, rows: FloatArray) -> _Columns:
        decisions, bounds = judged.decisions, judged.scores.bounds
        every = np.arange(len(rows))[:, None]
        return cls(
            judged=judged,
            p_churn=judged.scores.p_churn.tolist(),
            bounds=None if bounds is None else (bounds[0].tolist(), bounds[1].tolist()),
            churn_score=judged.churn_score.tolist(),
            band=judged.band.tolist(),
            percentile=judged.percentile.tolist(),
            value=judged.value.tolist(),
            basis=judged.basis.tolist(),
            chosen=decisions.chosen.tolist(),
            dealt=judged.dealt.action.tolist(),
            is_held=judged.dealt.is_held.tolist(),
            why_none=decisions.why_none.tolist(),
            expected_value=decisions.expected_value.tolist(),
            expected_cost=decisions.expected_cost.tolist(),
            effect=decisions.effect.tolist(),
            effect_low=decisions.effect_low.tolist(),
            effect_high=decisions.effect_high.tolist(),
            leaders=judged.leaders.tolist(),
            led_by=judged.led_by.tolist(),
            led_at=rows[every, judged.leaders].tolist(),
            when=when_each_leaves(judged.scores.risk_by_day, count=len(rows)),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Dated:
    """What all answers about one instant share."""

    valid_until: datetime
    outcome_due_at: datetime
    warnings: tuple[Warned, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Frame:
    """What all answers of one call share."""

    prepared: Prepared
    wording: Wording
    scored_at: datetime
    dated: dict[datetime, _Dated]
    columns: _Columns

    def abstained(self, question: Question, row: int, code: int) -> Answer:
        dated = self._at(question.as_of)
        return Answer(
            prediction_id=question.prediction_id,
            customer_id=question.customer_id,
            status="abstained",
            as_of=question.as_of,
            scored_at=self.scored_at,
            valid_until=dated.valid_until,
            model_version=self.prepared.model.version,
            policy_version=self.prepared.policy.version,
            definition=self.prepared.definition,
            language=self.wording.language,
            reasons_asked=question.with_reasons,
            abstain_code=_ABSTAINS[code],
            abstain_text=self.wording.abstentions[code],
            warnings=self._warnings(question, row, dated) if code == OUT_OF_RANGE else (),
        )

    def scored(self, question: Question, row: int) -> Answer:
        prepared, wording, columns = self.prepared, self.wording, self.columns
        dated = self._at(question.as_of)
        chosen, dealt, why_none = columns.chosen[row], columns.dealt[row], columns.why_none[row]
        action = prepared.offers.actions[chosen] if chosen >= 0 else None
        is_held = columns.is_held[row]
        bounds = columns.bounds if question.with_interval else None
        value, when = columns.value[row], columns.when[row]
        return Answer(
            prediction_id=question.prediction_id,
            customer_id=question.customer_id,
            status="scored",
            as_of=question.as_of,
            scored_at=self.scored_at,
            valid_until=dated.valid_until,
            model_version=prepared.model.version,
            policy_version=prepared.policy.version,
            definition=prepared.definition,
            language=wording.language,
            churn_probability=columns.p_churn[row],
            churn_probability_low=bounds[0][row] if bounds else None,
            churn_probability_high=bounds[1][row] if bounds else None,
            churn_score=columns.churn_score[row],
            risk_band=BANDS[columns.band[row]],
            percentile=columns.percentile[row],
            risk_by_day=when[0],
            expected_days_to_churn=when[1],
            reasons=self._reasons(row) if question.with_reasons else (),
            reasons_asked=question.with_reasons,
            action_code=action.code if action else None,
            action_text=wording.actions[chosen] if action else None,
            action_channel=action.channel if action else None,
            no_action_code=_NO_ACTIONS[why_none] if why_none >= 0 else None,
            no_action_text=wording.no_actions[why_none] if why_none >= 0 else None,
            action_family=prepared.arms.families[dealt] if dealt >= 0 else None,
            arm=("holdout" if is_held else "treated") if dealt >= 0 else None,
            propensity=prepared.arms.propensities[dealt] if dealt >= 0 else None,
            withheld_action_code=prepared.offers.actions[dealt].code if is_held else None,
            value=value if value == value else None,
            value_basis=BASES[columns.basis[row]] if columns.basis[row] >= 0 else None,
            expected_value=columns.expected_value[row],
            expected_cost=columns.expected_cost[row],
            effect=columns.effect[row],
            effect_low=columns.effect_low[row],
            effect_high=columns.effect_high[row],
            effect_basis="assumed" if action else None,
            outcome_due_at=dated.outcome_due_at,
            warnings=self._warnings(question, row, dated),
        )

    def _reasons(self, row: int) -> tuple[Reason, ...]:
        columns, shared = self.columns, self.wording.reasons
        return tuple(
            [
                shared[feature].reason(contribution=contribution, value=value)
                for feature, contribution, value in zip(
                    columns.leaders[row], columns.led_by[row], columns.led_at[row], strict=True
                )
                if feature >= 0
            ]
        )

    def _at(self, as_of: datetime) -> _Dated:
        found = self.dated.get(as_of)
        # Equal instants of other time zones are written otherwise, and their days end elsewhere.
        if found is not None and found.valid_until.tzinfo is as_of.tzinfo:
            return found
        model, wording = self.prepared.model, self.wording
        valid_until = as_of + timedelta(days=self.prepared.policy.valid_days)
        is_expired = valid_until < self.scored_at
        self.dated[as_of] = _Dated(
            valid_until=valid_until,
            outcome_due_at=model.definition.window(as_of).matures_at,
            warnings=((wording.warned("expired"),) if is_expired else ()) + wording.of_model,
        )
        return self.dated[as_of]

    def _warnings(self, question: Question, row: int, dated: _Dated) -> tuple[Warned, ...]:
        said, unlearned = self.wording.warned, self.columns.judged.unlearned
        if unlearned is None and not (
            question.missing
            or question.missing_tables
            or question.missing_columns
            or question.has_other_fit
            or question.has_newer_events
        ):
            return dated.warnings
        found = [
            *[said("missing_feature", name) for name in question.missing],
            *[said("missing_table", name) for name in question.missing_tables],
            *[said("missing_column", name) for name in question.missing_columns],
        ]
        if question.has_other_fit:
            found.append(said("other_fit"))
        if question.has_newer_events:
            found.append(said("newer_events"))
        if unlearned is not None:
            found += [
                said(code, name)
                for code, name in self.prepared.lessons.named(unlearned[:, row])
                if name not in question.missing
            ]
        return (*dated.warnings, *found)
