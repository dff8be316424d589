"""Through the command line: check, contract, train, promote, score; and nothing by half."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import mlflow
import pandas as pd
import pyarrow.csv
import pytest
from typer.testing import CliRunner

from ebbtide.cli import build_app
from ebbtide.errors import ContractError, NotReady, SettingsError
from ebbtide.project import load_project
from ebbtide.store.sql import open_store
from flat_table import flat_project, flat_rows, write_rows
from training.registry import connect_registry

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.e2e


def run(*words: str) -> str:
    done = CliRunner().invoke(build_app(), list(words))
    if done.exception is not None:
        raise done.exception
    return done.output


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Path:
    """A project whose champion was trained through the command line, with rows to score."""
    folder = tmp_path_factory.mktemp("flat")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        patch.delenv("EBBTIDE_BUNDLE_KEY", raising=False)
        flat_project(folder, flat_rows(300), more='value = "fee"', candidates=("lightgbm",))
        said = run("train", "--config", str(folder / "ebbtide.toml"))
        (folder / "said.txt").write_text(said, encoding="utf-8")
        run("promote", "--config", str(folder / "ebbtide.toml"), "--why", "first")
    new = flat_rows(30, seed=9, first=1_000)
    for row in new:
        del row["left"]
    new[0].update(plan="platinum")
    new[1].update(tenure="")
    write_rows(new, folder / "new.csv")
    return folder


@pytest.fixture(autouse=True)
def own_registry(monkeypatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("EBBTIDE_BUNDLE_KEY", raising=False)


def score(shop: Path, out: Path, *more: str, table: str | None = "new.csv") -> pd.DataFrame:
    given = [] if table is None else ["--table", str(shop / table)]
    config = ["--config", str(shop / "ebbtide.toml")]
    run("score", *config, "--as-of", "2026-03-01", "--out", str(out), *given, *more)
    return pyarrow.csv.read_csv(out).to_pandas()


def test_training_says_what_it_inferred_and_what_it_cannot_prove(shop: Path) -> None:
    said = " ".join((shop / "said.txt").read_text(encoding="utf-8").split())
    assert "without dates nothing can prove" in said
    assert "gate: passed" in said
    assert (shop / "flat.contract.toml").exists()
    assert "flat.contract.toml" in said


def test_rows_are_scored_with_reasons_and_an_action(shop: Path, tmp_path: Path) -> None:
    scored = score(shop, tmp_path / "s.csv")
    assert len(scored) == 30
    assert set(scored["status"]) == {"scored"}
    assert scored["customer_id"].tolist()[0] == "c-01000"
    texts = scored["reason_1"][scored["reason_1"] != ""]
    assert len(texts) > 10
    assert texts.str.contains(r"^(?:plan is|tenure is|fee is|region is|paperless is)").all()
    assert scored["action_code"].notna().any()
    assert scored["value"].max() > 0


def test_chinese_is_spoken_too(shop: Path, tmp_path: Path) -> None:
    scored = score(shop, tmp_path / "s.csv", "--language", "zh")
    texts = scored["reason_1"][scored["reason_1"] != ""]
    assert len(texts) > 10
    assert texts.str.contains(" 为 ").all()


def test_a_new_category_is_scored_and_warned_of(shop: Path, tmp_path: Path) -> None:
    config = ["--config", str(shop / "ebbtide.toml"), "--as-of", "2026-03-01"]
    out = ["--out", str(tmp_path / "s.csv"), "--table", str(shop / "new.csv")]
    said = " ".join(run("score", *config, *out).split())
    assert "snapshot_table.plan" in said
    assert "platinum" not in said


def test_published_rows_are_kept_as_the_model_reads_them(shop: Path, tmp_path: Path) -> None:
    from datetime import UTC, datetime

    from ebbtide.project import load_project

    score(shop, tmp_path / "s.csv", "--publish")
    store = open_store(load_project(shop / "ebbtide.toml").database_url)
    try:
        kept = store.newest_snapshots(["c-01000"], until=datetime(2026, 3, 2, tzinfo=UTC))
    finally:
        store.close()
    snapshot = kept["c-01000"]
    assert snapshot.values[snapshot.names.index("plan")] == -1


def test_rows_that_were_learned_from_are_not_scored(shop: Path, tmp_path: Path) -> None:
    with pytest.raises(NotReady, match="would be memory"):
        score(shop, tmp_path / "s.csv", table=None)


def test_rows_with_an_empty_label_are_scored(shop: Path, tmp_path: Path) -> None:
    rows = flat_rows(300)
    for row in rows[:5]:
        row["left"] = ""
    write_rows(rows, tmp_path / "table.csv")
    text = (shop / "ebbtide.toml").read_text(encoding="utf-8")
    text += f'[stores]\nfolder = "{shop / ".ebbtide"}"\n'
    (tmp_path / "ebbtide.toml").write_text(text, encoding="utf-8")
    scored = score(tmp_path, tmp_path / "s.csv", table=None)
    assert scored["customer_id"].tolist() == [row["id"] for row in rows[:5]]


def test_a_missing_column_stops_the_batch(shop: Path, tmp_path: Path) -> None:
    rows = flat_rows(5)
    for row in rows:
        del row["plan"]
    write_rows(rows, shop / "lacking.csv")
    with pytest.raises(ContractError, match=r"snapshot_table\.plan"):
        score(shop, tmp_path / "s.csv", table="lacking.csv")


def test_the_table_itself_is_never_written_over(shop: Path) -> None:
    with pytest.raises(SettingsError, match="that snapshot_table of the project reads"):
        score(shop, shop / "table.csv")


@pytest.mark.parametrize("verb", ["features", "backtest"])
def test_verbs_of_events_say_what_they_need(shop: Path, tmp_path: Path, verb: str) -> None:
    config = ["--config", str(shop / "ebbtide.toml"), "--as-of", "2026-03-01"]
    with pytest.raises(SettingsError, match="needs tables of events"):
        run(verb, *config, "--out", str(tmp_path / "x.csv"))


def test_as_of_needs_dates(shop: Path) -> None:
    with pytest.raises(SettingsError, match="--as-of needs dates"):
        run("train", "--config", str(shop / "ebbtide.toml"), "--as-of", "2026-01-01")


def test_the_check_shows_contract_and_findings(shop: Path) -> None:
    config = ["--config", str(shop / "ebbtide.toml")]
    said = " ".join(run("check-data", *config).split())
    assert "basic (" in said
    assert "keeps its contract" in said


def test_the_contract_is_written_once(shop: Path, tmp_path: Path) -> None:
    config = ["--config", str(shop / "ebbtide.toml")]
    assert "5 of 5 columns are used" in run("contract", *config, "--out", str(tmp_path / "c.toml"))
    written = (tmp_path / "c.toml").read_text(encoding="utf-8")
    assert written == (shop / "flat.contract.toml").read_text(encoding="utf-8")
    with pytest.raises(SettingsError, match="is there already"):
        run("contract", *config)


def test_the_pyfunc_takes_categories_as_text(shop: Path, tmp_path: Path) -> None:
    connect_registry(load_project(shop / "ebbtide.toml"))
    model = mlflow.pyfunc.load_model("models:/ebbtide-flat@champion")
    given = pd.read_csv(shop / "new.csv", dtype={"region": str})
    said = model.predict(
        given[["plan", "tenure", "fee", "paperless", "region"]].assign(
            tenure=lambda f: f["tenure"].astype(float),
            fee=lambda f: pd.to_numeric(f["fee"], errors="coerce"),
        )
    )
    scored = score(shop, tmp_path / "s.csv")
    assert said["p_churn"].tolist() == scored["churn_probability"].tolist()


def test_the_manifest_tells_the_label(shop: Path) -> None:
    [manifest] = (shop / ".ebbtide" / "artifacts").rglob("artifacts/bundle/manifest.json")
    read = json.loads(manifest.read_text(encoding="utf-8"))
    assert read["definition"]["label"] == "left = Yes"
    assert set(read["columns"]) == {"snapshot_table"}
