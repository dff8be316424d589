"""Categories on the way to a model: places, one for null and one for what was not learned."""

from __future__ import annotations

import json
import math
from types import SimpleNamespace

import numpy as np
import pytest

from ebbtide.answer.unlearned import unlearned
from ebbtide.contracts.learned import UNSEEN
from ebbtide.contracts.snapshot_table import ColumnContract
from ebbtide.scorer.categories import CategoryScale, category_sizes
from ebbtide.scorer.linear import LinearModel, read_linear
from ebbtide.scorer.ranks import RankScale
from ebbtide.scorer.scorer import commonest_present

MODEL = LinearModel(
    intercept=-1.0,
    weights=np.array([2.0, 0.0]),
    missing_weights=np.array([0.5, 0.0]),
    centers=np.array([0.5, 0.0]),
    missing_centers=np.zeros(2),
    categories={1: np.array([0.25, -0.5, 0.0, 0.0])},
)


def test_a_linear_model_reads_a_category_by_its_place() -> None:
    rows = np.array([[0.5, 0.0], [0.5, 1.0], [0.5, 3.0], [1.0, 0.0]])
    assert MODEL.log_odds(rows).tolist() == [-0.75, -1.5, -1.0, 0.25]
    assert MODEL.contributions(rows)[:, 1].tolist() == [0.25, -0.5, 0.0, 0.25]


def test_a_linear_model_with_categories_is_read_back_as_written() -> None:
    rows = np.array([[0.3, 1.0], [np.nan, 2.0]])
    again = read_linear(json.dumps(MODEL.to_json()))
    assert again.log_odds(rows).tolist() == MODEL.log_odds(rows).tolist()


def test_only_columns_of_categories_have_sizes() -> None:
    scales = (RankScale.of(np.array([1.0, 2.0])), CategoryScale(count=2), CategoryScale(count=4))
    assert category_sizes(scales) == {1: 4, 2: 6}


def test_the_commonest_category_is_typical() -> None:
    assert commonest_present(np.array([2.0, 1.0, 2.0, np.nan])) == 2.0
    assert commonest_present(np.array([1.0, 0.0])) == 0.0
    assert math.isnan(commonest_present(np.array([np.nan, np.nan, 1.0])))


FEATURES = (
    ColumnContract(name="plan", kind="category", categories={"a": 1, "b": 1}).feature,
    ColumnContract(name="age", kind="number", low=18.0, high=90.0, null_share=0.1).feature,
)


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ([0.0, 30.0], []),
        ([1.0, 18.0], []),
        ([0.0, math.nan], []),
        ([UNSEEN, 90.0], [("unseen_category", "plan")]),
        ([math.nan, 90.0], [("unlearned_null", "plan")]),
        ([0.0, 17.9], [("unlearned_range", "age")]),
        ([UNSEEN, 91.0], [("unseen_category", "plan"), ("unlearned_range", "age")]),
    ],
)
def test_what_was_not_learned_is_named(row, found) -> None:
    assert unlearned(np.array(row), FEATURES) == found


def test_a_feature_of_the_catalogue_has_no_such_warning() -> None:
    plain = SimpleNamespace(name="recency_days", learned=None)
    assert unlearned(np.array([math.nan]), (plain,)) == []  # type: ignore[arg-type]
