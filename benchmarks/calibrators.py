"""Which calibrator pays at which number of outcomes: excess log loss on scores off in known ways.

    python -m benchmarks.calibrators

Customers are drawn whose true probability is known, from scores that are off in six ways. Each
method learns from n of them; what it then promises others is compared with the truth. It says
nothing of periods that differ, which no calibrator can know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ebbtide.scorer.calibrator import sigmoid
from training.calibration.beta import fit_beta
from training.calibration.isotonic import fit_isotonic
from training.calibration.platt import fit_platt

if TYPE_CHECKING:
    from collections.abc import Callable

    from ebbtide.scorer.calibrator import Calibrator

    Curve = Callable[[np.ndarray], np.ndarray]
    Fit = Callable[[np.ndarray, np.ndarray], Calibrator]

SIZES = (100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600)
METHODS = {"platt": fit_platt, "beta": fit_beta, "isotonic": fit_isotonic}
SMOOTH = {
    "line": lambda z: 0.7 * z - 0.4,
    "mild bend": lambda z: np.where(z < 0, 0.8 * z, 1.2 * z) - 0.3,
    "bend": lambda z: np.where(z < 0, 0.5 * z, 1.3 * z) - 0.3,
    "wave": lambda z: 1.4 * z + 0.25 * np.sin(2 * z),
}
UNEVEN = {
    "s": lambda z: 2.2 * np.tanh(z / 1.5),
    "steps": lambda z: np.where(z < -1, -2.2, np.where(z < 1, -0.3, 1.6)) + 0.15 * z,
}
GROUPS = {"smooth": SMOOTH, "uneven": UNEVEN}
SPREAD = 1.4
REPEATS = 12
OTHERS = 20_000


def excess_log_loss(true: np.ndarray, said: np.ndarray) -> float:
    """Return by how much promises cost more log loss than the truth, in nats."""
    said = np.clip(said, 1e-9, 1 - 1e-9)
    return float(np.mean(true * np.log(true / said) + (1 - true) * np.log((1 - true) / (1 - said))))


def lost(curve: Curve, fit: Fit, *, size: int, seed: int, others: np.ndarray) -> float:
    """Return what a method loses that learned from ``size`` customers."""
    rng = np.random.default_rng([seed, size])
    said = rng.normal(0, SPREAD, size)
    came = (rng.random(size) < sigmoid(curve(said))) * 1.0
    return excess_log_loss(sigmoid(curve(others)), fit(said, came).probability(others))


def main() -> None:
    """Print a table of excess log loss, in thousandths, by size, method and group of truths."""
    others = np.random.default_rng(99).normal(0, SPREAD, OTHERS)
    columns = [f"{group}: {method}" for group in GROUPS for method in METHODS]
    print("| customers | " + " | ".join(columns) + " |")
    print("|---|" + "---|" * len(columns))
    for size in SIZES:
        cells = [
            np.mean(
                [
                    lost(curve, fit, size=size, seed=seed, others=others)
                    for curve in truths.values()
                    for seed in range(REPEATS)
                ]
            )
            for truths in GROUPS.values()
            for fit in METHODS.values()
        ]
        print(f"| {size:,} | " + " | ".join(f"{1_000 * cell:.1f}" for cell in cells) + " |")


if __name__ == "__main__":
    main()
