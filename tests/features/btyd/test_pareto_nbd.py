"""Pareto/NBD against special functions and simulated customers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import gammaln, hyp2f1

from features.btyd.pareto_nbd import ParetoNbd

MODEL = ParetoNbd(r=0.8, alpha=25, s=0.6, beta=40)


@pytest.mark.parametrize(
    ("repeats", "last", "age"),
    [(0, 0, 38.86), (2, 30.43, 38.86), (20, 30.0, 38.86), (3, 1.0, 300.0)],
)
@pytest.mark.parametrize(("alpha", "beta"), [(10.578, 11.669), (11.669, 10.578)])
def test_the_likelihood_is_the_published_one(one_customer, repeats, last, age, alpha, beta) -> None:
    r, s = 0.553, 0.606
    model = ParetoNbd(r=r, alpha=alpha, s=s, beta=beta)
    more, less = max(alpha, beta), min(alpha, beta)
    second = s + 1 if alpha > beta else r + repeats
    total = r + s + repeats

    def part(at):
        z = (more - less) / (more + at)
        return hyp2f1(total, second, total + 1, z) / (more + at) ** total

    stopped = s / total * (part(last) - part(age))
    alive = (alpha + age) ** -(r + repeats) * (beta + age) ** -s
    shared = gammaln(r + repeats) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    seen = one_customer(repeats, last, age)
    assert model.log_likelihood(seen) == pytest.approx(shared + np.log(alive + stopped), rel=1e-6)
    assert model.p_alive(seen)[0] == pytest.approx(alive / (alive + stopped), rel=1e-5)


@pytest.mark.parametrize("gap", [0.0, 25.0], ids=["no-gap", "gap"])
def test_expectations_are_what_happens_to_simulated_customers(simulated, agree, gap) -> None:
    def lifetime(rng, n):
        return rng.exponential(1 / rng.gamma(MODEL.s, 1 / MODEL.beta, n))

    window = (100 + gap, 100 + gap + 60)
    seen, bought = simulated(n=60_000, r=0.8, alpha=25, window=window, lifetime=lifetime)
    agree(seen, MODEL.expected_purchases(seen, horizon_days=60, gap_days=gap), bought)
    agree(seen, MODEL.p_none(seen, horizon_days=60, gap_days=gap), (bought == 0).astype(float))
