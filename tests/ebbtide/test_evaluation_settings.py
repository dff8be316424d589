"""What a project file may say of evaluation."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from ebbtide.evaluation_settings import EvaluationSettings


def test_the_defaults_are_those_of_the_paper():
    read = EvaluationSettings()
    assert (read.alpha, read.beta, read.clv, read.incentive, read.contact_cost) == (
        6.0,
        14.0,
        200.0,
        10.0,
        1.0,
    )


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("capacity_share", 0.0),
        ("capacity_share", 1.5),
        ("capacity_customers", 0),
        ("clv", -1.0),
        ("contact_cost", -0.5),
        ("alpha", 0.0),
        ("resamples", 10),
        ("smallest_slice", 5),
        ("clv", float("nan")),
        ("beta", float("inf")),
    ],
)
def test_what_cannot_be_is_refused(setting, value):
    with pytest.raises(ValidationError):
        EvaluationSettings(**{setting: value})


def test_an_offer_that_costs_what_a_customer_is_worth_is_refused():
    with pytest.raises(ValidationError, match=r"expected incentive below clv.*got 50.0 and 50.0"):
        EvaluationSettings(clv=50.0, incentive=50.0)


def test_a_count_of_customers_wins_over_the_share_and_is_at_most_everybody():
    read = EvaluationSettings(capacity_share=0.5, capacity_customers=30)
    assert (read.capacity_of(300), read.capacity_of(20)) == (0.1, 1.0)
