"""Values of a column as numbers: what was learned has a place, everything else is told apart."""

from __future__ import annotations

import math

import pytest

from ebbtide.contracts.feature import FeatureContract
from ebbtide.contracts.learned import UNSEEN, Learned, category_text, flag_order
from ebbtide.contracts.snapshot_table import ColumnContract

PLAN = Learned(kind="category", categories=("basic", "2", "true"))
FLAG = Learned(kind="flag", categories=("No", "Yes"))


@pytest.mark.parametrize(
    ("value", "code"),
    [("basic", 0), (" basic ", 0), (2, 1), (2.0, 1), ("2", 1), (True, 2), ("Basic", UNSEEN)],
)
def test_a_category_is_found_whatever_type_it_comes_in(value, code) -> None:
    assert PLAN.code(value) == code


@pytest.mark.parametrize("value", [None, math.nan, "", "  "])
def test_nothing_and_blanks_are_null(value) -> None:
    assert math.isnan(PLAN.code(value))


@pytest.mark.parametrize(
    ("value", "code"),
    [(True, 1), (False, 0), (1, 1), (0, 0), ("yes", 1), ("N", 0), ("maybe", UNSEEN), (7, UNSEEN)],
)
def test_a_flag_takes_every_way_of_saying_yes_and_no(value, code) -> None:
    assert FLAG.code(value) == code


@pytest.mark.parametrize(
    ("texts", "order"),
    [
        ({"0", "1"}, ("0", "1")),
        ({"true", "false"}, ("false", "true")),
        ({"Y", "N"}, ("N", "Y")),
        ({"1", "2"}, None),
        ({"yes", "1"}, None),
        ({"no", "yes", "maybe"}, None),
    ],
)
def test_only_a_no_and_a_yes_make_a_flag(texts, order) -> None:
    assert flag_order(frozenset(texts)) == order


def test_texts_of_categories_are_plain() -> None:
    assert [category_text(value) for value in (1e6, 0.1, -3, False)] == [
        "1000000",
        "0.1",
        "-3",
        "false",
    ]


def feature(kind: str = "category", **changes: object) -> FeatureContract:
    given = {"categories": {"gold": 5, "basic": 9}} if kind == "category" else {}
    return ColumnContract(name="Plan {x}", kind=kind, **{**given, **changes}).feature  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "typical", "en", "zh"),
    [
        (0.0, 1.0, "Plan {x} is gold (typical: basic)", "Plan {x} 为 gold（一般为 basic）"),
        (1.0, 1.0, "Plan {x} is basic", "Plan {x} 为 basic"),
        (0.0, math.nan, "Plan {x} is gold", "Plan {x} 为 gold"),
        (UNSEEN, 1.0, "Plan {x} has a value that was not learned", "Plan {x} 的取值未被模型学习"),
        (math.nan, 1.0, "Plan {x} is not known", "Plan {x} 未知"),
    ],
)
def test_a_reason_names_the_category_and_what_is_typical(value, typical, en, zh) -> None:
    assert feature().reason_text(value, typical, "en") == en
    assert feature().reason_text(value, typical, "zh") == zh


def test_a_reason_names_the_number_with_its_unit() -> None:
    said = feature("number", unit="months").reason_text(2.0, 29.0, "en")
    assert said == "Plan {x} is 2 months (typical: 29)"


def test_a_category_is_shown_as_text_and_a_number_as_number() -> None:
    assert [feature().shown(v) for v in (1.0, UNSEEN, math.nan)] == ["basic", None, None]
    assert [feature("number").shown(v) for v in (1.5, math.nan)] == [1.5, None]


@pytest.mark.parametrize("kind", ["category", "number"])
def test_a_contract_is_read_back_as_it_was_written(kind) -> None:
    assert FeatureContract.from_json(feature(kind).to_json()) == feature(kind)
