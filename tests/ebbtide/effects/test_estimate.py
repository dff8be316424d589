"""Effects: what is claimed, what is not, and what speaks against it."""

from __future__ import annotations

import numpy as np
import pytest

from ebbtide.effects.estimate import FEWEST_IN_AN_ARM, estimate_effect
from ebbtide.effects.power import needed
from ebbtide.effects.tally import Tally


def arm(name, n=1000, left=0, *, propensity=0.5, **changes) -> Tally:
    given = {"assigned": n, "matured": n, "known": n, "left": left, **changes}
    return Tally(arm=name, propensity=propensity, **given)


def arms(treated_left, holdout_left, *, n=2000, **treated) -> list[Tally]:
    return [
        arm("treated", n, treated_left, value_sum=100.0 * n, **treated),
        arm("holdout", n, holdout_left, value_sum=100.0 * n),
    ]


def test_an_effect_is_claimed_with_customers_and_money():
    found = estimate_effect(arms(600, 800, cost_sum=3000.0, costs_reported=7))
    assert (found.verdict, found.not_enough, found.warnings) == ("helps", (), ())
    assert found.effect.estimate == pytest.approx(0.1)
    assert found.saved_customers.estimate == pytest.approx(200)
    assert found.saved_value.estimate == pytest.approx(20_000)
    assert found.net_value.estimate == pytest.approx(17_000)
    assert found.net_value.low == pytest.approx(200_000 * found.effect.low - 3000)
    assert (found.costs_reported, found.churn_holdout.estimate) == (7, 0.4)


def test_harm_is_called_harm():
    assert estimate_effect(arms(800, 600)).verdict == "harms"


def test_no_difference_among_enough_customers_is_not_shown():
    found = estimate_effect(arms(800, 800))
    assert (found.verdict, found.more_needed) == ("not_shown", 0)
    assert found.saved_customers.low < 0 < found.saved_customers.high


@pytest.mark.parametrize(
    ("tallies", "why"),
    [
        ([], "nothing_assigned"),
        ([arm("treated", propensity=1.0)], "no_holdout"),
        ([arm("treated")], "no_holdout"),
        (
            [arm("treated", matured=0, known=0), arm("holdout", matured=0, known=0)],
            "nothing_matured",
        ),
        ([arm("treated"), arm("holdout", known=0)], "no_outcomes"),
        ([arm("treated", 40, 4), arm("holdout", 40, 30)], "too_few"),
        ([arm("treated", 300, 105), arm("holdout", 300, 120)], "too_few"),
    ],
    ids=["nobody", "all for sure", "none held out", "open", "unreported", "few", "small"],
)
def test_where_not_enough_is_known_nothing_is_claimed_and_it_says_why(tallies, why):
    found = estimate_effect(tallies)
    assert (found.verdict, found.not_enough) == ("not_enough", (why,))
    assert (found.saved_customers, found.saved_value, found.net_value) == (None, None, None)


def test_without_a_holdout_there_is_no_effect_at_all():
    found = estimate_effect([arm("treated", 5000, 500, propensity=1.0)])
    assert (found.effect, found.not_randomised, found.treated) == (None, 5000, 0)


def test_it_says_how_many_more_are_needed():
    found = estimate_effect([arm("treated", 300, 105), arm("holdout", 300, 120)], save_rate=0.25)
    share = 122 / 304
    count = needed(churn_share=share, effect=0.25 * share, propensity=0.5)
    assert (found.needed, found.more_needed) == (count, count - 600)
    assert found.effect_to_find == pytest.approx(0.25 * share)
    assert found.effect.low < 0.05 < found.effect.high


def test_nobody_leaving_is_no_proof():
    found = estimate_effect([arm("treated", 60, 0), arm("holdout", 60, 0)])
    assert found.not_enough == ("too_few",)
    assert found.needed > 1000


def test_customers_of_a_time_without_holdout_are_not_compared():
    sure = arm("treated", 9000, 8000, propensity=1.0, value_sum=9e5, cost_sum=9e5)
    with_them, without = (estimate_effect([*arms(600, 800), *more]) for more in ([sure], []))
    assert with_them.not_randomised == 9000
    assert with_them.effect == without.effect
    assert with_them.net_value == without.net_value


@pytest.mark.parametrize(
    ("tallies", "warning"),
    [
        ([arm("treated", 950, 9), arm("holdout", 50, 9)], "arms_unbalanced"),
        ([arm("treated", known=900), arm("holdout", known=700)], "outcomes_uneven"),
        ([arm("treated", known=940), arm("holdout", known=940)], "outcomes_missing"),
        ([arm("treated"), arm("holdout", delivered=1)], "holdout_treated"),
    ],
)
def test_what_speaks_against_the_comparison_is_said(tallies, warning):
    assert warning in estimate_effect(tallies).warnings


def test_sound_arms_raise_no_warning():
    tallies = [arm("treated", 905, propensity=0.9), arm("holdout", 95, propensity=0.9)]
    assert estimate_effect(tallies).warnings == ()


def simulated(rng, *, n, propensity, base, effect) -> list[Tally]:
    """One campaign: each customer dealt by chance, each with a risk of their own."""
    is_treated = rng.random(n) < propensity
    risk = np.clip(base + rng.normal(0, 0.1, n), 0.02, 0.98)
    left = rng.random(n) < risk * (1 - effect * is_treated)
    return [
        arm(name, int(held.sum()), int(left[held].sum()), propensity=propensity)
        for name, held in (("treated", is_treated), ("holdout", ~is_treated))
    ]


def test_no_effect_is_seldom_called_one_and_a_believed_one_is_mostly_found():
    rng = np.random.default_rng(5)
    share = {}
    n = needed(churn_share=0.4, effect=0.08, propensity=0.8)
    for name, effect in (("none", 0.0), ("believed", 0.2)):
        verdicts = [
            estimate_effect(
                simulated(rng, n=round(1.05 * n), propensity=0.8, base=0.4, effect=effect),
                save_rate=0.2,
            ).verdict
            for _ in range(400)
        ]
        share[name] = {each: verdicts.count(each) / 400 for each in set(verdicts)}
    claimed = share["none"].get("helps", 0) + share["none"].get("harms", 0)
    assert claimed <= 0.08  # promised: 0.05
    assert share["believed"].get("helps", 0) >= 0.5  # chance 0.8, less those short of the number
    assert share["believed"].get("harms", 0) == 0


def test_each_arm_has_its_fewest():
    n = FEWEST_IN_AN_ARM - 1
    found = estimate_effect([arm("treated", 5000, 100), arm("holdout", n, n)])
    assert found.effect.low > 0.5
    assert found.verdict == "not_enough"


def test_one_time_of_outcomes_is_one_degree_of_freedom():
    """The statistic is 12.3: beyond chance for one (10.8), not for two (13.8)."""
    known = {"propensity": 0.5, "assigned": 1000, "matured": 1000}
    tallies = [
        Tally(arm="treated", known=900, **known),
        Tally(arm="holdout", known=848, **known),
    ]
    assert "outcomes_uneven" in estimate_effect(tallies).warnings


def test_whoever_looks_often_finds_something_where_nothing_is():
    """What docs/effects.md warns of: the level of 0.95 is that of one look."""
    rng = np.random.default_rng(3)
    count = needed(churn_share=0.4, effect=0.08, propensity=0.8)
    looks = np.linspace(count / 2, 2 * count, 30).astype(int)
    ever = once = 0
    for _ in range(100):
        is_held, has_left = rng.random(looks[-1]) < 0.2, rng.random(looks[-1]) < 0.4
        held, left = np.cumsum(is_held), np.cumsum(has_left)
        both = np.cumsum(is_held & has_left)
        found = [
            _claims(held[n - 1], both[n - 1], n - held[n - 1], left[n - 1] - both[n - 1])
            for n in looks
        ]
        ever, once = ever + any(found), once + found[-1]
    assert once <= 6
    assert ever >= 8


def _claims(held, held_left, treated, treated_left):
    def tally(arm, n, left):
        return Tally(
            arm=arm,
            propensity=0.8,
            assigned=int(n),
            matured=int(n),
            known=int(n),
            left=int(left),
        )

    tallies = [tally("holdout", held, held_left), tally("treated", treated, treated_left)]
    return estimate_effect(tallies, save_rate=0.2).verdict in ("helps", "harms")
