"""How risk by day did at a later period: promised beside what came, day by day.

Only what the curve adds is judged: before the anchor the leavers, after it the stayers. How good
the probability at the anchor is, is the business of ``training.evaluation``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from training.evaluation.measures import auc

if TYPE_CHECKING:
    from datetime import datetime

    from ebbtide.scorer.horizons import HorizonModel
    from ebbtide.scorer.scores import FloatArray
    from training.horizons.departures import Departures
    from training.snapshots import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCheck:
    """What was promised of a day, and what came.

    Parameters
    ----------
    day : day after the start of the outcome window.
    as_of : instant of the snapshot whose customers were asked about.
    among : ``stayers``, who had not left by the anchor, or ``leavers``, who had.
    customers : how many of them.
    promised : mean probability that they would have left by the day.
    came : share that had.
    auc : probability that one who had left by the day was ranked above one who had not; NaN where
        all did the same.
    log_loss : mean negative log-likelihood of the probabilities.
    log_loss_of_share : the same, had everybody been promised the share that came.
    """

    day: int
    as_of: datetime
    among: str
    customers: int
    promised: float
    came: float
    auc: float
    log_loss: float
    log_loss_of_share: float


def check_days(model: HorizonModel, judged: Snapshot, came: Departures) -> tuple[DayCheck, ...]:
    """Return the check of each day but the anchor that the model knows.

    Parameters
    ----------
    model : learned from what had matured before the snapshot.
    judged : a later snapshot.
    came : who of its customers had left by which day.
    """
    stayed = came.by(model.anchor_day) == 0
    certain = np.where(stayed, 0.0, 1.0)
    # Of a stayer the curve says nothing before the anchor, of a leaver nothing after it.
    curves = model.curves(certain, judged.ranked)
    checks = []
    for column, day in enumerate(model.days):
        if day == model.anchor_day or day not in came.days:
            continue
        among = stayed if day > model.anchor_day else ~stayed
        if not among.any():
            continue
        promised, outcome = curves.probability[among, column], came.by(day)[among]
        share = np.full(len(outcome), outcome.mean())
        checks.append(
            DayCheck(
                day=day,
                as_of=judged.as_of,
                among="stayers" if day > model.anchor_day else "leavers",
                customers=len(outcome),
                promised=float(promised.mean()),
                came=float(outcome.mean()),
                auc=auc(outcome, promised) if 0 < outcome.mean() < 1 else float("nan"),
                log_loss=_log_loss(outcome, promised),
                log_loss_of_share=_log_loss(outcome, share),
            )
        )
    return tuple(checks)


def _log_loss(outcome: FloatArray, promised: FloatArray) -> float:
    inside = promised.clip(1e-9, 1 - 1e-9)
    return float(-np.mean(outcome * np.log(inside) + (1 - outcome) * np.log1p(-inside)))
