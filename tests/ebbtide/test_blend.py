"""A blend: sums of raw scores, with a member's reasons weighted as its score is."""

from __future__ import annotations

import numpy as np
import pytest

from ebbtide.errors import BundleError
from ebbtide.scorer.blend import BlendModel, Member


class Fixed:
    """A model that says the given contributions, and their sum."""

    def __init__(self, *contributions: float) -> None:
        self._row = np.array([contributions])

    def raw(self, ranked):
        return np.repeat(self._row.sum(), len(ranked))

    def contributions(self, ranked):
        return np.repeat(self._row, len(ranked), axis=0)


def test_scores_and_contributions_are_weighted_sums() -> None:
    members = (
        Member(weight=0.5, model=Fixed(1.0, -3.0)),
        Member(weight=4.0, model=Fixed(0.25, 0.5)),
    )
    blend = BlendModel(intercept=-1.0, members=members)
    rows = np.zeros((3, 2))
    assert blend.contributions(rows).tolist() == [[1.5, 0.5]] * 3
    assert blend.raw(rows).tolist() == [-1.0 + 2.0] * 3
    assert blend.log_odds(rows).tolist() == blend.raw(rows).tolist()


@pytest.mark.parametrize(
    ("intercept", "weights", "match"),
    [
        (0.0, [], "at least one"),
        (float("nan"), [1.0], "finite"),
        (0.0, [1.0, float("inf")], "finite"),
        (0.0, [1.0, -0.1], "at least zero"),
    ],
)
def test_a_blend_that_makes_no_sense_is_refused(intercept, weights, match) -> None:
    members = tuple(Member(weight=weight, model=Fixed(1.0)) for weight in weights)
    with pytest.raises(BundleError, match=match):
        BlendModel(intercept=intercept, members=members)
