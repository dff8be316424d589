"""Histories: equal ones once, impossible ones refused, too many thinned in one way."""

from __future__ import annotations

import numpy as np
import pytest

from ebbtide.errors import ContractError
from features.btyd.histories import histories


def test_equal_histories_stand_once_with_their_weights_added() -> None:
    seen = histories([1, 0, 1], [5, 0, 5], [9, 9, 9], weights=[2, 1, 3])
    assert seen.repeats.tolist() == [0, 1]
    assert seen.last_days.tolist() == [0, 5]
    assert seen.weights.tolist() == [1, 5]
    assert (seen.customers, seen.repeaters) == (6, 5)


@pytest.mark.parametrize("differs", ["repeats", "last_days", "age_days"])
def test_histories_that_differ_in_one_number_stay_apart(differs) -> None:
    columns = {"repeats": [1, 1], "last_days": [5, 5], "age_days": [9, 9]}
    columns[differs] = [columns[differs][0], columns[differs][0] + 1]
    assert len(histories(**columns).repeats) == 2


@pytest.mark.parametrize("most", [None, 1, 40])
@pytest.mark.parametrize("greatest", [3, 400, 32_768, 65_535, 65_536, 2**40])
@pytest.mark.parametrize("is_whole", [True, False])
def test_histories_of_any_size_are_those_of_customers_that_weigh_one(most, greatest, is_whole):
    random = np.random.default_rng(greatest)
    age = np.append(random.integers(0, greatest, 100, endpoint=True), [greatest, greatest, 0, 0])
    last = random.integers(0, age, endpoint=True) * random.integers(0, 1, len(age), endpoint=True)
    repeats = np.where(last > 0, 1 + random.integers(0, greatest, len(age)), 0)
    columns = [np.append(each, each[::3]) + (0 if is_whole else 0.25) for each in (last, age)]
    columns[0][columns[0] == 0.25] = 0  # nobody came again
    repeats = np.append(repeats, repeats[::3]) * (columns[0] > 0)
    seen = histories(repeats, *columns, most=most)
    weighed = histories(repeats, *columns, weights=np.ones(len(repeats)), most=most)
    for name in ("repeats", "last_days", "age_days", "weights"):
        assert getattr(seen, name).tolist() == getattr(weighed, name).tolist()
    assert seen.customers == pytest.approx(len(repeats))


@pytest.mark.parametrize(
    ("repeats", "last", "age"),
    [
        pytest.param(-1, 0, 9, id="fewer-than-none"),
        pytest.param(1, 10, 9, id="last-after-the-end"),
        pytest.param(0, 4, 9, id="a-last-repeat-without-any"),
        pytest.param(1, 4, float("nan"), id="no-age"),
        pytest.param(float("nan"), 4, 9, id="no-count"),
    ],
)
def test_an_impossible_history_is_refused_without_its_values(repeats, last, age) -> None:
    with pytest.raises(ContractError, match="1 of 3 rows break that"):
        histories([1, repeats, 0], [1, last, 0], [9, age, 9])


def test_columns_of_unequal_length_are_refused() -> None:
    with pytest.raises(ContractError, match="one length, got 1, 2, 1 and 1"):
        histories([0], [0, 0], [9])


def test_thinning_keeps_the_number_of_customers_and_does_not_depend_on_the_order() -> None:
    rng = np.random.default_rng(0)
    age = rng.uniform(1, 300, 5_000)
    x = rng.poisson(age / 60)
    last = np.where(x > 0, age * rng.random(5_000), 0)
    thinned = histories(x, last, age, most=400)
    assert len(thinned.repeats) == 400
    assert thinned.customers == pytest.approx(5_000)
    assert np.average(thinned.repeats, weights=thinned.weights) == pytest.approx(x.mean(), rel=0.01)
    order = rng.permutation(5_000)
    again = histories(x[order], last[order], age[order], most=400)
    assert again.age_days.tolist() == thinned.age_days.tolist()


def test_few_histories_are_not_thinned() -> None:
    assert histories([0] * 50, [0] * 50, [9] * 50, most=10).weights.tolist() == [50]


def test_nobody_is_no_error() -> None:
    assert histories([], [], []).customers == 0
