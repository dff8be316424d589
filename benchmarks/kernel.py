"""CPU time a row of scoring, compiled and not: ``python -m benchmarks.kernel FOLDER``.

Two bundles: LightGBM of 60 features and 400 trees of up to 31 leaves, and a champion as ``ebbtide
train`` makes it. Both scorers of a bundle take turns, so that a busy machine slows both; each
figure is the least of several. Made bundles stay in the folder.
"""

from __future__ import annotations

import argparse
import os
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

import lightgbm
import numpy as np

from benchmarks.side_by_side.model import KEY, made_in
from benchmarks.side_by_side.own_champion import own_champion_in
from ebbtide.bundle.read import read_bundle
from ebbtide.project import load_project
from ebbtide.scorer.compiled import choose
from ebbtide.scorer.scorer import rank_columns
from training.registry import champion_before, connect_registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from ebbtide.bundle.contents import Bundle
    from ebbtide.scorer.scorer import RankedScorer

SIZES = (1, 8, 32, 1_000)
MANY = 20_000
TURNS = 5


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the models are made and kept")
    folder = parser.parse_args().folder
    os.environ["OMP_NUM_THREADS"] = "1"
    made = made_in(folder)
    print("microseconds of CPU a row, one thread; with reasons / without reasons\n")
    print("| model | rows | LightGBM and numpy | compiled | times |")
    print("|---|---|---|---|---|")
    large = _both(lambda: read_bundle(made.bundle, key=KEY.encode()))
    _compare("400 trees, 31 leaves, 60 features", large, made.rows)
    own = own_champion_in(folder)
    of_shop = _both(lambda: _champion(own.project_file))
    _compare(f"own champion ({own.kind}, {len(own.names)} features)", of_shop, own.rows)
    _compare_many(large, made.rows)
    _start(made.bundle)


def _champion(project_file: Path) -> Bundle:
    project = load_project(project_file)
    found = champion_before(connect_registry(project), project.model_name, key=KEY.encode())
    assert found.bundle is not None, "no champion"
    return found.bundle


def _both(read: Callable[[], Bundle]) -> tuple[RankedScorer, RankedScorer]:
    """Return the compiled scorer of a bundle, and the other."""
    return read().scorer, _without_compiler(read).scorer


def _without_compiler(read: Callable[[], Bundle]) -> Bundle:
    with patch.object(choose, "is_installed", return_value=False):
        return read()


def _compare(name: str, both: tuple[RankedScorer, RankedScorer], rows: np.ndarray) -> None:
    fast, slow = both
    found, expected = fast.score(rows[:500]), slow.score(rows[:500])
    differences = (
        np.abs(found.p_churn - expected.p_churn).max(),
        np.abs(found.contributions - expected.contributions).max(),
    )
    for size in SIZES:
        part = rows[:size]
        whole = _least(
            [partial(slow.score, part), partial(fast.score, part)], calls=max(1, 100 // size)
        )
        plain = _least(
            [partial(each.score, part, explain=False) for each in (slow, fast)],
            calls=max(1, 1_000 // size),
        )
        before, after = (
            f"{with_reasons / size:,.1f} / {without / size:,.1f}"
            for with_reasons, without in zip(whole, plain, strict=True)
        )
        times = f"{whole[0] / whole[1]:.0f} / {plain[0] / plain[1]:.0f}"
        print(f"| {name} | {size:,} | {before} | {after} | {times} |")
    print(
        f"\nlargest differences: {differences[0]:.1g} (probability), {differences[1]:.1g} (share)\n"
    )


def _compare_many(both: tuple[RankedScorer, RankedScorer], rows: np.ndarray) -> None:
    """Compare what is left of a million rows: the trees alone, on ranks."""
    fast, slow = both
    booster = lightgbm.Booster(model_str=slow.model.text)
    ranked = np.resize(rank_columns(slow.scales, rows), (MANY, rows.shape[1]))
    few = ranked[:500]
    sums = _least(
        [lambda: booster.predict(ranked, num_threads=1), lambda: fast.model.raw(ranked)], calls=1
    )
    shares = _least(
        [
            lambda: booster.predict(few, pred_contrib=True, num_threads=1),
            lambda: fast.model.contributions(few),
        ],
        calls=1,
    )
    print("| trees alone, microseconds of CPU a row | LightGBM | compiled | times |")
    print("|---|---|---|---|")
    for what, both, count in (("probability", sums, MANY), ("contributions", shares, 500)):
        before, after = (each / count for each in both)
        print(f"| {what}, {count:,} rows | {before:,.2f} | {after:,.2f} | {before / after:.1f} |")
    print()


def _start(folder: Path) -> None:
    read = partial(read_bundle, folder, key=KEY.encode())
    started = time.process_time()
    read()
    compiled = time.process_time() - started
    started = time.process_time()
    _without_compiler(read)
    print(
        f"reading the bundle, compiled code on disk: {compiled:.2f} s of CPU; "
        f"without a compiler: {time.process_time() - started:.2f} s"
    )


def _least(works: list[Callable[[], object]], *, calls: int) -> list[float]:
    """Return the fewest microseconds of CPU that each takes, in turns."""
    least = [float("inf")] * len(works)
    for _ in range(TURNS):
        for at, work in enumerate(works):
            started = time.process_time()
            for _ in range(calls):
                work()
            least[at] = min(least[at], (time.process_time() - started) / calls * 1e6)
    return least


if __name__ == "__main__":
    main()
