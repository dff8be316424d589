"""Everything that is measured of a model on customers of one period, with its uncertainty.

Measures are in ``promises``, ``ranking``, ``profit`` and ``slices``; this takes all of them on the
same resamples, so that model and rules are compared in pairs. What it adds up to is for
``training.grade``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ebbtide.errors import NotReady
from training.evaluation.bootstrap import estimates, resamples_for
from training.evaluation.evaluation import (
    Evaluation,
    GainsPoint,
    HistogramBar,
    Profit,
    ProfitPoint,
    Rival,
)
from training.evaluation.profit import Campaign, best_cut, expected_cut, profit_curve
from training.evaluation.promises import (
    calibration_error_of,
    error_by_chance,
    log_losses,
    mean_of,
    promise_bins,
    recalibration,
)
from training.evaluation.ranking import (
    Ranking,
    auc_of,
    average_precision_of,
    found_shares,
    lift_quality,
    lifts,
    tally_of,
)
from training.evaluation.slices import Sliced

if TYPE_CHECKING:
    from collections.abc import Callable

    from ebbtide.evaluation_settings import EvaluationSettings
    from ebbtide.scorer.scores import FloatArray
    from training.evaluation.bootstrap import Estimate
    from training.evaluation.judged import Judged

    Measure = Callable[[FloatArray], dict[str, FloatArray]]

SHARES = tuple(step / 20 for step in range(21))
"""Where gains and profit are shown: from nobody to everybody."""

BARS = 20
"""Intervals of probability in the histogram of promises."""


def evaluate(judged: Judged, *, settings: EvaluationSettings, seed: int) -> Evaluation:
    """Measure a model and its rivals on the same customers.

    Parameters
    ----------
    judged : what was promised of customers, and what came.
    settings : money, capacity, slices, how many resamples.
    seed : of the resamples.

    Raises
    ------
    NotReady
        If there are not leavers and stayers both.

    Examples
    --------
    >>> from ebbtide.evaluation_settings import EvaluationSettings
    >>> from training.evaluation.judged import Judged
    >>> p_churn = np.linspace(0.05, 0.95, 200)
    >>> judged = Judged(
    ...     as_of=None,
    ...     customer_ids=np.arange(200).astype(str),
    ...     churned=(np.random.default_rng(0).random(200) < p_churn) * 1.0,
    ...     log_odds=p_churn,
    ...     p_churn=p_churn,
    ...     rules={"dummy": np.zeros(200)},
    ...     value=np.full(200, np.nan),
    ... )
    >>> found = evaluate(judged, settings=EvaluationSettings(resamples=200), seed=0)
    >>> found.best_rule, found.measures["auc"].low > 0.6
    ('dummy', True)
    """
    n, n_churned = len(judged.churned), int(judged.churned.sum())
    if not 0 < n_churned < n:
        raise NotReady(
            f"Expected leavers and stayers among those whose outcome is known, found {n_churned} "
            f"leavers among {n} customers. Check the churn definition."
        )
    capacity = settings.capacity_of(n)
    campaign = Campaign(
        clv=settings.clv,
        incentive=settings.incentive,
        contact_cost=settings.contact_cost,
        alpha=settings.alpha,
        beta=settings.beta,
    )
    sliced = Sliced.of(
        judged, capacity=capacity, wanted=settings.slices, smallest=settings.smallest_slice
    )
    best_rule = _best_rule(judged)
    of_model = _model_measure(judged, capacity=capacity, campaign=campaign)
    of_rivals = _rival_measure(judged, best_rule=best_rule, campaign=campaign)

    def measure(counts: FloatArray) -> dict[str, FloatArray]:
        model, rivals = of_model(counts), of_rivals(counts)
        differences = {
            f"difference {name}": model["auc"] - rivals[f"rule {name}"] for name in judged.rules
        }
        if best_rule is not None:
            differences["empc_difference"] = model["empc"] - rivals["empc_of_rule"]
        return {**model, **rivals, **differences, **sliced.measure(counts)}

    resamples = resamples_for(n, settings.resamples)
    found = estimates(measure, n, resamples=resamples, seed=seed)
    return Evaluation(
        as_of=judged.as_of,
        n=n,
        n_churned=n_churned,
        capacity_share=capacity,
        measures={name: found[name] for name in MEASURES},
        calibration_error_by_chance=error_by_chance(judged.p_churn),
        rivals={
            name: Rival(auc=found[f"rule {name}"], difference=found[f"difference {name}"])
            for name in judged.rules
        },
        best_rule=best_rule,
        profit=_profit(judged, campaign, found),
        gains=_gains(judged, best_rule),
        bins=promise_bins(judged.churned, judged.p_churn),
        histogram=_histogram(judged.p_churn),
        slices=tuple(sliced.slices(found, auc=found["auc"].value)),
        left_out=sliced.left_out,
        slices_missing=sliced.missing,
        resamples=resamples,
        seed=seed,
    )


MEASURES = (
    "auc",
    "average_precision",
    "log_loss",
    "brier",
    "calibration_slope",
    "calibration_intercept",
    "calibration_error",
    "top_decile_lift",
    "lift_quality",
    "precision_at_capacity",
    "found_at_capacity",
    "p_churn_mean",
    "churned_share",
)
"""Names of the measures of a model, in the order in which they are shown."""


def _model_measure(judged: Judged, *, capacity: float, campaign: Campaign) -> Measure:
    churned, p_churn = judged.churned, judged.p_churn
    ranking = Ranking.of(churned, p_churn)
    error_of = calibration_error_of(churned, p_churn)
    losses, squares = log_losses(churned, p_churn), (p_churn - churned) ** 2

    def measure(counts: FloatArray) -> dict[str, FloatArray]:
        tally = ranking.tally(counts)
        slope, intercept = recalibration(churned, p_churn, counts)
        lift = lifts(tally, [0.1, capacity])
        share = mean_of(churned, counts)
        mpc, empc = best_cut(tally, campaign), expected_cut(tally, campaign)
        return {
            "auc": auc_of(tally),
            "average_precision": average_precision_of(tally),
            "log_loss": mean_of(losses, counts),
            "brier": mean_of(squares, counts),
            "calibration_slope": slope,
            "calibration_intercept": intercept,
            "calibration_error": error_of(counts),
            "top_decile_lift": lift[:, 0],
            "lift_quality": lift_quality(tally),
            "precision_at_capacity": lift[:, 1] * share,
            "found_at_capacity": found_shares(tally, [capacity])[:, 0],
            "p_churn_mean": mean_of(p_churn, counts),
            "churned_share": share,
            "mpc": mpc.profit,
            "mpc_share": mpc.share,
            "empc": empc.profit,
            "empc_share": empc.share,
        }

    return measure


def _rival_measure(judged: Judged, *, best_rule: str | None, campaign: Campaign) -> Measure:
    rankings = {name: Ranking.of(judged.churned, score) for name, score in judged.rules.items()}

    def measure(counts: FloatArray) -> dict[str, FloatArray]:
        tallies = {name: ranking.tally(counts) for name, ranking in rankings.items()}
        found = {f"rule {name}": auc_of(tally) for name, tally in tallies.items()}
        if best_rule is not None:
            found["empc_of_rule"] = expected_cut(tallies[best_rule], campaign).profit
        return found

    return measure


def _best_rule(judged: Judged) -> str | None:
    aucs = {
        name: float(auc_of(tally_of(judged.churned, score))[0])
        for name, score in judged.rules.items()
    }
    return max(aucs, key=lambda name: aucs[name], default=None)


def _profit(judged: Judged, campaign: Campaign, found: dict[str, Estimate]) -> Profit:
    at = profit_curve(tally_of(judged.churned, judged.p_churn), campaign, SHARES)[0]
    return Profit(
        mpc=found["mpc"],
        mpc_share=found["mpc_share"],
        empc=found["empc"],
        empc_share=found["empc_share"],
        empc_of_rule=found.get("empc_of_rule"),
        empc_difference=found.get("empc_difference"),
        curve=tuple(
            ProfitPoint(contacted=share, profit=float(each))
            for share, each in zip(SHARES, at, strict=True)
        ),
        assumptions=campaign,
    )


def _gains(judged: Judged, best_rule: str | None) -> tuple[GainsPoint, ...]:
    model = found_shares(tally_of(judged.churned, judged.p_churn), SHARES)[0]
    rule: Any = [None] * len(SHARES)
    if best_rule is not None:
        rule = found_shares(tally_of(judged.churned, judged.rules[best_rule]), SHARES)[0].tolist()
    return tuple(
        GainsPoint(contacted=share, found=float(found), found_by_rule=by_rule)
        for share, found, by_rule in zip(SHARES, model, rule, strict=True)
    )


def _histogram(p_churn: FloatArray) -> tuple[HistogramBar, ...]:
    counts, edges = np.histogram(p_churn, bins=BARS, range=(0.0, 1.0))
    return tuple(
        HistogramBar(low=float(low), high=float(high), n=int(n))
        for low, high, n in zip(edges, edges[1:], counts, strict=False)
    )
