"""How well a quick model foretells each definition, out of time, beside the best simple rule.

Snapshots are taken once; each definition only labels them anew. A model learns from snapshots whose
windows had matured when the test snapshot was taken. It is the logistic regression of training on a
sample of rows: good for comparing definitions, not the model that would be served.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ebbtide.clock import day_in_words
from ebbtide.errors import NotReady
from ebbtide.scorer.linear import read_linear
from training.calibration import aligned, cross_fitted, fit_platt
from training.definition_lab.auc_interval import Interval, auc_covariance, mean_interval
from training.definition_lab.flips import labels_at
from training.definition_lab.purchase_days import day_number
from training.evaluation.measures import calibration_error
from training.models.logistic import fit_logistic
from training.origins import origins
from training.rules import rule_scores
from training.snapshots import stack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.definition import ChurnDefinition
    from ebbtide.scorer.scores import FloatArray
    from training.candidates import CheckedOn
    from training.definition_lab.purchase_days import PurchaseDays
    from training.origins import Origin
    from training.snapshots import Snapshot

MOST_TRAINING_ROWS = 10_000
"""A sample of so many rows ranks definitions as the whole does, in a second each."""
FEWEST_OF_EACH = 10
"""Leavers and stayers that a test snapshot must have for any measure of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """What a model makes of a definition.

    Parameters
    ----------
    tested_on : ISO dates of the test snapshots, latest first.
    training_rows : rows that the latest model learned from.
    leavers, stayers : in the smallest test snapshot.
    auc : of the model, mean over the test snapshots with 95 % interval.
    rule : the simple rule with the highest mean AUC on the same customers.
    rule_auc : its mean AUC.
    gain : AUC of the model less that of the rule, with 95 % interval.
    calibration_error : mean gap between promised and realised share at the latest test snapshot.
    calibration_checked_on : whose outcomes the calibrator had learned from.
    """

    tested_on: tuple[str, ...]
    training_rows: int
    leavers: int
    stayers: int
    auc: Interval
    rule: str
    rule_auc: float
    gain: Interval
    calibration_error: float
    calibration_checked_on: CheckedOn


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """The latest test snapshot with what the model promised and what came.

    Parameters
    ----------
    quality : the measures.
    rows : feature values, shape (n, features).
    p_churn : calibrated probabilities, shape (n,).
    churned : outcomes, shape (n,).
    """

    quality: Quality
    rows: FloatArray
    p_churn: FloatArray
    churned: FloatArray


def try_definition(
    snapshots: Sequence[Snapshot],
    log: PurchaseDays,
    definition: ChurnDefinition,
    *,
    names: Sequence[str],
    seed: int,
) -> Tested:
    """Train and test a quick model for one definition.

    Parameters
    ----------
    snapshots : features of the living at past instants, earliest first; their outcomes are unused.
    log : the purchase days of the same customers, from which they are labelled.
    definition : what counts as churn; who is alive was decided when the snapshots were taken.
    names : the features of the snapshots' columns.
    seed : of the sample of rows.

    Raises
    ------
    NotReady
        If no test is possible: too short a log, outcomes of one kind, or scores no better than
        chance.
    """
    labelled = [
        labelled_snapshot(taken, log, definition)
        for taken in snapshots
        if definition.window(taken.as_of).has_matured(now=log.ends_at)
    ]
    if not labelled:
        raise NotReady("No snapshot with history enough has matured for this definition.")
    tests = [_Test.of(origin, seed=seed) for origin in origins(labelled, definition)]
    usable = [test for test in tests if test.can_be_learned]
    if not usable or usable[0] is not tests[0]:
        raise NotReady(
            f"Expected at least {FEWEST_OF_EACH} leavers and as many stayers in the latest matured "
            f"snapshot and in those before it: this definition calls too many customers the same."
        )
    models = [read_linear(fit_logistic(*test.learned_from, seed=seed)[1]) for test in usable]
    said = [model.log_odds(test.scored.ranked) for model, test in zip(models, usable, strict=True)]
    latest = usable[0]
    if len(usable) > 1:
        checked_on: CheckedOn = "a later period"
        earlier = fit_platt(said[1], usable[1].outcomes)
        before = models[1].log_odds(latest.scored.ranked)
        p_churn = aligned(earlier, before=before, after=said[0]).probability(said[0])
    else:
        checked_on = "other customers of the same period"
        p_churn = cross_fitted(said[0], latest.outcomes, seed=seed)
    compared = [_beside_rules(test, score, names) for test, score in zip(usable, said, strict=True)]
    aucs = np.mean([values for values, _ in compared], axis=0)
    rules = tuple(rule_scores(latest.scored, names))
    best = 1 + int(np.argmax(aucs[1:]))
    return Tested(
        quality=Quality(
            tested_on=tuple(
                day_in_words(test.scored.as_of, time_zone=definition.time_zone) for test in usable
            ),
            training_rows=len(latest.learned_from[1]),
            leavers=min(int(test.outcomes.sum()) for test in usable),
            stayers=min(int((1 - test.outcomes).sum()) for test in usable),
            auc=mean_interval([v[0] for v, _ in compared], [c[0, 0] for _, c in compared]),
            rule=rules[best - 1],
            rule_auc=float(aucs[best]),
            gain=mean_interval(
                [v[0] - v[best] for v, _ in compared],
                [c[0, 0] + c[best, best] - 2 * c[0, best] for _, c in compared],
            ),
            calibration_error=calibration_error(latest.outcomes, p_churn),
            calibration_checked_on=checked_on,
        ),
        rows=latest.scored.rows,
        p_churn=p_churn,
        churned=latest.outcomes,
    )


def labelled_snapshot(taken: Snapshot, log: PurchaseDays, definition: ChurnDefinition) -> Snapshot:
    """Return a snapshot with the outcomes that a matured definition gives its customers.

    Parameters
    ----------
    taken : the customers with their features.
    log : the purchase days of these customers, and maybe of others.
    definition : what counts as churn.
    """
    day = day_number(taken.as_of, time_zone=definition.time_zone)
    labels = labels_at(log, day, definition)
    places = np.searchsorted(log.customer_ids, taken.customer_ids)
    return replace(taken, churned=labels.churned[places].astype(np.float64))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Test:
    """One test snapshot, and a sample of what had matured before it."""

    scored: Snapshot
    outcomes: FloatArray
    learned_from: tuple[FloatArray, FloatArray]

    @classmethod
    def of(cls, origin: Origin, *, seed: int) -> _Test:
        rows = sum(len(taken.customer_ids) for taken in origin.learned_from)
        share = min(1.0, MOST_TRAINING_ROWS / rows)
        rng = np.random.default_rng(seed)
        ranked, outcomes = stack([_sample(taken, share, rng) for taken in origin.learned_from])
        assert origin.scored.churned is not None, "an open snapshot was asked for its outcomes"
        return cls(
            scored=origin.scored,
            outcomes=origin.scored.churned,
            learned_from=(ranked, outcomes),
        )

    @property
    def can_be_learned(self) -> bool:
        return all(
            min(outcomes.sum(), len(outcomes) - outcomes.sum()) >= FEWEST_OF_EACH
            for outcomes in (self.outcomes, self.learned_from[1])
        )


def _sample(taken: Snapshot, share: float, rng: np.random.Generator) -> Snapshot:
    """Keep some of the rows, each with the same chance; only what a model learns from is cut."""
    if share == 1.0:
        return taken
    assert taken.churned is not None, "an open snapshot was asked for its outcomes"
    kept = rng.random(len(taken.churned)) < share
    return replace(taken, ranked=taken.ranked[kept], churned=taken.churned[kept])


def _beside_rules(
    test: _Test, score: FloatArray, names: Sequence[str]
) -> tuple[FloatArray, FloatArray]:
    """Return the AUC of the model and of every rule on a test snapshot, and their covariance."""
    scores = [score, *rule_scores(test.scored, names).values()]
    return auc_covariance(test.outcomes, scores)
