"""MPC and EMPC by hand, against numerical integration, and the inequalities that always hold."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import beta as beta_distribution

from training.evaluation.profit import Campaign, best_cut, expected_cut, hull_steps, profit_curve
from training.evaluation.ranking import tally_of

CUSTOMERS = st.lists(st.tuples(st.booleans(), st.integers(-3, 3)), min_size=2, max_size=40).filter(
    lambda drawn: len({left for left, _ in drawn}) == 2
)
CAMPAIGNS = st.builds(
    Campaign,
    clv=st.floats(50, 500),
    incentive=st.floats(0, 40),
    contact_cost=st.floats(0, 20),
    alpha=st.floats(1, 20),
    beta=st.floats(1, 20),
)


def columns(drawn):
    return np.array([float(left) for left, _ in drawn]), np.array([float(s) for _, s in drawn])


def thresholds(churned, score):
    """Return leavers and stayers called at every threshold, and at none."""
    called = score >= np.append(np.unique(score), np.inf)[:, None]
    return (called * churned).sum(axis=1), (called * (1 - churned)).sum(axis=1)


def best_at(save_rate, left, stayed, n, campaign):
    """Return profit and share of the best threshold, all of them being tried."""
    saved = save_rate * left * (campaign.clv - campaign.incentive)
    spent = (left + stayed) * campaign.contact_cost + stayed * campaign.incentive
    best = np.argmax(saved - spent)
    return (saved - spent)[best] / n, (left + stayed)[best] / n


def integrated(churned, score, campaign, part):
    """Return the mean over save rates, piece by piece between those at which the cut changes."""
    density = beta_distribution(campaign.alpha, campaign.beta).pdf
    left, stayed = thresholds(churned, score)

    def best(save_rate):
        return best_at(save_rate, left, stayed, len(churned), campaign)[part]

    edges = np.linspace(0, 1, 2001)
    cuts = [best_at(rate, left, stayed, len(churned), campaign)[1] for rate in edges]
    pieces = [0.0, *edges[:-1][np.diff(cuts) != 0], 1.0]
    return sum(
        quad(lambda rate: best(rate) * density(rate), low, high, epsabs=1e-10, limit=200)[0]
        for low, high in pairwise(pieces)
    )


@pytest.mark.parametrize(
    "campaign",
    [
        pytest.param(Campaign(), id="defaults of the paper"),
        pytest.param(Campaign(clv=60, incentive=15, contact_cost=4), id="dear"),
        pytest.param(Campaign(alpha=2, beta=2), id="save rate unsure"),
        pytest.param(Campaign(contact_cost=0), id="contacts for nothing"),
    ],
)
def test_the_expected_profit_is_that_of_numerical_integration(campaign):
    rng = np.random.default_rng(0)
    churned = (rng.random(24) < 0.3).astype(float)
    score = np.round(churned + rng.normal(0, 0.8, 24), 1)
    found = expected_cut(tally_of(churned, score), campaign)
    assert found.profit[0] == pytest.approx(integrated(churned, score, campaign, 0), abs=1e-6)
    # The share jumps where the cut changes, which the integration only knows to a grid.
    assert found.share[0] == pytest.approx(integrated(churned, score, campaign, 1), abs=2e-3)


def test_a_perfect_order_by_hand():
    # 1 of 4 leaves and is contacted alone: 0.3 * (200 - 10) - 1 = 56, over 4 customers.
    churned = np.array([1.0, 0.0, 0.0, 0.0])
    cut = best_cut(tally_of(churned, churned), Campaign())
    assert (cut.profit[0], cut.share[0]) == (pytest.approx(14.0), 0.25)


def test_one_stayer_before_the_leaver_by_hand():
    # The stayer costs 11, the leaver brings 56: (56 - 11) / 4, half are contacted.
    churned, score = np.array([1.0, 0.0, 0.0, 0.0]), np.array([2.0, 3.0, 1.0, 0.0])
    cut = best_cut(tally_of(churned, score), Campaign())
    assert (cut.profit[0], cut.share[0]) == (pytest.approx(11.25), 0.5)


def test_all_or_nobody_by_hand():
    # All score alike: one leaver brings g * 190 - 1, one stayer costs 11: it pays from g = 12/190.
    churned, score = np.array([1.0, 0.0]), np.zeros(2)
    campaign = Campaign(alpha=1, beta=1)  # any save rate is as likely
    needed = 12 / 190
    by_hand = (190 * (1 - needed**2) / 2 - 12 * (1 - needed)) / 2
    found = expected_cut(tally_of(churned, score), campaign)
    assert found.profit[0] == pytest.approx(by_hand)
    assert found.share[0] == pytest.approx(1 - needed)


def test_nobody_is_contacted_where_it_does_not_pay():
    churned = np.array([1.0] + [0.0] * 99)
    cut = best_cut(tally_of(churned, -churned), Campaign())
    assert (cut.profit[0], cut.share[0]) == (0.0, 0.0)


@pytest.mark.property
@given(CUSTOMERS, CAMPAIGNS)
def test_who_adapts_to_the_save_rate_earns_no_less_than_who_does_not(drawn, campaign):
    """The maximum is convex in the save rate: its mean is at least the maximum at the mean."""
    tally = tally_of(*columns(drawn))
    mpc, empc = best_cut(tally, campaign).profit[0], expected_cut(tally, campaign).profit[0]
    assert empc >= mpc - 1e-9
    assert mpc >= 0


@pytest.mark.property
@given(CUSTOMERS, CAMPAIGNS)
def test_nothing_earns_more_than_foresight_or_less_than_one_score_for_all(drawn, campaign):
    churned, score = columns(drawn)
    for cut in (best_cut, expected_cut):
        blind, seen, foreseen = (
            cut(tally_of(churned, each), campaign).profit[0]
            for each in (np.zeros_like(score), score, churned)
        )
        assert blind - 1e-9 <= seen <= foreseen + 1e-9


@pytest.mark.property
@given(CUSTOMERS, CAMPAIGNS)
def test_the_best_cut_is_the_best_of_all_thresholds(drawn, campaign):
    churned, score = columns(drawn)
    found = best_cut(tally_of(churned, score), campaign)
    left, stayed = thresholds(churned, score)
    best = best_at(campaign.save_rate, left, stayed, len(churned), campaign)
    assert found.profit[0] == pytest.approx(best[0])


@pytest.mark.property
@given(CUSTOMERS, CAMPAIGNS)
def test_the_expectation_of_a_sure_save_rate_is_the_maximum_profit(drawn, campaign):
    sure = Campaign(
        clv=campaign.clv,
        incentive=campaign.incentive,
        contact_cost=campaign.contact_cost,
        alpha=3e7,
        beta=7e7,
    )
    tally = tally_of(*columns(drawn))
    assert expected_cut(tally, sure).profit[0] == pytest.approx(
        best_cut(tally, sure).profit[0], abs=0.1
    )


@pytest.mark.property
@given(CUSTOMERS)
def test_the_hull_falls_and_keeps_everybody(drawn):
    tally = tally_of(*columns(drawn))
    leavers, people = hull_steps(tally.leavers[0], tally.people[0])
    assert leavers.sum() == tally.leavers.sum()
    assert people.sum() == tally.people.sum()
    assert (np.diff(leavers / people) <= 1e-12).all()


def test_the_curve_passes_through_the_best_cut_and_ends_with_everybody():
    churned = np.array([1.0, 0.0, 1.0, 0.0, 0.0])
    score = np.array([5.0, 4.0, 3.0, 2.0, 1.0])
    tally, campaign = tally_of(churned, score), Campaign()
    cut = best_cut(tally, campaign)
    at = profit_curve(tally, campaign, [0.0, float(cut.share[0]), 1.0])[0]
    assert at.tolist() == pytest.approx([0.0, cut.profit[0], (2 * 56 - 3 * 11) / 5])
