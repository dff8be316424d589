"""Pages are attached to what is registered, and the verbs write them again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from by_hand import PRESENT
from ebbtide.errors import BundleError, NotReady, SettingsError
from ebbtide.project import load_project
from features.sources import open_tables
from training.pages import verbs
from training.pages.attach import AGAINST, COMPARE, REPORT, read_against
from training.registry import connect_registry, promote
from training.tracking import record
from training.train import train

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mlflow import MlflowClient

    from ebbtide.project import Project


@dataclass(frozen=True)
class Registered:
    """Version 1 is champion; version 2 was trained 70 days later."""

    project: Project
    client: MlflowClient

    def kept(self, number: str) -> set[str]:
        run = self.client.get_model_version(self.project.model_name, number).run_id
        return {each.path for each in self.client.list_artifacts(run)}


@pytest.fixture(scope="module")
def registered(shop_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registered]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        yield _registered(shop_folder, tmp_path_factory)


def _registered(shop_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Registered:
    read = load_project(shop_folder / "ebbtide.toml")
    stores = read.stores.model_copy(
        update={"folder": str(tmp_path_factory.mktemp("pages") / "state")}
    )
    project = read.model_copy(
        update={
            "stores": stores,
            "training": read.training.model_copy(update={"candidates": ["logistic"]}),
            "snapshots": read.snapshots.model_copy(update={"every_days": 70, "max_count": 4}),
            "evaluation": read.evaluation.model_copy(update={"resamples": 200}),
        }
    )
    tables = open_tables(project, now=PRESENT)
    client, end = connect_registry(project), tables.log_end(now=PRESENT)
    for now in (end - timedelta(days=70), end):
        record(tables, project, train(tables, project, now=now), key=None)
        if now < end:
            promote(
                client,
                project.model_name,
                number=None,
                key=None,
                settings=project.gate,
                who="ann",
                why="first",
                at=datetime(2026, 1, 1, tzinfo=UTC),
                accepted=["calibration", "slice", "chance", "not_better"],
            )
    return Registered(project=project, client=client)


@pytest.fixture
def asked(registered: Registered, monkeypatch: pytest.MonkeyPatch) -> Registered:
    """The verbs find this project whatever file is named."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("EBBTIDE_BUNDLE_KEY", raising=False)
    monkeypatch.setattr("ebbtide.project.load_project", lambda _: registered.project)
    return registered


@pytest.mark.e2e
def test_report_and_comparison_are_attached_to_the_run(asked: Registered) -> None:
    assert {REPORT} == asked.kept("1") & {REPORT, COMPARE, AGAINST}
    assert {REPORT, COMPARE, AGAINST} <= asked.kept("2")


@pytest.mark.e2e
def test_the_comparison_is_kept_as_data_with_counts_only(asked: Registered) -> None:
    found = read_against(asked.client, asked.project.model_name, "2")
    assert found is not None
    assert found.why_not == ""
    assert found.knew in {"nothing", "part"}
    assert "auc" in found.differences
    assert found.moves is not None
    assert sum(map(sum, found.moves.by_band)) == found.moves.n
    assert read_against(asked.client, asked.project.model_name, "1") is None


@pytest.mark.e2e
def test_report_writes_the_page_of_the_challenger_or_of_a_version(
    asked: Registered, tmp_path: Path, capsys: pytest.CaptureFixture[str], text_of
) -> None:
    for version, data in ((None, "version 2"), ("1", "version 1")):
        page = tmp_path / f"{version}.html"
        verbs.report(page, version=version)
        html = page.read_text(encoding="utf-8")
        assert f'<p class="subtitle">{data}, logistic regression' in html
        assert "calendar" in text_of(html)
        assert f" written: {page}" in capsys.readouterr().out


@pytest.mark.e2e
def test_compare_writes_the_page_and_says_what_the_gate_says(
    asked: Registered, tmp_path: Path, capsys: pytest.CaptureFixture[str], text_of
) -> None:
    page = tmp_path / "pair.html"
    verbs.compare(page)
    said = text_of(page.read_text(encoding="utf-8"))
    assert "Challenger, version 2" in said
    assert "Train again to compare them" not in said
    assert "Version 2 beside champion 1; gate: " in capsys.readouterr().out


@pytest.mark.e2e
def test_the_champion_is_not_compared_with_itself(asked: Registered, tmp_path: Path) -> None:
    with pytest.raises(NotReady, match="but 1 is the champion"):
        verbs.compare(tmp_path / "pair.html", version="1")


@pytest.mark.e2e
def test_a_page_is_html(asked: Registered, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"--html to end in \.html"):
        verbs.report(tmp_path / "page.pdf")


@pytest.mark.e2e
def test_what_was_kept_must_be_what_training_wrote(
    asked: Registered, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / AGAINST
    broken.write_text('{"knew": "all"}', encoding="utf-8")
    monkeypatch.setattr(asked.client, "download_artifacts", lambda *_: str(broken))
    with pytest.raises(BundleError, match="cannot be read"):
        read_against(asked.client, asked.project.model_name, "2")
