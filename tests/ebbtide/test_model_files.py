"""The files of a model: what they may be called, and what a blend's list may say."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ebbtide.bundle.model_files import (
    BLEND,
    MAX_MEMBERS,
    MemberText,
    are_files_of,
    blend_files,
    check_columns,
    read_model,
)
from ebbtide.errors import BundleError
from ebbtide.scorer.linear import LinearModel


def linear(weight: float) -> str:
    zero = np.zeros(1)
    model = LinearModel(
        intercept=0.0,
        weights=np.array([weight]),
        missing_weights=zero,
        centers=zero,
        missing_centers=zero,
    )
    return json.dumps(model.to_json())


def member(weight: float = 1.0, *, slope: float = 1.0) -> MemberText:
    return MemberText(kind="logistic", weight=weight, text=linear(slope))


@pytest.fixture
def files() -> dict[str, str]:
    return blend_files([member(0.5, slope=4.0), member(2.0, slope=1.0)], intercept=-1.0)


@pytest.mark.parametrize(
    ("kind", "names", "are"),
    [
        ("logistic", {"linear.json"}, True),
        ("lightgbm", {"model.lgb"}, True),
        ("random_forest", {"model.lgb"}, True),
        ("logistic", {"model.lgb"}, False),
        ("logistic", {"linear.json", "model.lgb"}, False),
        ("logistic", set(), False),
        ("svm", {"model.lgb"}, False),
        (None, set(), False),
        (["blend"], {BLEND, "member_00.json"}, False),
        ("blend", {BLEND, "member_00.json", "member_01.lgb"}, True),
        ("blend", {BLEND}, False),
        ("blend", {"member_00.json"}, False),
        ("blend", {BLEND, "member_01.json"}, False),
        ("blend", {BLEND, "member_00.json", "member_02.json"}, False),
        ("blend", {BLEND, "member_00.json", "member_00.lgb"}, False),
        ("blend", {BLEND, "member_0.json"}, False),
        ("blend", {BLEND, "member_00.py"}, False),
        ("blend", {BLEND, "member_00.json\n"}, False),
        ("blend", {BLEND, "../member_00.json"}, False),
        ("blend", {BLEND, "member_00.json", "/member_01.json"}, False),
        ("blend", {BLEND, "member_٠٠.json"}, False),
        ("blend", {BLEND, *(f"member_{at:02}.lgb" for at in range(MAX_MEMBERS))}, True),
        ("blend", {BLEND, *(f"member_{at:02}.lgb" for at in range(MAX_MEMBERS + 1))}, False),
    ],
)
def test_only_the_files_of_a_kind_are_its_files(kind, names, are) -> None:
    assert are_files_of(kind, names) is are


def test_a_blend_is_read_as_it_was_written(files) -> None:
    assert are_files_of("blend", files)
    assert read_model("blend", files).log_odds(np.array([[0.5]])).tolist() == [1.0]


def test_a_member_without_weight_is_left_out() -> None:
    files = blend_files([member(0.0), member(2.0, slope=3.0)], intercept=0.0)
    assert sorted(files) == [BLEND, "member_00.json"]
    assert read_model("blend", files).log_odds(np.ones((1, 1))).tolist() == [6.0]


@pytest.mark.parametrize(
    ("members", "intercept"),
    [
        pytest.param([], 0.0, id="none"),
        pytest.param([member(0.0)], 0.0, id="none-with-a-weight"),
        pytest.param([member(-0.1)], 0.0, id="below-zero"),
        pytest.param([member(float("nan"))], 0.0, id="nan"),
        pytest.param([member()], float("inf"), id="endless-intercept"),
        pytest.param([member()] * (MAX_MEMBERS + 1), 0.0, id="too-many"),
    ],
)
def test_a_blend_that_makes_no_sense_is_not_written(members, intercept) -> None:
    with pytest.raises(BundleError, match="blend"):
        blend_files(members, intercept=intercept)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda read: read.pop("intercept"), id="no-intercept"),
        pytest.param(lambda read: read.update(intercept="1"), id="intercept-is-text"),
        pytest.param(lambda read: read.update(intercept=True), id="intercept-is-a-claim"),
        pytest.param(lambda read: read.update(intercept=float("nan")), id="intercept-is-nan"),
        pytest.param(lambda read: read.update(intercept=10**400), id="intercept-beyond-floats"),
        pytest.param(lambda read: read.update(members=[]), id="no-members"),
        pytest.param(lambda read: read.update(members=None), id="members-are-null"),
        pytest.param(lambda read: read["members"].pop(), id="a-member-less"),
        pytest.param(lambda read: read["members"].reverse(), id="another-order"),
        pytest.param(lambda read: read["members"].append(read["members"][0]), id="a-member-twice"),
        pytest.param(lambda read: read["members"][0].update(file="../linear.json"), id="a-path"),
        pytest.param(lambda read: read["members"][0].update(kind="svm"), id="another-kind"),
        pytest.param(lambda read: read["members"][0].update(kind=[]), id="kind-is-a-list"),
        pytest.param(lambda read: read["members"][0].update(kind="blend"), id="a-blend-of-blends"),
        pytest.param(lambda read: read["members"][0].update(kind="lightgbm"), id="trees-in-json"),
        pytest.param(lambda read: read["members"][0].update(weight=-1.0), id="below-zero"),
        pytest.param(lambda read: read["members"][0].update(weight=float("inf")), id="endless"),
        pytest.param(lambda read: read["members"][0].update(weight=None), id="weight-is-null"),
        pytest.param(lambda read: read["members"][0].pop("weight"), id="no-weight"),
    ],
)
def test_a_list_that_does_not_fit_its_members_is_refused(files, change) -> None:
    read = json.loads(files[BLEND])
    change(read)
    with pytest.raises(BundleError):
        read_model("blend", {**files, BLEND: json.dumps(read)})


@pytest.mark.parametrize("text", ["", "[", "[" * 100_000, "[]", "3", "null", '{"members": 3}'])
def test_a_text_that_is_no_list_of_members_is_refused(files, text) -> None:
    with pytest.raises(BundleError):
        read_model("blend", {**files, BLEND: text})


def bent(**changed) -> str:
    """Return a linear model of two features whose lines may bend at two ranks."""
    zero = [0.0, 0.0]
    read = {
        "intercept": 0.0,
        **dict.fromkeys(("weights", "missing_weights", "centers", "missing_centers"), zero),
        "knots": [0.25, 0.5],
        "bend_weights": [zero, [1.0, 0.0]],
        "bend_centers": [zero, zero],
    }
    return json.dumps({**read, **changed})


def test_a_bent_line_is_read() -> None:
    model = read_model("logistic", {"linear.json": bent()})
    check_columns(model, places={}, n_features=2)
    assert model.log_odds(np.array([[0.25, 1.0], [0.75, 1.0]])).tolist() == [0.0, 0.25]


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"knots": [0.5, 0.25]}, id="falling"),
        pytest.param({"knots": [0.5, 0.5]}, id="twice"),
        pytest.param({"knots": [0.0, 0.5]}, id="at-the-end"),
        pytest.param({"knots": [0.5]}, id="a-knot-less"),
        pytest.param({"knots": [0.25, float("nan")]}, id="nan"),
        pytest.param({"bend_weights": [[0.0], [0.0]]}, id="a-feature-less"),
        pytest.param({"bend_centers": [[0.0, 0.0]]}, id="centers-less"),
        pytest.param({"bend_weights": [[0.0, float("inf")], [0.0, 0.0]]}, id="endless"),
    ],
)
def test_a_bent_line_that_does_not_fit_is_refused(changed) -> None:
    model = read_model("logistic", {"linear.json": bent(**changed)})
    with pytest.raises(BundleError, match="finite weights"):
        check_columns(model, places={}, n_features=2)
