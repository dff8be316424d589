"""What may be said of a difference: that it is large, and that chance does not explain it.

Both must hold. The old lines (a PSI of 0.1 and 0.25) say what is large, and are passed by chance
alone in small samples; a test says what chance explains, and finds trifles in large ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from ebbtide.drift.groups import comparable_groups
from ebbtide.drift.measures import (
    critical_difference,
    critical_distance,
    critical_stability,
    distance,
    population_stability,
)

if TYPE_CHECKING:
    from ebbtide.drift.spread import Counts, Spread

Verdict = Literal["stable", "shifted", "strongly_shifted", "too_few"]

FEWEST = 200
"""Values that a window and the reference must have, for anything to be said."""

LEVEL = 0.01
"""Probability that anything at all is called shifted although nothing is, over all tests together
(C. Bonferroni)."""

PSI_LINES = (0.1, 0.25)
KS_LINES = (0.1, 0.2)
MISSING_LINES = (0.05, 0.15)
"""What is shifted and strongly shifted, where the samples are large. A normal value that moves by a
third and by half of its standard deviation has about the first and the second of PSI and KS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One measure, and from where on it counts.

    Parameters
    ----------
    value : of the measure, 0 or more.
    threshold : above it something has shifted: the line, or what chance explains, if that is more.
    strong_threshold : above it strongly.
    """

    value: float
    threshold: float
    strong_threshold: float

    @property
    def verdict(self) -> Verdict:
        """What it says by itself."""
        if self.value > self.strong_threshold:
            return "strongly_shifted"
        return "shifted" if self.value > self.threshold else "stable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """How one column has shifted.

    Parameters
    ----------
    name : of the feature; ``score`` for the scores.
    n : values present in the window.
    psi : population stability index; None where there are too few, or there is one value only.
    ks : largest difference of the distribution functions; None for categories, too.
    missing : difference of the shares of missing values; None where there are too few customers.
    missing_share, reference_missing_share : those shares, now and at training.
    verdict : what may be said of the values.
    missing_verdict : what may be said of what is missing.
    """

    name: str
    n: int
    psi: Measured | None
    ks: Measured | None
    missing: Measured | None
    missing_share: float
    reference_missing_share: float
    verdict: Verdict
    missing_verdict: Verdict

    @property
    def beyond(self) -> float:
        """The largest measure as a multiple of its threshold; more than 1 has shifted."""
        measures = (self.psi, self.ks, self.missing)
        return max((m.value / m.threshold for m in measures if m is not None), default=0.0)

    @property
    def worst(self) -> Verdict:
        """The graver of both verdicts."""
        order: tuple[Verdict, ...] = ("strongly_shifted", "shifted", "stable", "too_few")
        return min(self.verdict, self.missing_verdict, key=order.index)


def drift_of(
    name: str, reference: Spread, counts: Counts, missing: int, *, tests: int, level: float = LEVEL
) -> Drift:
    """Compare a window with the reference.

    Parameters
    ----------
    name : of the column.
    reference : its spread at training.
    counts : of the window, in the same bins.
    missing : values that the window lacks.
    tests : how many tests are made together; each is made at its part of the level.
    level : probability that any of them claims a shift although there is none.

    Examples
    --------
    >>> from ebbtide.drift.spread import Spread
    >>> before, now = np.arange(1000.0), np.arange(300.0, 1300.0)
    >>> reference = Spread.of(before)
    >>> found = drift_of("visits", reference, reference.count(now), 0, tests=1)
    >>> found.verdict, found.missing_verdict, round(found.ks.value, 2)
    ('strongly_shifted', 'stable', 0.3)
    """
    n, n_before = int(counts.sum()), reference.total
    everybody, everybody_before = n + missing, n_before + reference.missing
    part = level / tests
    is_enough = min(n, n_before) >= FEWEST
    psi = _stability(reference, counts, part) if is_enough else None
    ks = None
    if is_enough and reference.edges is not None:
        ks = _measured(
            distance(counts, reference.counts),
            KS_LINES,
            critical_distance(part, n=n, n_before=n_before),
        )
    absent = None
    if min(everybody, everybody_before) >= FEWEST:
        absent = _measured(
            abs(missing / everybody - reference.missing_share),
            MISSING_LINES,
            critical_difference(
                part,
                missing=missing,
                n=everybody,
                missing_before=reference.missing,
                n_before=everybody_before,
            ),
        )
    return Drift(
        name=name,
        n=n,
        psi=psi,
        ks=ks,
        missing=absent,
        missing_share=missing / everybody if everybody else 0.0,
        reference_missing_share=reference.missing_share,
        verdict=_graver(psi, ks) if is_enough else "too_few",
        missing_verdict=absent.verdict if absent else "too_few",
    )


def comparisons_in(spread: Spread) -> int:
    """Return how many tests the comparison of a column makes: PSI, missing, and KS if ordered."""
    return 2 if spread.edges is None else 3


def _stability(reference: Spread, counts: Counts, level: float) -> Measured | None:
    before = np.asarray(reference.counts)
    groups = comparable_groups(reference, counts)
    ours, theirs = (np.bincount(groups, weights=each) for each in (counts, before))
    if np.sum(ours + theirs > 0) < 2:
        return None
    critical = critical_stability(
        level,
        pooled=ours + theirs,
        n=int(counts.sum()),
        n_before=reference.total,
        at_least=PSI_LINES[0],
    )
    return _measured(population_stability(ours, theirs), PSI_LINES, critical)


def _measured(value: float, lines: tuple[float, float], critical: float) -> Measured:
    return Measured(
        value=value, threshold=max(lines[0], critical), strong_threshold=max(lines[1], critical)
    )


def _graver(*measures: Measured | None) -> Verdict:
    verdicts = {each.verdict for each in measures if each is not None}
    order: tuple[Verdict, ...] = ("strongly_shifted", "shifted")
    return next((verdict for verdict in order if verdict in verdicts), "stable")
