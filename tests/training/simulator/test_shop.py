"""The entry point: what it writes, that it repeats itself, and what it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from ebbtide.errors import SettingsError
from ebbtide.project import load_project
from training.simulator.intensity import DRIFT_WEEKS
from training.simulator.shop import DEFINITION, SimulatedShop, simulate
from training.simulator.write import TABLE_NAMES, TRUTH_FILE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SMALL = {"customers": 400, "seed": 3}


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def _bought_since(since: pd.Timestamp, shop: SimulatedShop) -> pd.DataFrame:
    rows = pd.read_parquet(shop.folder / "transactions.parquet")
    rows = rows.astype({"amount": float, "discount": float})
    return rows[(rows.amount > 0) & (rows.occurred_at >= since)]


def test_the_project_file_is_ready_to_use(shop: SimulatedShop) -> None:
    project = load_project(shop.project_file)
    assert project.project.name == "simulated-shop"
    assert project.definition == DEFINITION
    assert tuple(project.tables) == TABLE_NAMES
    assert project.policy_path.read_text() == "# a policy\n"
    for source in project.tables.values():
        assert source.path is not None
        assert (project.base / source.path).is_file()


def test_the_project_file_never_mentions_the_truth(shop: SimulatedShop) -> None:
    assert "truth" not in shop.project_file.read_text()
    assert shop.truth_file.parent != shop.folder


def test_the_summary_counts_what_was_written(
    shop: SimulatedShop, table: Callable[[str], pd.DataFrame], truth: pd.DataFrame
) -> None:
    last = truth[truth.as_of == shop.log_ends_at]
    assert shop.rows == {name: len(table(name)) for name in TABLE_NAMES}
    assert shop.alive_customers == last.is_alive.sum()
    assert shop.churn_share == pytest.approx(last.true_risk[last.is_alive].mean())


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    first, again = tmp_path / "first", tmp_path / "again"
    simulate(first, **SMALL)
    simulate(again, **SMALL)
    assert contents(first) == contents(again)
    assert set(contents(first)) == {
        "ebbtide.toml",
        TRUTH_FILE,
        *(f"{name}.parquet" for name in TABLE_NAMES),
    }


def test_another_seed_gives_another_shop(tmp_path: Path) -> None:
    simulate(tmp_path / "first", customers=400, seed=3)
    simulate(tmp_path / "other", customers=400, seed=4)
    first, other = contents(tmp_path / "first"), contents(tmp_path / "other")
    same = {name for name in first if first[name] == other[name]}
    assert same == {"ebbtide.toml"}


def test_an_earlier_shop_is_replaced(tmp_path: Path) -> None:
    simulate(tmp_path / "shop", customers=300, seed=9)
    simulate(tmp_path / "shop", **SMALL)
    simulate(tmp_path / "fresh", **SMALL)
    assert contents(tmp_path / "shop") == contents(tmp_path / "fresh")


@pytest.mark.parametrize("customers", [1, 2])
def test_a_tiny_shop_is_a_shop(tmp_path: Path, customers: int) -> None:
    assert simulate(tmp_path, customers=customers, seed=0, days=365).customers == customers


def test_progress_is_told_in_words(tmp_path: Path) -> None:
    told: list[str] = []
    simulate(tmp_path, customers=50, seed=0, progress=told.append)
    assert len(told) > 3
    assert "50 customers" in told[0]


def test_drift_changes_the_last_quarter_only(tmp_path: Path) -> None:
    steady = simulate(tmp_path / "steady", customers=2_000, seed=5)
    drifted = simulate(tmp_path / "drifted", customers=2_000, seed=5, drift=0.4)
    since = pd.Timestamp(steady.log_ends_at) - pd.Timedelta(weeks=DRIFT_WEEKS)
    clocks = {"transactions": "occurred_at", "treatments": "assigned_at"}
    for name in TABLE_NAMES:
        one, two = (pd.read_parquet(s.folder / f"{name}.parquet") for s in (steady, drifted))
        if name not in clocks:
            pd.testing.assert_frame_equal(one, two)
            continue
        before = [f[f[clocks[name]] < since].reset_index(drop=True) for f in (one, two)]
        pd.testing.assert_frame_equal(*before)
    bought = [_bought_since(since, shop) for shop in (steady, drifted)]
    assert len(bought[1]) < 0.9 * len(bought[0])
    prices = [((f.amount + f.discount) / f.quantity).mean() for f in bought]
    assert prices[1] / prices[0] == pytest.approx(1.4, rel=0.1)
    assert drifted.churn_share > steady.churn_share + 0.05


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"customers": 0}, "customers"),
        ({"customers": 3_000_000}, "customers"),
        ({"seed": -1}, "seed"),
        ({"drift": -0.1}, "drift"),
        ({"drift": float("nan")}, "drift"),
        ({"days": 100}, "days"),
    ],
    ids=str,
)
def test_settings_out_of_range_are_named(tmp_path: Path, wrong: dict[str, Any], named: str) -> None:
    with pytest.raises(SettingsError, match=f"{named}: expected .*, got"):
        simulate(tmp_path / "shop", **{**SMALL, **wrong})
    assert not (tmp_path / "shop").exists()


def test_all_wrong_settings_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"customers: .*seed: .*days: "):
        simulate(tmp_path / "shop", customers=0, seed=-1, days=1)


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("precious")
    with pytest.raises(SettingsError, match=r"1 other file\(s\), first 'thesis.docx'"):
        simulate(tmp_path, **SMALL)
    assert set(contents(tmp_path)) == {"thesis.docx"}


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "shop").write_text("a file")
    with pytest.raises(SettingsError, match="found a file"):
        simulate(tmp_path / "shop", **SMALL)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file")
    with pytest.raises(SettingsError, match="cannot be made"):
        simulate(tmp_path / "file" / "shop", **SMALL)
