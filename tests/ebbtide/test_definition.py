"""What counts as churn, in words and as a code."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from ebbtide.definition import ChurnDefinition

BASE = ChurnDefinition(horizon_days=90, gap_days=0, active_within_days=365)
MONTHLY = ChurnDefinition.of_contracts(horizon_days=30, gap_days=0, grace_days=7)


@pytest.mark.parametrize(
    "change",
    [{"horizon_days": 91}, {"gap_days": 1}, {"active_within_days": 364}],
    ids=["horizon", "gap", "active"],
)
def test_the_code_differs_where_the_definition_does(change) -> None:
    assert dataclasses.replace(BASE, **change).code != BASE.code


@pytest.mark.parametrize(
    "change",
    [{"horizon_days": 31}, {"gap_days": 1}, {"grace_days": 8}, {"time_zone": "Asia/Tokyo"}],
    ids=["horizon", "gap", "grace", "zone"],
)
def test_the_code_of_contracts_differs_where_the_definition_does(change) -> None:
    assert dataclasses.replace(MONTHLY, **change).code != MONTHLY.code


@pytest.mark.parametrize(
    ("definition", "alive"),
    [
        (BASE, "a purchase in the 365 days before"),
        (MONTHLY, "a running contract"),
        (BASE.by_label("Churn = Yes"), "a row in the table"),
    ],
    ids=["inactivity", "contract", "label"],
)
def test_what_a_living_customer_has_is_said_in_words(definition, alive) -> None:
    assert definition.alive_in_words == alive


def test_contracts_are_told_apart_from_silence_by_code_and_sentence() -> None:
    silent = dataclasses.replace(BASE, horizon_days=30)
    assert MONTHLY.code.startswith("contract_end-30d-")
    assert silent.code.startswith("inactivity-30d-")
    assert "a running contract that ends" in MONTHLY.sentence
    assert "without another within 7 days" in MONTHLY.sentence
    assert "from 5 days after as_of" in dataclasses.replace(MONTHLY, gap_days=5).sentence


def test_the_outcome_of_contracts_is_known_once_the_grace_days_are_over() -> None:
    as_of = datetime(2011, 3, 1, tzinfo=UTC)
    window = dataclasses.replace(MONTHLY, gap_days=5).window(as_of)
    assert window.ends_at == as_of + timedelta(days=35)
    assert window.matures_at == as_of + timedelta(days=42)
    assert dataclasses.replace(MONTHLY, gap_days=5).outcome_days == 42
    assert BASE.outcome_days == 90


@pytest.mark.golden
def test_the_code_is_stable() -> None:
    assert BASE.code == "inactivity-90d-efd76623"
    assert ChurnDefinition(active_within_days=365, gap_days=0, horizon_days=90).code == BASE.code


def test_the_sentence_states_the_gap() -> None:
    assert "days from as_of" in BASE.sentence
    assert "days from 7 days after as_of" in dataclasses.replace(BASE, gap_days=7).sentence
