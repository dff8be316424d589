"""What an order of customers is worth, by hand and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from training.evaluation.ranking import (
    Ranking,
    auc_of,
    average_precision_of,
    found_shares,
    lift_quality,
    lifts,
    tally_of,
)

CUSTOMERS = st.lists(st.tuples(st.booleans(), st.integers(-3, 3)), min_size=2, max_size=60).filter(
    lambda drawn: len({left for left, _ in drawn}) == 2
)


def columns(drawn):
    return np.array([float(left) for left, _ in drawn]), np.array([float(s) for _, s in drawn])


@pytest.mark.property
@given(CUSTOMERS)
def test_auc_and_average_precision_are_those_of_scikit_learn(drawn):
    churned, score = columns(drawn)
    tally = tally_of(churned, score)
    assert auc_of(tally)[0] == pytest.approx(roc_auc_score(churned, score))
    assert average_precision_of(tally)[0] == pytest.approx(average_precision_score(churned, score))


@pytest.mark.property
@given(CUSTOMERS, st.lists(st.integers(0, 4), min_size=60, max_size=60))
def test_counts_are_the_same_as_copies_of_customers(drawn, counted):
    churned, score = columns(drawn)
    counts = np.array(counted[: len(churned)])
    copied = np.repeat(churned, counts), np.repeat(score, counts)
    if len(np.unique(copied[0])) < 2:
        return
    resampled = Ranking.of(churned, score).tally(counts[None, :].astype(float))
    copies = tally_of(*copied)
    for measure in (auc_of, average_precision_of, lift_quality):
        assert measure(resampled) == pytest.approx(measure(copies))
    assert found_shares(resampled, [0.1, 0.5]) == pytest.approx(found_shares(copies, [0.1, 0.5]))


@pytest.mark.property
@given(CUSTOMERS, st.randoms(use_true_random=False))
def test_nothing_depends_on_the_order_of_rows_or_the_units_of_the_score(drawn, random):
    churned, score = columns(drawn)
    places = list(range(len(churned)))
    random.shuffle(places)
    plain, other = tally_of(churned, score), tally_of(churned[places], 7 * score[places] + 100)
    for measure in (auc_of, average_precision_of, lift_quality):
        assert measure(plain) == pytest.approx(measure(other))


@pytest.mark.property
@given(CUSTOMERS)
def test_gains_rise_from_nothing_to_all(drawn):
    found = found_shares(tally_of(*columns(drawn)), np.linspace(0, 1, 21).tolist())[0]
    assert found[0] == 0
    assert found[-1] == pytest.approx(1)
    assert (np.diff(found) >= -1e-12).all()


def test_customers_who_tie_at_the_border_count_in_proportion():
    churned, score = np.array([1.0, 0.0, 1.0, 0.0]), np.array([2.0, 1.0, 1.0, 1.0])
    # The first is found; of the three that tie, one in three leaves.
    assert found_shares(tally_of(churned, score), [0.5])[0, 0] == pytest.approx((1 + 1 / 3) / 2)


def test_lift_looks_at_one_customer_at_least():
    churned, score = np.array([1.0, 0.0, 0.0, 0.0]), np.array([4.0, 3.0, 2.0, 1.0])
    assert lifts(tally_of(churned, score), [0.1])[0, 0] == pytest.approx(4.0)


def test_lift_quality_asks_for_the_top_where_the_auc_does_not():
    churned = np.array([1.0] * 10 + [0.0] * 90)
    top = np.arange(100.0)[::-1].copy()
    top[5:10] = -1  # half of the leavers first, the other half last
    middle = np.zeros(100)  # all by chance: the same AUC
    tallies = [tally_of(churned, score) for score in (top, middle)]
    assert [auc_of(tally)[0] for tally in tallies] == pytest.approx([0.5, 0.5])
    assert lift_quality(tallies[0])[0] > 0.1
    assert lift_quality(tallies[1])[0] == pytest.approx(0.0)


def test_a_resample_in_which_all_stayed_has_no_auc_and_no_lift():
    ranking = Ranking.of(np.array([1.0, 0.0]), np.array([0.7, 0.2]))
    tally = ranking.tally(np.array([[0.0, 2.0], [1.0, 1.0]]))
    for measure in (auc_of, average_precision_of, lift_quality):
        assert np.isnan(measure(tally)).tolist() == [True, False]
