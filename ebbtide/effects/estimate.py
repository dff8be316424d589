"""The effect of an action on those to whom it was assigned, delivered or not.

That is *intention to treat*: arms are compared as they were dealt, because who is reached, opens
the letter or accepts is no matter of chance. Only customers count whose window has passed; without
a hold-out nothing is claimed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from ebbtide.effects.intervals import LEVEL, Interval, pooled_effect_interval, share_interval
from ebbtide.effects.power import needed
from ebbtide.effects.sound import effect_warnings
from ebbtide.effects.tally import strata_of
from ebbtide.words import Words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.effects.sound import EffectWarning
    from ebbtide.effects.tally import Stratum, Tally

Verdict = Literal["helps", "harms", "not_shown", "not_enough"]

VERDICTS: dict[Verdict, Words] = {
    "helps": Words("Fewer of the treated left", "措施组流失更少"),
    "harms": Words("More of the treated left", "措施组流失更多"),
    "not_shown": Words(
        "No difference is shown, though there are enough customers to find one worth having",
        "客户数量已足够，但未显示出有意义的差异",
    ),
    "not_enough": Words("Not enough is known to tell", "信息不足，尚无法判断"),
}

NotEnough = Literal["nothing_assigned", "no_holdout", "nothing_matured", "no_outcomes", "too_few"]

NOT_ENOUGH: dict[NotEnough, Words] = {
    "nothing_assigned": Words(
        "The action was assigned to nobody yet",
        "该措施尚未分配给任何客户",
    ),
    "no_holdout": Words(
        "Nobody is held out of the action; set [holdout] in the policy",
        "该措施没有对照组；请在策略中设置 [holdout]",
    ),
    "nothing_matured": Words(
        "The outcome windows of one arm or both have not passed yet",
        "至少一组客户的结果窗口尚未结束",
    ),
    "no_outcomes": Words(
        "No outcomes were reported for one arm or both; send them to POST /v1/outcomes",
        "至少一组客户尚未上报结果；请发送至 POST /v1/outcomes",
    ),
    "too_few": Words(
        "There are too few customers to tell an effect of the size that the policy believes in",
        "客户数量不足以判断策略所假设的效果",
    ),
}

assert tuple(VERDICTS) == get_args(Verdict)
assert tuple(NOT_ENOUGH) == get_args(NotEnough)

FEWEST_IN_AN_ARM = 50
"""Known outcomes that each arm must have, whatever the formula says."""

BELIEVED_SAVE_RATE = 0.2
"""Effect to be found, over the churn share, where no policy says what is believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What an action did.

    Parameters
    ----------
    verdict : what may be said; only ``helps`` and ``harms`` claim an effect.
    not_enough : why nothing may be said, the first thing to mend first; empty otherwise.
    warnings : what speaks against the comparison.
    treated, holdout : customers with a known outcome in either arm, where both have some.
    treated_left, holdout_left : how many of them churned.
    churn_treated, churn_holdout : the same as shares, with their intervals; None without any.
    p_churn_treated, p_churn_holdout : mean probability of churn of either arm at assignment; None
        without any.
    effect : by how much fewer of the treated churned, with its interval; None without a hold-out.
    saved_customers, saved_value, net_value : the effect times the treated, times their value, and
        less what the action cost, each with its interval; None where nothing may be said.
    cost : of the treated, currency: reported, or else expected at assignment.
    costs_reported : how many costs of the treated were reported.
    assigned : customers of both arms, whatever is known of them.
    matured : customers of both arms whose window has passed.
    not_randomised : customers who were treated for sure; they are not compared with anybody.
    holdout_delivered : held-out customers who were reported as treated.
    effect_to_find : the effect that ``needed`` is for; None without outcomes.
    needed, more_needed : customers with a known outcome that it takes to find it, and how many of
        them are still lacking.
    """

    verdict: Verdict
    not_enough: tuple[NotEnough, ...]
    warnings: tuple[EffectWarning, ...]
    treated: int
    holdout: int
    treated_left: int
    holdout_left: int
    churn_treated: Interval | None
    churn_holdout: Interval | None
    p_churn_treated: float | None
    p_churn_holdout: float | None
    effect: Interval | None
    saved_customers: Interval | None
    saved_value: Interval | None
    net_value: Interval | None
    cost: float
    costs_reported: int
    assigned: int
    matured: int
    not_randomised: int
    holdout_delivered: int
    effect_to_find: float | None
    needed: int | None
    more_needed: int | None


def estimate_effect(
    tallies: Sequence[Tally], *, save_rate: float | None = None, level: float = LEVEL
) -> Effect:
    """Return what an action did, by its matured assignments.

    Parameters
    ----------
    tallies : what is known of the assignments, one at most for each arm and propensity.
    save_rate : believed share of would-be churners that the action keeps; says how small an effect
        must be found before it is said that none is there. None for a fifth.
    level : of the intervals.

    Notes
    -----
    Saved value takes the effect to be the same whatever a customer is worth.

    Examples
    --------
    >>> from ebbtide.effects.tally import Tally
    >>> known = dict(propensity=0.5, assigned=2000, matured=2000, known=2000, value_sum=2e5)
    >>> found = estimate_effect(
    ...     [
    ...         Tally(arm="treated", left=600, cost_sum=5000.0, **known),
    ...         Tally(arm="holdout", left=800, **known),
    ...     ]
    ... )
    >>> found.verdict, round(found.effect.estimate, 3), round(found.effect.low, 3)
    ('helps', 0.1, 0.071)
    >>> round(found.saved_customers.estimate), round(found.net_value.estimate)
    (200, 15000)
    """
    strata = strata_of(tallies)
    splits = [split for stratum in strata if (split := stratum.split)]
    effect = pooled_effect_interval(splits, level=level) if splits else None
    compared = [stratum for stratum in strata if stratum.split] or strata
    treated = [each.treated for each in compared]
    holdout = [each.holdout for each in compared]
    to_find, count = _goal(compared, save_rate=save_rate or BELIEVED_SAVE_RATE, level=level)
    known = sum(each.known for each in (*treated, *holdout))
    lacking = None if count is None else max(0, count - known)
    why = _why_not_enough(tallies, strata, has_effect=effect is not None, lacking=lacking)
    may_claim = effect is not None and not why
    value = sum(each.value_sum for each in treated)
    cost = sum(each.cost_sum for each in treated)
    n_treated = sum(each.known for each in treated)
    saved_value = _times(effect, value) if may_claim else None
    return Effect(
        verdict=_verdict(effect) if may_claim else "not_enough",
        not_enough=why,
        warnings=effect_warnings(strata),
        treated=n_treated,
        holdout=sum(each.known for each in holdout),
        treated_left=sum(each.left for each in treated),
        holdout_left=sum(each.left for each in holdout),
        churn_treated=_share(treated, level),
        churn_holdout=_share(holdout, level),
        p_churn_treated=_mean_p_churn(treated),
        p_churn_holdout=_mean_p_churn(holdout),
        effect=effect,
        saved_customers=_times(effect, n_treated) if may_claim else None,
        saved_value=saved_value,
        net_value=_less(saved_value, cost),
        cost=cost,
        costs_reported=sum(each.costs_reported for each in treated),
        assigned=sum(each.assigned for stratum in strata for each in stratum.arms),
        matured=sum(each.matured for stratum in strata for each in stratum.arms),
        not_randomised=sum(each.assigned for each in tallies if each.propensity >= 1),
        holdout_delivered=sum(each.delivered for each in holdout),
        effect_to_find=to_find,
        needed=count,
        more_needed=lacking,
    )


def _verdict(effect: Interval | None) -> Verdict:
    assert effect is not None
    if effect.low > 0:
        return "helps"
    return "harms" if effect.high < 0 else "not_shown"


def _why_not_enough(
    tallies: Sequence[Tally], strata: Sequence[Stratum], *, has_effect: bool, lacking: int | None
) -> tuple[NotEnough, ...]:
    if not sum(each.assigned for each in tallies):
        return ("nothing_assigned",)
    if not sum(each.holdout.assigned for each in strata):
        return ("no_holdout",)
    arms = ([each.treated for each in strata], [each.holdout for each in strata])
    if not all(sum(each.matured for each in arm) for arm in arms):
        return ("nothing_matured",)
    if not has_effect:
        return ("no_outcomes",)
    is_small = any(sum(each.known for each in arm) < FEWEST_IN_AN_ARM for arm in arms)
    return ("too_few",) if is_small or lacking is None or lacking > 0 else ()


def _goal(
    strata: Sequence[Stratum], *, save_rate: float, level: float
) -> tuple[float | None, int | None]:
    """Return the effect that is to be found, and how many customers that takes."""
    known = sum(each.holdout.known for each in strata)
    if not known:
        return None, None
    # Two more of each kind keep a share of few customers away from 0 and 1, where the formula
    # would take chance for certainty (Agresti and Coull 1998).
    share = (sum(each.holdout.left for each in strata) + 2) / (known + 4)
    everybody = known + sum(each.treated.known for each in strata)
    effect = save_rate * share
    count = needed(churn_share=share, effect=effect, propensity=1 - known / everybody, level=level)
    return effect, count


def _share(arms: Sequence[Tally], level: float) -> Interval | None:
    n = sum(each.known for each in arms)
    return share_interval(sum(each.left for each in arms), n, level=level) if n else None


def _mean_p_churn(arms: Sequence[Tally]) -> float | None:
    n = sum(each.known for each in arms)
    return sum(each.p_churn_sum for each in arms) / n if n else None


def _times(interval: Interval | None, factor: float) -> Interval | None:
    if interval is None:
        return None
    return Interval(
        estimate=interval.estimate * factor,
        low=interval.low * factor,
        high=interval.high * factor,
    )


def _less(interval: Interval | None, cost: float) -> Interval | None:
    if interval is None:
        return None
    return Interval(
        estimate=interval.estimate - cost, low=interval.low - cost, high=interval.high - cost
    )
