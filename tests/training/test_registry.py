"""A training is recorded, promoted and rolled back, and every reader gets the same numbers."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import TEMPORARILY_UNAVAILABLE

from by_hand import PRESENT
from ebbtide.bundle.read import read_bundle
from ebbtide.errors import BundleError, NotReady, SettingsError
from training.mlflow_environment import WRITTEN_BY_MLFLOW
from training.models import logistic
from training.registry import (
    CHALLENGER,
    CHAMPION,
    connect_registry,
    fetch_champion,
    promote,
    promotions,
    rollback,
    versions,
)
from training.tracking import Registered, record
from training.train import Trained, train

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from ebbtide.project import Project
    from features.tables import Tables

AT = datetime(2026, 1, 1, tzinfo=UTC)
KEY = b"a key for tests"


@pytest.fixture
def trained(tables: Tables, project: Project) -> Trained:
    return train(tables, project, now=tables.log_end(now=PRESENT))


@pytest.fixture
def client(project: Project) -> MlflowClient:
    return connect_registry(project)


@pytest.fixture
def registered(
    tables: Tables, project: Project, trained: Trained, client: MlflowClient
) -> Registered:
    return record(tables, project, trained, key=KEY)


def _said_by_the_operator() -> dict[str, str]:
    """Return the environment without what MLflow keeps there for itself."""
    return {name: each for name, each in os.environ.items() if not name.startswith("_MLFLOW")}


def test_each_project_of_a_process_has_its_own_registry(
    project: Project, tmp_path, monkeypatch
) -> None:
    stores = project.stores.model_copy(update={"folder": str(tmp_path / "other")})
    other = project.model_copy(update={"stores": stores})
    for name in WRITTEN_BY_MLFLOW:
        monkeypatch.delenv(name, raising=False)
    connect_registry(project)  # which has MLflow wait less, and show no progress, from then on
    environment = _said_by_the_operator()
    for each in (project, other, project):
        assert connect_registry(each).tracking_uri == f"sqlite:///{each.folder / 'mlflow.db'}"
        assert _said_by_the_operator() == environment
    assert not any(name in environment for name in WRITTEN_BY_MLFLOW)
    named = f"sqlite:///{tmp_path / 'named.db'}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", named)
    assert connect_registry(other).tracking_uri == named
    assert os.environ["MLFLOW_TRACKING_URI"] == named


def _promote(
    client: MlflowClient,
    project: Project,
    number: str | None = None,
    accepted: tuple[str, ...] = (),
) -> str:
    return promote(
        client,
        project.model_name,
        number=number,
        key=KEY,
        settings=project.gate,
        who="ann",
        why="better",
        at=AT,
        accepted=accepted,
    )


@pytest.mark.e2e
def test_what_is_promoted_scores_the_same_for_service_notebook_and_training(
    client: MlflowClient,
    project: Project,
    trained: Trained,
    registered: Registered,
    tmp_path: Path,
) -> None:
    assert _promote(client, project) == registered.version
    bundle = fetch_champion(client, project.model_name, tmp_path, key=KEY)
    assert bundle.version == registered.bundle_version
    assert bundle.is_signed
    rows = trained.newest.rows
    expected = trained.scorer(trained.best).p_churn(rows)
    np.testing.assert_array_equal(bundle.scorer.p_churn(rows), expected)
    frame = pd.DataFrame(rows, columns=[feature.name for feature in trained.features])
    pyfunc = mlflow.pyfunc.load_model(f"models:/{project.model_name}@{CHAMPION}")
    np.testing.assert_array_equal(pyfunc.predict(frame)["p_churn"].to_numpy(), expected)


@pytest.mark.e2e
def test_a_bundle_signed_with_another_key_is_not_fetched(
    client: MlflowClient, project: Project, registered: Registered, tmp_path: Path
) -> None:
    _promote(client, project)
    with pytest.raises(BundleError, match="another key"):
        fetch_champion(client, project.model_name, tmp_path, key=b"another")


@pytest.mark.e2e
def test_every_candidate_is_a_run_with_parameters_and_measures(
    client: MlflowClient, project: Project, trained: Trained, registered: Registered
) -> None:
    experiment = client.get_experiment_by_name(project.model_name)
    runs = client.search_runs([experiment.experiment_id], "params.kind != ''")
    assert [run.data.params["kind"] for run in runs] == ["logistic"]
    run = runs[0]
    for name in ("auc", "average_precision", "log_loss", "brier", "top_decile_lift"):
        assert run.data.metrics[name] == pytest.approx(trained.best.metrics[name])
    assert {"data_hash", "git_commit", "seed", "definition"} <= set(run.data.params)
    assert run.data.params["model_C"] == str(logistic.PARAMETERS["C"])
    (only,) = versions(client, project.model_name)
    assert only.aliases == (CHALLENGER,)
    assert only.tags["bundle_version"] == registered.bundle_version


@pytest.mark.e2e
def test_rollback_goes_back_one_promotion_at_a_time(
    client: MlflowClient,
    project: Project,
    tables: Tables,
    trained: Trained,
    registered: Registered,
) -> None:
    second = record(tables, project, trained, key=KEY)
    _promote(client, project, registered.version)
    with pytest.raises(NotReady, match="no earlier champion"):
        rollback(client, project.model_name, who="ann", why="oops", at=AT)
    assert _promote(client, project) == second.version == "2"
    with pytest.raises(NotReady, match="Version 2 is champion already"):
        _promote(client, project)
    assert rollback(client, project.model_name, who="bob", why="worse", at=AT) == "1"
    first, second_now = reversed(versions(client, project.model_name))
    assert (first.aliases, second_now.aliases) == ((CHAMPION,), (CHALLENGER,))
    deeds = [
        (p["deed"], p["from"], p["to"], p["who"]) for p in promotions(client, project.model_name)
    ]
    assert deeds == [
        ("promote", "", "1", "ann"),
        ("promote", "1", "2", "ann"),
        ("rollback", "2", "1", "bob"),
    ]
    with pytest.raises(NotReady, match="no earlier champion"):
        rollback(client, project.model_name, who="bob", why="again", at=AT)


@pytest.mark.e2e
def test_rollback_after_a_move_by_hand_leaves_the_present_champion(
    client: MlflowClient,
    project: Project,
    tables: Tables,
    trained: Trained,
    registered: Registered,
) -> None:
    for _ in range(2):
        record(tables, project, trained, key=KEY)
    _promote(client, project, "1")
    _promote(client, project, "2")
    client.set_registered_model_alias(project.model_name, CHAMPION, "3")
    assert rollback(client, project.model_name, who="bob", why="by hand", at=AT) == "2"


@pytest.mark.e2e
def test_a_changed_tag_does_not_open_the_gate(
    client: MlflowClient, project: Project, tables: Tables, trained: Trained
) -> None:
    beaten = record(tables, project, replace(trained, rule_auc={"recency": 0.999}), key=KEY)
    client.set_model_version_tag(project.model_name, beaten.version, "gate", "passed")
    with pytest.raises(NotReady, match="not_better: Expected an AUC above"):
        _promote(client, project)


def test_a_registry_that_does_not_answer_is_not_taken_for_an_empty_one(
    client: MlflowClient, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise MlflowException("locked", error_code=TEMPORARILY_UNAVAILABLE)

    monkeypatch.setattr(client, "get_registered_model", refuse)
    with pytest.raises(SettingsError, match="cannot be used"):
        versions(client, project.model_name)


def test_a_folder_that_cannot_be_made_is_named(project: Project, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    stores = project.stores.model_copy(update={"folder": str(tmp_path / "taken" / "state")})
    with pytest.raises(SettingsError, match=r"NotADirectoryError: '.*/taken/state'"):
        connect_registry(project.model_copy(update={"stores": stores}))


@pytest.mark.e2e
def test_a_model_that_does_not_beat_the_rule_is_registered_but_not_promoted(
    client: MlflowClient, project: Project, tables: Tables, trained: Trained
) -> None:
    beaten = replace(trained, rule_auc={"recency": 0.999})
    assert record(tables, project, beaten, key=KEY).gate.startswith("refused (not_better)")
    with pytest.raises(NotReady, match="not_better: Expected an AUC above"):
        _promote(client, project)


@pytest.mark.e2e
def test_a_refusal_may_be_accepted_by_its_code_and_both_attempts_are_kept(
    client: MlflowClient, project: Project, tables: Tables, trained: Trained
) -> None:
    record(tables, project, replace(trained, rule_auc={"recency": 0.999}), key=KEY)
    with pytest.raises(NotReady, match="--accept not_better"):
        _promote(client, project)
    with pytest.raises(SettingsError, match="'golden'"):
        _promote(client, project, accepted=("golden",))
    assert _promote(client, project, accepted=("not_better", "older")) == "1"
    kept = [(each["deed"], each["codes"]) for each in promotions(client, project.model_name)]
    assert kept == [("refused", "not_better"), ("promote", "not_better")]
    with pytest.raises(NotReady, match="no earlier champion"):
        rollback(client, project.model_name, who="ann", why="oops", at=AT)


@pytest.mark.e2e
def test_a_champion_that_cannot_be_read_must_be_accepted(
    client: MlflowClient, project: Project, tables: Tables, trained: Trained
) -> None:
    record(tables, project, trained, key=b"an older key")
    client.set_registered_model_alias(project.model_name, CHAMPION, "1")
    assert "unreadable_champion" in record(tables, project, trained, key=KEY).gate
    with pytest.raises(NotReady, match="unreadable_champion"):
        _promote(client, project)
    assert _promote(client, project, accepted=("unreadable_champion",)) == "2"


def test_an_empty_registry_says_what_to_do(client: MlflowClient, project: Project) -> None:
    with pytest.raises(NotReady, match="ebbtide train"):
        versions(client, project.model_name)
    with pytest.raises(NotReady, match="ebbtide promote"):
        fetch_champion(client, project.model_name, Path(), key=None)


@pytest.mark.e2e
def test_an_unknown_version_is_refused_with_those_that_exist(
    client: MlflowClient, project: Project, registered: Registered
) -> None:
    with pytest.raises(NotReady, match="Expected version 9; registered are: 1"):
        _promote(client, project, "9")


def test_unsigned_bundles_are_accepted_only_without_a_key(
    tmp_path: Path, trained: Trained, project: Project, tables: Tables
) -> None:
    from training.lineage import lineage_of
    from training.provenance import provenance_of_events
    from training.tracking import write_bundle_of

    lineage = lineage_of(tables, trained.snapshots, trained.newest, seed=0)
    provenance = provenance_of_events(project, trained, lineage=lineage, columns=tables.columns)
    write_bundle_of(tmp_path, project, trained, trained.best, provenance, key=None)
    assert not read_bundle(tmp_path, key=None).is_signed
    with pytest.raises(BundleError, match="signed with the configured key"):
        read_bundle(tmp_path, key=KEY)


def test_a_store_that_cannot_be_written_is_said_in_one_sentence(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    stores = project.stores.model_copy(update={"folder": str(tmp_path / "file" / "state")})
    with pytest.raises(SettingsError, match="free space and the right to write"):
        connect_registry(project.model_copy(update={"stores": stores}))
