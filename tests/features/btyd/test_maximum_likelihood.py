"""A search ends at a maximum whatever the processor rounds, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.optimize
from scipy.optimize import OptimizeResult

from ebbtide.errors import NotReady
from features.btyd.maximum_likelihood import FLAT, maximise


def searched(log_likelihood, *, bounds=((1e-3, 1e3), (1e-3, 1e3))):
    starts = [[0.4, 20.0]]
    names = [f"p{place}" for place in range(len(bounds))]
    return maximise(log_likelihood, names=names, starts=starts, bounds=bounds, customers=1)


def around(best, *, noise=0.0, phase=0):
    """Make a likelihood with its maximum at a point, known but for some noise, as by rounding."""

    def likelihood(theta):
        off = np.log(theta / best)
        rounding = noise * np.sin(1e12 * theta + phase).sum()
        value = -float((off**2 + np.cosh(off)).sum() + rounding)
        gradient = -(2 * off + np.sinh(off)) / theta
        return value, gradient

    return likelihood


@pytest.mark.parametrize("phase", range(20))  # the noise of one may be lucky
@pytest.mark.parametrize("noise", [1e-14, 1e-13, 1e-12, 1e-11])
def test_a_maximum_that_is_flat_but_for_rounding_is_found(noise, phase):
    best, fit = searched(around(np.array([3.0, 0.2]), noise=noise, phase=phase))
    assert best == pytest.approx([3.0, 0.2], rel=1e-4)
    assert fit.at_bound == ()


def test_a_maximum_beyond_a_bound_is_found_at_the_bound():
    best, fit = searched(around(np.array([3.0, 20.0])), bounds=((1e-3, 1e3), (1e-3, 2.0)))
    assert best == pytest.approx([3.0, 2.0], rel=1e-4)
    assert fit.at_bound == ("p1",)


@pytest.fixture
def search_ends(monkeypatch):
    """Have each search end as it is said, wherever it was."""

    def end(**said):
        ended = OptimizeResult(success=False, message="ABNORMAL", nfev=3, fun=1.0, **said)
        monkeypatch.setattr(scipy.optimize, "minimize", lambda *_given, **_named: ended)

    return end


@pytest.mark.parametrize("slope", [0.9 * FLAT, -0.9 * FLAT])
def test_a_search_that_ended_where_it_is_flat_is_one_that_found(search_ends, slope):
    search_ends(status=2, x=np.log([3.0, 0.2]), jac=np.array([slope, 0.0]))
    best, _ = searched(around(np.array([3.0, 0.2])))
    assert best == pytest.approx([3.0, 0.2])


@pytest.mark.parametrize(
    ("status", "slope"), [(2, 1.1 * FLAT), (2, -1.1 * FLAT), (1, 0.0), (1, 0.9 * FLAT)]
)
def test_a_search_that_ended_on_a_slope_or_for_want_of_time_found_nothing(
    search_ends, status, slope
):
    search_ends(status=status, x=np.log([3.0, 0.2]), jac=np.array([0.0, slope]))
    with pytest.raises(NotReady):
        searched(around(np.array([3.0, 0.2])))


@pytest.mark.parametrize(("slope", "is_found"), [(-0.5, True), (0.5, False)])
def test_the_slope_beyond_a_bound_does_not_count(search_ends, slope, is_found):
    search_ends(status=2, x=np.log([3.0, 1e3]), jac=np.array([0.0, slope]))
    if is_found:
        assert searched(around(np.array([3.0, 0.2])))[1].at_bound == ("p1",)
        return
    with pytest.raises(NotReady):
        searched(around(np.array([3.0, 0.2])))


def test_a_likelihood_without_a_maximum_is_refused():
    def stepwise(theta):  # its slope never ends, and its value does not follow
        return 0.0, np.ones_like(theta)

    with pytest.raises(NotReady, match="no maximum that 1 starts reach"):
        searched(stepwise)
