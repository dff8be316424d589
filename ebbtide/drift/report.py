"""What monitoring tells of a model: who was asked about, how scores and features have shifted.

It tells nothing of outcomes: whether the model is still right is not to be seen here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ebbtide.drift.verdicts import LEVEL, comparisons_in, drift_of
from ebbtide.drift.window import Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from ebbtide.bundle.contents import Bundle
    from ebbtide.drift.verdicts import Drift
    from ebbtide.store.prediction_window import LogPart

SCORE = "score"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreBin:
    """A range of probabilities, with the share of customers in it.

    Parameters
    ----------
    above, up_to : the range; the first begins at 0, the last ends at 1.
    reference_share : of the customers at training, about a tenth.
    share : of the customers of the window; None where there is none.
    """

    above: float
    up_to: float
    reference_share: float
    share: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How a model fares in a window, as far as that shows without outcomes.

    Parameters
    ----------
    model_version : whose answers.
    since, until : the window.
    reference_as_of, reference_customers : what it is compared with.
    answers : answers looked at; ``by_status`` how many of each status.
    customers : customers counted, each by the newest answer; ``scored`` how many had a score.
    is_cut : whether there was more than was looked at: then it is the newest that counts.
    answers_read : customers whose whole answer was read; ``warned`` and ``abstained`` how many of
        them carried which code.
    score_bins : the spread of the scores.
    score : its shift.
    features : shift of each feature, what is farthest beyond its threshold first.
    tests : comparisons that were made together, and ``level`` the probability that any of them
        claims a shift where there is none.
    """

    model_version: str
    since: datetime
    until: datetime
    reference_as_of: str
    reference_customers: int
    answers: int
    by_status: Mapping[str, int]
    customers: int
    scored: int
    is_cut: bool
    answers_read: int
    warned: Mapping[str, int]
    abstained: Mapping[str, int]
    score_bins: tuple[ScoreBin, ...]
    score: Drift
    features: tuple[Drift, ...]
    tests: int
    level: float


def report_on(
    bundle: Bundle, parts: Iterable[LogPart], *, since: datetime, until: datetime
) -> Report:
    """Measure what a model said in a window against what it was trained on.

    Parameters
    ----------
    bundle : the model.
    parts : its answers in the window, the newest first.
    since, until : the window.
    """
    reference = bundle.reference
    window = Window.empty(reference, [feature.name for feature in bundle.scorer.features])
    window.take_in(parts)
    tests = sum(map(comparisons_in, (*reference.features, reference.scores)))
    features = [
        drift_of(name, spread, counts, int(missing), tests=tests)
        for name, spread, counts, missing in zip(
            window.names, reference.features, window.features, window.missing, strict=True
        )
    ]
    return Report(
        model_version=bundle.version,
        since=since,
        until=until,
        reference_as_of=reference.as_of,
        reference_customers=reference.n_customers,
        answers=window.answers,
        by_status=dict(window.by_status),
        customers=len(window.customers),
        scored=window.scored,
        is_cut=window.is_cut,
        answers_read=window.answers_read,
        warned=dict(window.warned),
        abstained=dict(window.abstained),
        score_bins=_score_bins(window),
        score=drift_of(SCORE, reference.scores, window.scores, 0, tests=tests),
        features=tuple(sorted(features, key=lambda each: (-each.beyond, each.name))),
        tests=tests,
        level=LEVEL,
    )


def _score_bins(window: Window) -> tuple[ScoreBin, ...]:
    """Return the scores by the groups of the reference."""
    spread = window.reference.scores
    groups = spread.groups()
    ends = np.append(np.asarray(spread.edges or (), dtype=np.float64), 1.0)
    last = np.append(np.flatnonzero(np.diff(groups)), len(groups) - 1)
    up_to = [*ends[last[:-1]].tolist(), 1.0]
    before = np.bincount(groups, weights=spread.counts) / max(spread.total, 1)
    now = np.bincount(groups, weights=window.scores)
    return tuple(
        ScoreBin(
            above=above,
            up_to=end,
            reference_share=float(share_before),
            share=float(count / window.scored) if window.scored else None,
        )
        for above, end, share_before, count in zip(
            [0.0, *up_to[:-1]], up_to, before, now, strict=True
        )
    )
