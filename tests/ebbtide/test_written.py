"""An answer comes back from plain data as it was, and flat fields say again what lists say."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from ebbtide.answer.answer import Answer, RiskOnDay, Warned
from ebbtide.answer.written import (
    FLAT_NAMES,
    answer_from_json,
    answer_to_bytes,
    answer_to_json,
)
from ebbtide.reasons import Reason

AT = datetime(2026, 3, 1, tzinfo=UTC)
LOCAL_MEAN_TIME = timezone(timedelta(hours=8, minutes=5, seconds=43))

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
numbers = st.floats(-1e12, 1e12)
maybe_numbers = st.none() | numbers
instants = st.datetimes(
    datetime(1901, 1, 1),  # noqa: DTZ001 - bounds are naive by its contract
    datetime(2100, 1, 1),  # noqa: DTZ001 - as above
    timezones=st.sampled_from(
        [
            UTC,
            timezone(timedelta(hours=-3, minutes=-30)),
            LOCAL_MEAN_TIME,
            ZoneInfo("Asia/Shanghai"),
        ]
    ),
)
shown = st.none() | numbers | texts


def records(kind, **fields):
    """Draw records; their types are known to type checkers only."""
    return st.fixed_dictionaries(fields).map(lambda drawn: kind(**drawn))


reasons = records(
    Reason,
    feature=texts,
    family=texts,
    cause=st.just("disengagement"),
    contribution=numbers,
    value=shown,
    typical=shown,
    text=texts,
    typical_stayers=shown,
    typical_leavers=shown,
)
any_answers = records(
    Answer,
    prediction_id=texts,
    customer_id=texts,
    status=st.sampled_from(["scored", "abstained"]),
    as_of=instants,
    scored_at=instants,
    valid_until=st.just(AT),
    model_version=texts,
    policy_version=texts,
    definition=texts,
    language=st.sampled_from(["en", "zh"]),
    churn_probability=maybe_numbers,
    churn_score=st.none() | st.integers(0, 100),
    percentile=maybe_numbers,
    risk_by_day=st.lists(
        records(RiskOnDay, day=st.integers(0, 9), probability=numbers, payment=maybe_numbers),
        max_size=2,
    ).map(tuple),
    reasons=st.lists(reasons, max_size=3).map(tuple),
    action_text=st.none() | texts,
    effect=maybe_numbers,
    warnings=st.lists(
        records(Warned, code=st.sampled_from(["expired", "other_fit"]), subject=texts, text=texts),
        max_size=3,
    ).map(tuple),
    outcome_due_at=st.none() | st.just(AT),
)


def reason(feature):
    return Reason(
        feature=feature,
        family="recency",
        cause="disengagement",
        contribution=1.0,
        value=1.0,
        typical=2.0,
        text=f"About {feature}",
    )


def answer(*, features=(), codes=()):
    return Answer(
        prediction_id="p",
        customer_id="c",
        status="scored",
        as_of=AT,
        scored_at=AT,
        valid_until=AT,
        model_version="m",
        policy_version="p",
        definition="d",
        language="en",
        reasons=tuple(map(reason, features)),
        warnings=tuple(Warned(code=code, subject="", text="") for code in codes),
    )


def test_flat_fields_repeat_reasons_and_warnings():
    codes = ("missing_feature", "expired", "missing_feature")
    written = answer_to_json(answer(features=("a", "b"), codes=codes))
    assert {name: written[name] for name in FLAT_NAMES} == {
        "reason_1": "About a",
        "reason_2": "About b",
        "reason_3": None,
        "reason_1_code": "a",
        "reason_2_code": "b",
        "reason_3_code": None,
        "warning_codes": "missing_feature,expired",
    }


@pytest.mark.parametrize("features", [(), ("a",), ("a", "b", "c")], ids=len)
def test_an_answer_comes_back_as_it_was(features):
    made = answer(features=features, codes=("expired",))
    assert answer_from_json(answer_to_json(made)) == made


def test_without_warnings_there_are_no_codes():
    assert answer_to_json(answer())["warning_codes"] is None


@pytest.mark.property
@given(any_answers)
def test_bytes_say_what_the_plain_data_say_in_the_same_order(made):
    plain = answer_to_json(made)
    read = json.loads(answer_to_bytes(made))
    assert read == json.loads(json.dumps(plain))
    assert list(read) == list(plain)


def numeric(record):
    """Return the names of the fields of a record that may hold a number with decimals."""
    return [name for name, kind in record.__annotations__.items() if "float" in kind]


PLACES = [
    *(((), name) for name in numeric(Answer)),
    *((("reasons",), name) for name in numeric(Reason)),
    *((("risk_by_day",), name) for name in numeric(RiskOnDay)),
]
"""Where an answer holds numbers: the list that they are in, if any, and their field."""


def with_number(made, place, number):
    """Return an answer with a number at a place."""
    within, name = place
    if not within:
        return structs.replace(made, **{name: number})
    (list_name,) = within
    whole = {"reasons": reason("a"), "risk_by_day": RiskOnDay(day=1, probability=0.5)}
    added = structs.replace(whole[list_name], **{name: number})
    return structs.replace(made, **{list_name: (*getattr(made, list_name), added)})


def test_numbers_are_looked_for_wherever_they_may_stand():
    assert len(PLACES) == 12 + 5 + 3


@pytest.mark.property
@given(any_answers, st.sampled_from(PLACES), st.sampled_from([math.nan, math.inf, -math.inf]))
def test_a_number_that_json_has_no_word_for_is_refused(made, place, number):
    with pytest.raises(ValueError, match="finite"):
        answer_to_bytes(with_number(made, place, number))


def test_numbers_that_only_their_sum_is_too_large_for_are_written():
    made = structs.replace(answer(features=("a",)), value=1.7e308, expected_value=1.7e308)
    assert json.loads(answer_to_bytes(made))["value"] == 1.7e308
