"""Kinds of columns are inferred as a person would, and what looks like a trap is none."""

from __future__ import annotations

import numpy as np
import pytest

from ebbtide.contracts.snapshot_table import ColumnContract
from ebbtide.contracts.snapshot_table_file import contract_text
from features.snapshot_table.inference import IGNORED, infer_column, infer_contract
from features.snapshot_table.values import column_values


def many(*values: str, rows: int = 60) -> list[str]:
    return [values[place % len(values)] for place in range(rows)]


KINDS = [
    (many("Yes", "No"), "flag", "yes-and-no"),
    (many("0", "1"), "flag", "zero-and-one"),
    (many("true", "false", ""), "flag", "truth-with-nulls"),
    (many("1", "2"), "category", "two-codes"),
    (many("1", "2", "3", "4", "5"), "category", "codes-from-one"),
    (many("0", "1", "2", "3"), "number", "a-count-from-zero"),
    (many("15", "25", "30"), "number", "few-numbers-with-gaps"),
    (many("1.5", "2.5", " ", "7"), "number", "numbers-as-text-with-blanks"),
    (many("1.5", "NA", "n/a", "7", "8"), "number", "numbers-with-words-for-nothing"),
    ([str(n) for n in range(1, 61)] * 2, "number", "many-whole-numbers"),
    (many("007", "012", "100"), "category", "codes-with-zeros-before"),
    (many("red", "green", "NA"), "category", "a-word-for-nothing-among-words"),
    (many("red", ""), "category", "one-category-or-nothing"),
    ([f"{n}.25" for n in range(60)], "number", "a-measurement-that-never-repeats"),
    ([str(n * n * 997) for n in range(60)], "number", "whole-numbers-far-apart"),
]


@pytest.mark.parametrize(
    ("values", "kind"), [case[:2] for case in KINDS], ids=[case[2] for case in KINDS]
)
def test_a_kind_is_inferred(raw_of, values, kind) -> None:
    assert infer_column(raw_of(values).columns["x"]).kind == kind


WHYS = [
    ([""] * 20, "empty"),
    (["same"] * 20, "constant"),
    ([f"c-{n}" for n in range(60)], "unique"),
    ([str(n) for n in range(1000, 1060)], "unique"),
    ([f"text {n // 2 if n < 40 else n}" for n in range(100)], "free_text"),
    ([f"2026-01-{n % 28 + 1:02d}" for n in range(60)], "time"),
    ([f"{n % 28 + 1}.1.2026" for n in range(60)], "time"),
]


@pytest.mark.parametrize(("values", "why"), WHYS, ids=[f"{w}-{v[1]}" for v, w in WHYS])
def test_a_column_is_ignored_with_its_reason(raw_of, values, why) -> None:
    inferred = infer_column(raw_of(values).columns["x"])
    assert (inferred.kind, inferred.why) == ("ignored", IGNORED[why])


def test_a_name_that_snapshots_use_is_taken(raw_of) -> None:
    raw = raw_of(many("1", "2"), column="customer_id")
    assert infer_column(raw.columns["customer_id"]).why == IGNORED["taken"]


def test_the_contract_holds_range_categories_and_nulls(raw_of) -> None:
    number = infer_column(raw_of(many("-1.5", " ", "7", "9")).columns["x"])
    assert number == ColumnContract(name="x", kind="number", low=-2.0, high=9.0, null_share=0.25)
    category = infer_column(raw_of(many("b", "a", "b", "")).columns["x"])
    assert dict(category.categories) == {"b": 30, "a": 15}
    flag = infer_column(raw_of(many("Yes", "No", "Yes")).columns["x"])
    assert list(flag.categories) == ["No", "Yes"]


def test_of_many_categories_the_rare_are_not_learned_one_by_one(raw_of) -> None:
    values = [f"common {n % 20}" for n in range(400)] + [f"rare {n}" for n in range(40)]
    inferred = infer_column(raw_of(values).columns["x"])
    assert len(inferred.categories) == 20
    assert not any(text.startswith("rare") for text in inferred.categories)


def test_a_category_of_fewer_than_five_rows_is_not_in_the_contract(raw_of) -> None:
    raw = raw_of([*many("basic", "gold"), *["four"] * 4, *["fives"] * 5, "of Ms Doe"])
    inferred = infer_column(raw.columns["x"])
    assert dict(inferred.categories) == {"basic": 30, "gold": 30, "fives": 5}
    assert column_values(raw.columns["x"], inferred.feature).tolist().count(-1.0) == 5


def test_a_flag_keeps_a_rare_side(raw_of) -> None:
    inferred = infer_column(raw_of([*["No"] * 60, "Yes"]).columns["x"])
    assert (inferred.kind, list(inferred.categories)) == ("flag", ["No", "Yes"])


@pytest.mark.parametrize("n", [8, 40], ids=["few", "many"])
def test_categories_that_are_all_rare_are_ignored(raw_of, n) -> None:
    inferred = infer_column(raw_of(many(*(f"a{i}" for i in range(n)), rows=3 * n)).columns["x"])
    assert (inferred.kind, inferred.why) == ("ignored", IGNORED["rare"])


def test_the_text_of_a_contract_holds_no_value_of_a_single_customer(raw_of) -> None:
    fees = [f"{10 + n / 7:.2f}" for n in range(60)]
    fees[17] = "4711.37"
    contract = infer_contract(raw_of([*fees, "3.21"]), roles=["left"])
    text = contract_text(contract)
    assert "low = 0.0" in text
    assert "high = 4800.0" in text
    assert not any(fee in text for fee in (*fees, "3.21"))


def test_roles_are_no_part_of_the_contract(raw_of) -> None:
    contract = infer_contract(raw_of(many("1", "2")), roles=["left"])
    assert [column.name for column in contract.columns] == ["x"]


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(["0", "1"] * 50, id="in-other-words"),
        pytest.param(["", "moved away", "", "too expensive"] * 25, id="a-reason-for-leaving"),
        pytest.param([str(n + 500 * (n % 2)) for n in range(100)], id="a-number-with-a-cut"),
    ],
)
def test_the_label_in_other_words_is_left_out(raw_of, values) -> None:
    raw = raw_of(values)
    # the table is read in an order of its own, and the label with it
    churned = raw.columns["left"].values(np.array([0.0, 1.0]))
    [column] = infer_contract(raw, roles=["left"], churned=churned).columns
    assert column.kind == "ignored"
    assert column.why in (IGNORED["label"], IGNORED["unique"])


def test_an_honest_column_is_not_taken_for_the_label(raw_of) -> None:
    raw = raw_of(["a", "b", "b"] * 40)
    churned = raw.columns["left"].values(np.array([0.0, 1.0]))
    [column] = infer_contract(raw, roles=["left"], churned=churned).columns
    assert column.kind == "category"
