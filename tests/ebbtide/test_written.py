"""An answer comes back from plain data as it was, and flat fields say again what lists say."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ebbtide.answer.answer import Answer, Warned
from ebbtide.answer.written import FLAT_NAMES, answer_from_json, answer_to_json
from ebbtide.reasons import Reason

AT = datetime(2026, 3, 1, tzinfo=UTC)


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
