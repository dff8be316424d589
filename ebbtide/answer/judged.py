"""What is decided about n customers, as columns, before anything is put into words.

Answers (``ebbtide.answer.compose``) and the table of a batch (``training.score_columns``) are made
of the same columns, so that they cannot disagree.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, get_args

import numpy as np

from ebbtide.answer.answer import ABSTAIN
from ebbtide.decision import Cases, decide_among, decide_none
from ebbtide.families import REASON_COUNT
from ebbtide.grounds import grounds_of
from ebbtide.policy.policy import Band
from ebbtide.rounding import rounded

if TYPE_CHECKING:
    from ebbtide.answer.arm import Dealt
    from ebbtide.answer.asked import Asked
    from ebbtide.answer.prepared import Prepared
    from ebbtide.decision import Decisions
    from ebbtide.grouped import BoolArray, IndexArray
    from ebbtide.scorer.scores import FloatArray, Scores

UNLEARNED_TOLERATED = 0.5
"""Share of all that moves a score beyond which it must not come of what was not learned.

Such a value is taken as the nearest that was learned, or as missing. Up to a half, what was learned
still decides which way the score goes; beyond, the score may say anything."""

BANDS: tuple[Band, ...] = get_args(Band)

_ABSTAINS = tuple(ABSTAIN)
_CHURNED = _ABSTAINS.index("already_churned")
_TOO_LITTLE = _ABSTAINS.index("too_little_history")
OUT_OF_RANGE = _ABSTAINS.index("out_of_range")
_NO_SCORE = _ABSTAINS.index("no_finite_score")
_OPTED_OUT = _ABSTAINS.index("profiling_opt_out")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """What is decided about n customers.

    Parameters
    ----------
    abstained : place in ``ABSTAIN`` of why there is no score, shape (n,); -1 where there is one.
        Of who has none, the other columns say nothing.
    scores : probabilities, zero where none is finite, with bounds and risk by day.
    churn_score : probability as a whole number from 0 to 100, halves rounded up, shape (n,).
    band : place in ``BANDS``, shape (n,).
    percentile : rounded to 2 digits, shape (n,).
    value : margin at stake, rounded to cents, shape (n,); NaN where unknown.
    basis : place in ``BASES`` of where it comes from, shape (n,); -1 where unknown.
    decisions : what was decided, hold-out included; money rounded to cents, effects to 6 digits.
        Why there is no action is said only if it was asked.
    dealt : the arms.
    leaders : features of the reasons, shape (n, 3); -1 is none.
    led_by : their contributions, shape (n, 3).
    unlearned : as ``Lessons.beyond`` returns it; None where all was learned.
    """

    abstained: IndexArray
    scores: Scores
    churn_score: IndexArray
    band: IndexArray
    percentile: FloatArray
    value: FloatArray
    basis: IndexArray
    decisions: Decisions
    dealt: Dealt
    leaders: IndexArray
    led_by: FloatArray
    unlearned: IndexArray | None


def judge(rows: FloatArray, *, asked: Asked, prepared: Prepared) -> Judged:
    """Decide about n customers.

    Parameters
    ----------
    rows : feature values in the order of the model's features, shape (n, features); NaN is
        missing. A row is judged the same in any batch.
    asked : what is asked about them.
    prepared : by which model and policy.
    """
    with np.errstate(all="ignore"):
        return _judge(rows, asked=asked, prepared=prepared)


def _judge(rows: FloatArray, *, asked: Asked, prepared: Prepared) -> Judged:
    values = np.ascontiguousarray(rows.T)
    abstained = _abstained(values, asked)
    unlearned = prepared.lessons.beyond(values)
    explained = asked.with_reasons & (abstained < 0)
    scores = prepared.model.scorer.score(rows, explain=bool(explained.all()))
    scores, is_finite = _finite(scores)
    value, basis = prepared.stakes.values(values, scores=scores, given=asked.given)
    grounds = grounds_of(prepared.offers, p_churn=scores.p_churn, value=value, values=values)
    told = explained
    if scores.contributions is None:
        # An infinite value may make an infinite contribution, and then there is no score.
        needed = grounds.may_pay | np.isinf(values).any(axis=0)
        if unlearned is not None:
            needed |= unlearned.any(axis=0)
        told = explained | (needed & is_finite & (abstained < 0))
        contributions = _contributions(rows, where=told, prepared=prepared)
    else:
        contributions = np.ascontiguousarray(scores.contributions.T)
    has_score = is_finite & np.isfinite(contributions).all(axis=0)
    if not has_score.all():
        contributions = np.where(has_score, contributions, 0.0)
        scores = replace(scores, p_churn=np.where(has_score, scores.p_churn, 0.0))
        value, basis = prepared.stakes.values(values, scores=scores, given=asked.given)
        grounds = grounds_of(prepared.offers, p_churn=scores.p_churn, value=value, values=values)
        abstained = np.where((abstained < 0) & ~has_score, _NO_SCORE, abstained)
    p_churn = scores.p_churn
    if unlearned is not None:
        is_beyond = prepared.lessons.share(unlearned, contributions) > UNLEARNED_TOLERATED
        abstained = np.where((abstained < 0) & is_beyond, OUT_OF_RANGE, abstained)
    if told.any():
        material, sums = prepared.families.material(contributions)
        leaders = _leaders(values, material, sums=sums, asked=asked, prepared=prepared)
        cases = Cases(
            p_churn=p_churn,
            contributions=material.T,
            rows=values.T,
            reasons=leaders,
            value=value,
            contact_opt_out=asked.contact_opt_out,
        )
        decisions = decide_among(prepared.offers, cases, grounds=grounds)
    else:
        leaders = np.full((len(rows), REASON_COUNT), -1)
        decisions = decide_none(
            prepared.offers, grounds=grounds, value=value, contact_opt_out=asked.contact_opt_out
        )
    decisions, dealt = prepared.arms.deal(decisions, customer_ids=asked.customer_ids)
    # Rounding has a price for each call, so that what is rounded alike is rounded together.
    percentile = prepared.model.reference.percentile(p_churn)
    money = (decisions.expected_value, decisions.expected_cost)
    cents = rounded(np.concatenate([value, percentile, *money]), 2).reshape(4, -1)
    effects = np.concatenate([decisions.effect, decisions.effect_low, decisions.effect_high])
    effects = rounded(effects, 6).reshape(3, -1)
    bands = prepared.policy.bands
    every = np.arange(len(rows))[:, None]
    return Judged(
        abstained=abstained,
        scores=scores,
        churn_score=np.floor(p_churn * 100 + 0.5).astype(np.intp),
        band=np.where(p_churn >= bands.high, 2, np.where(p_churn >= bands.medium, 1, 0)),
        percentile=cents[1],
        value=cents[0],
        basis=basis,
        decisions=replace(
            decisions,
            expected_value=cents[2],
            expected_cost=cents[3],
            effect=effects[0],
            effect_low=effects[1],
            effect_high=effects[2],
        ),
        dealt=dealt,
        leaders=np.where(asked.with_reasons[:, None], leaders, -1),
        led_by=contributions[leaders, every],
        unlearned=unlearned,
    )


def _abstained(values: FloatArray, asked: Asked) -> IndexArray:
    """Return who is not scored, whatever the score would be."""
    abstained = np.where(np.isnan(values).all(axis=0), _TOO_LITTLE, -1)
    if not asked.is_alive.all():
        abstained[~asked.is_alive & ~asked.has_history] = _TOO_LITTLE
        abstained[~asked.is_alive & asked.has_history] = _CHURNED
    if asked.profiling_opt_out.any():
        abstained[asked.profiling_opt_out] = _OPTED_OUT
    return abstained


def _leaders(
    values: FloatArray,
    material: FloatArray,
    *,
    sums: FloatArray,
    asked: Asked,
    prepared: Prepared,
) -> IndexArray:
    """Return the features of the reasons, shape (n, 3); -1 where nothing depends on them."""
    if asked.with_reasons.any() or prepared.offers.asks_for_reasons(material):
        may_lead = prepared.bad_news.among(values)
        return prepared.families.leaders(material, sums=sums, may_lead=may_lead)
    return np.full((values.shape[1], REASON_COUNT), -1)


def _finite(scores: Scores) -> tuple[Scores, BoolArray]:
    """Return scores with zero for probabilities that are not finite, and which are."""
    is_finite: BoolArray = np.isfinite(scores.p_churn)
    if is_finite.all():
        return scores, is_finite
    return replace(scores, p_churn=np.where(is_finite, scores.p_churn, 0.0)), is_finite


def _contributions(rows: FloatArray, *, where: BoolArray, prepared: Prepared) -> FloatArray:
    """Return the contributions of some rows, shape (features, n); those of the others are zero."""
    contributions = np.zeros((rows.shape[1], rows.shape[0]))
    if where.any():
        contributions[:, where] = prepared.model.scorer.contributions(rows[where]).T
    return contributions
