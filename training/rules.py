"""The simple rules that a model has to beat: one line of arithmetic each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from training.evaluation.measures import auc

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ebbtide.scorer.scores import FloatArray
    from training.snapshots import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule of one feature.

    Parameters
    ----------
    name : stable, for files and machines.
    feature : what it reads.
    score : from values of the feature to scores, higher for the likelier leaver.
    beside : another feature that must be there for the rule to make sense; None is none.
    """

    name: str
    feature: str
    score: Callable[[FloatArray], FloatArray]
    beside: str | None = None


def _over_own_gap(ratio: FloatArray) -> FloatArray:
    """Who bought once has no gap of their own and counts as silent for ever."""
    return np.where(np.isnan(ratio), np.inf, ratio).clip(max=1e9)


def _never_is_longest(days: FloatArray) -> FloatArray:
    """Who was never seen has been silent for longest."""
    return np.where(np.isnan(days), 1e9, days)


_RUNNING = "contracts_running"
"""There where the company has contracts."""

DUMMY = "dummy"
"""The rule that says the same of everybody."""

RULES: tuple[Rule, ...] = (
    Rule(name="recency", feature="recency_days", score=np.positive),
    Rule(name="few_purchase_days", feature="purchase_days_365d", score=np.negative),
    Rule(name="recency_over_own_gap", feature="recency_over_gap_mean", score=_over_own_gap),
    Rule(name="buy_till_you_die", feature="btyd_p_none", score=np.positive),
    Rule(name="new_contract", feature="contract_age_days", score=np.negative),
    Rule(
        name="silent_account",
        feature="activity_recency_days",
        score=_never_is_longest,
        beside=_RUNNING,
    ),
    Rule(name="overdue_payment", feature="payments_overdue", score=np.positive, beside=_RUNNING),
)


def rule_scores(snapshot: Snapshot, names: Sequence[str]) -> dict[str, FloatArray]:
    """Return what every rule says of a snapshot, by the rule's name, each of shape (n,).

    A rule is left out where its feature is not there, or cannot be told of everybody: the buying
    model is not fitted where too few came again. The dummy is always among them.

    Parameters
    ----------
    snapshot : any.
    names : the features of its columns.
    """
    places = {name: place for place, name in enumerate(names)}
    scores = {
        rule.name: rule.score(snapshot.rows[:, places[rule.feature]])
        for rule in RULES
        if rule.feature in places and (rule.beside is None or rule.beside in places)
    }
    told = {name: score for name, score in scores.items() if not np.isnan(score).any()}
    return {**told, DUMMY: np.zeros(len(snapshot.rows))}


def rule_aucs(snapshot: Snapshot, names: Sequence[str]) -> dict[str, float]:
    """Return the AUC of every rule on a matured snapshot, by the rule's name.

    Parameters
    ----------
    snapshot : with outcomes.
    names : the features of its columns.
    """
    churned = snapshot.churned
    assert churned is not None, "a rule was asked about an open snapshot"
    return {name: auc(churned, score) for name, score in rule_scores(snapshot, names).items()}
