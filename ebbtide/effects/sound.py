"""Whether a comparison of arms can be trusted: how they were dealt, observed and treated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from ebbtide.words import Words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.effects.tally import Stratum

EffectWarning = Literal["arms_unbalanced", "outcomes_uneven", "outcomes_missing", "holdout_treated"]

EFFECT_WARNINGS: dict[EffectWarning, Words] = {
    "arms_unbalanced": Words(
        "The arms do not have the sizes that chance would give; something else decides who is "
        "treated, and the comparison cannot be trusted",
        "两组人数与随机分配的预期不符；分组可能受到其他因素影响，比较结果不可信",
    ),
    "outcomes_uneven": Words(
        "Outcomes are reported for one arm more often than for the other; report them for both",
        "两组上报结果的比例不同；请对两组同等上报",
    ),
    "outcomes_missing": Words(
        "Outcomes are missing for more than a twentieth of the customers whose window has passed",
        "超过二十分之一的已到期客户缺少结果",
    ),
    "holdout_treated": Words(
        "The action was reported as delivered to customers who were held out; the effect is likely "
        "to be larger than it looks",
        "有对照组客户被上报为已采取措施；实际效果可能大于此处显示",
    ),
}

assert tuple(EFFECT_WARNINGS) == get_args(EffectWarning)

SUSPICION = 0.001
"""Warnings that rest on a test are raised below this p-value: seldom by chance alone."""

TOLERATED_MISSING = 0.05


def effect_warnings(strata: Sequence[Stratum]) -> tuple[EffectWarning, ...]:
    """Return what speaks against the comparison of the arms.

    Parameters
    ----------
    strata : the arms by propensity.

    References
    ----------
    A. Fabijan et al., Diagnosing sample ratio mismatch in online controlled experiments, KDD 2019.

    Examples
    --------
    >>> from ebbtide.effects.tally import Tally, strata_of
    >>> effect_warnings(
    ...     strata_of(
    ...         [
    ...             Tally(arm="treated", propensity=0.9, assigned=950),
    ...             Tally(arm="holdout", propensity=0.9, assigned=50),
    ...         ]
    ...     )
    ... )
    ('arms_unbalanced',)
    """
    arms = [each for stratum in strata for each in stratum.arms]
    matured, known = sum(each.matured for each in arms), sum(each.known for each in arms)
    is_raised: dict[EffectWarning, bool] = {
        "arms_unbalanced": _p_of_sizes(strata) < SUSPICION,
        "outcomes_uneven": _p_of_outcomes(strata) < SUSPICION,
        "outcomes_missing": 0 < known < (1 - TOLERATED_MISSING) * matured,
        "holdout_treated": any(stratum.holdout.delivered for stratum in strata),
    }
    return tuple(code for code, raised in is_raised.items() if raised)


def _p_of_sizes(strata: Sequence[Stratum]) -> float:
    """How likely chance alone gives arms of such sizes (sample ratio mismatch)."""
    statistic = 0.0
    for stratum in strata:
        n = stratum.treated.assigned + stratum.holdout.assigned
        expected = n * stratum.propensity
        statistic += (stratum.treated.assigned - expected) ** 2 / (
            expected * (1 - stratum.propensity)
        )
    return _chi_square_tail(statistic, len(strata))


def _p_of_outcomes(strata: Sequence[Stratum]) -> float:
    """How likely chance alone lets outcomes be reported so differently for the arms."""
    statistic, degrees = 0.0, 0
    for stratum in strata:
        treated, holdout = stratum.treated, stratum.holdout
        matured = treated.matured + holdout.matured
        share = (treated.known + holdout.known) / matured if matured else 0.0
        if not treated.matured or not holdout.matured or share in (0.0, 1.0):
            continue
        variance = share * (1 - share) * (1 / treated.matured + 1 / holdout.matured)
        gap = treated.known / treated.matured - holdout.known / holdout.matured
        statistic += gap * gap / variance
        degrees += 1
    return _chi_square_tail(statistic, degrees)


def _chi_square_tail(statistic: float, degrees: int) -> float:
    from scipy.special import chdtrc

    return float(chdtrc(degrees, statistic)) if degrees else 1.0
