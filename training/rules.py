"""The simple rules that a model has to beat: one line of arithmetic each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from training.evaluation.measures import auc

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ebbtide.scorer.scores import FloatArray
    from training.snapshots import Snapshot


def _recency(column: Callable[[str], FloatArray]) -> FloatArray:
    return column("recency_days")


def _few_purchase_days(column: Callable[[str], FloatArray]) -> FloatArray:
    return -column("purchase_days_365d")


def _recency_over_own_gap(column: Callable[[str], FloatArray]) -> FloatArray:
    ratio = column("recency_over_gap_mean")
    return np.where(np.isnan(ratio), np.inf, ratio).clip(max=1e9)


RULES: tuple[tuple[str, Callable[[Callable[[str], FloatArray]], FloatArray]], ...] = (
    ("recency", _recency),
    ("few_purchase_days", _few_purchase_days),
    ("recency_over_own_gap", _recency_over_own_gap),
)
"""Each rule with its score: higher is more likely to leave. Who bought once has no gap of their own
and counts as silent for ever."""


def rule_scores(snapshot: Snapshot, names: Sequence[str]) -> dict[str, FloatArray]:
    """Return what every rule says of a snapshot's customers, by the rule's name, each of shape (n,).

    Parameters
    ----------
    snapshot : any.
    names : the features of its columns.
    """
    places = list(names)

    def column(name: str) -> FloatArray:
        return snapshot.rows[:, places.index(name)]

    return {name: rule(column) for name, rule in RULES}


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
