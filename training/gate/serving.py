"""Whether a challenger serves well here: with the scores of training, in good time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from ebbtide.bundle.read import check_golden
from ebbtide.errors import BundleError
from ebbtide.words import Words
from training.gate.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ebbtide.bundle.contents import Bundle
    from training.gate.case import Case

TIMES_SLOWER = 5.0
"""Than the champion; with the limit below nobody would notice less."""
UNNOTICED_MS = 10.0
"""Below this many milliseconds no model is too slow, however fast the champion is."""
ROUNDS = 3


def serves_well(case: Case) -> Iterator[Refusal]:
    """Yield how the challenger would fail in service."""
    try:
        check_golden(case.challenger)
    except BundleError:
        yield Refusal(
            code="golden",
            expected=Words("golden rows that score as in training", "基准行得分与训练时一致"),
            came=Words("other scores", "不同的得分"),
        )
    ms = median_ms(case.challenger)
    limit = case.settings.slowest_ms
    if case.champion is not None and ms > UNNOTICED_MS:
        limit = min(limit, max(UNNOTICED_MS, TIMES_SLOWER * median_ms(case.champion)))
    if ms > limit:
        yield Refusal(
            code="slow",
            expected=Words(
                f"at most {limit:.0f} ms for one customer", f"单个客户评分不超过 {limit:.0f} 毫秒"
            ),
            came=Words(f"{ms:.0f} ms", f"{ms:.0f} 毫秒"),
        )


def median_ms(bundle: Bundle, *, clock: Callable[[], float] = time.perf_counter) -> float:
    """Return the median time to score one golden row with contributions, milliseconds.

    The best of three rounds, so that what else the machine does counts little.

    Parameters
    ----------
    bundle : whose scorer.
    clock : seconds from some instant on.
    """
    rows = bundle.golden.rows
    taken = np.empty((ROUNDS, len(rows)))
    for turn in range(ROUNDS):
        for at in range(len(rows)):
            begun = clock()
            bundle.scorer.score(rows[at : at + 1])
            taken[turn, at] = clock() - begun
    return float(np.median(taken, axis=1).min() * 1_000)
