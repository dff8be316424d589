"""What counts as churn, in words and as a code."""

from __future__ import annotations

import dataclasses

import pytest

from ebbtide.definition import ChurnDefinition

BASE = ChurnDefinition(horizon_days=90, gap_days=0, active_within_days=365)


@pytest.mark.parametrize(
    "change",
    [{"horizon_days": 91}, {"gap_days": 1}, {"active_within_days": 364}],
    ids=["horizon", "gap", "active"],
)
def test_the_code_differs_where_the_definition_does(change) -> None:
    assert dataclasses.replace(BASE, **change).code != BASE.code


@pytest.mark.golden
def test_the_code_is_stable() -> None:
    assert BASE.code == "inactivity-90d-efd76623"
    assert ChurnDefinition(active_within_days=365, gap_days=0, horizon_days=90).code == BASE.code


def test_the_sentence_states_the_gap() -> None:
    assert "days from as_of" in BASE.sentence
    assert "days from 7 days after as_of" in dataclasses.replace(BASE, gap_days=7).sentence
