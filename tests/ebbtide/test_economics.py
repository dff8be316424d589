"""Money: the arithmetic by hand, and what must hold for any numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebbtide import economics

share = st.floats(0, 1)
money = st.floats(0, 1e6)


@pytest.mark.golden
def test_the_worked_example_of_the_documentation():
    p_churn = np.array([0.5])
    effect = economics.effect_of_action(p_churn, save_rate=0.2, match=np.array([0.75]))
    cost = economics.expected_cost(
        p_churn, effect=effect, contact_cost=0.1, acceptance_cost=5, stayer_acceptance_rate=0.6
    )
    net = economics.expected_value(effect, value=np.array([200.0]), cost=cost)
    assert effect.tolist() == pytest.approx([0.075])
    assert cost.tolist() == pytest.approx([0.1 + 5 * (0.075 + 0.3)])
    assert net.tolist() == pytest.approx([15 - 1.975])


def test_an_unknown_spend_is_an_unknown_value():
    value = economics.customer_value(np.array([np.nan]), margin_rate=0.5, value_horizon_days=365)
    assert np.isnan(value).all()


def test_causes_share_only_what_raises_the_risk():
    contributions = np.array([[0.2, 0.6, -5.0], [-1.0, -1.0, -1.0]])
    shares = economics.risk_by_cause(contributions, columns=[[0, 2], [1]])
    assert shares.tolist() == pytest.approx(np.array([[0.25, 0.75], [0.0, 0.0]]))


@pytest.mark.property
@given(share, share, share, share, money, money, money)
def test_higher_risk_never_lowers_the_value_of_an_action_that_pays(
    p_low, p_high, save_rate, stayers, value, contact, acceptance
):
    p_low, p_high = sorted((p_low, p_high))
    nets = []
    for p in (p_low, p_high):
        p_churn = np.array([p])
        effect = economics.effect_of_action(p_churn, save_rate=save_rate, match=np.array([0.8]))
        cost = economics.expected_cost(
            p_churn,
            effect=effect,
            contact_cost=contact,
            acceptance_cost=acceptance,
            stayer_acceptance_rate=stayers,
        )
        nets.append(max(economics.expected_value(effect, value=np.array([value]), cost=cost)[0], 0))
    assert nets[1] >= nets[0] - 1e-9 * max(value, contact, acceptance, 1)


@pytest.mark.property
@given(st.lists(st.lists(st.floats(-5, 5), min_size=4, max_size=4), min_size=1, max_size=20))
def test_a_row_has_the_same_shares_in_any_batch(rows):
    batch = np.array(rows)
    columns = [[0, 3], [1], [2]]
    together = economics.risk_by_cause(batch, columns=columns)
    alone = [economics.risk_by_cause(batch[[i]], columns=columns)[0] for i in range(len(batch))]
    assert (together == np.array(alone)).all()
