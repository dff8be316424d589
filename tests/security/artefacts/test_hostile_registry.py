"""A registry whose model wants to be loaded: its files are copied, and nothing of them runs."""

from __future__ import annotations

import json
import os
import sys
from functools import partial

import pytest

from hostile_artefacts import HOSTILE
from service.champion.registry import RegistryProcess, RegistryUnreachable
from service.champion.trial import try_bundle
from small_model import KEY

WATCHED = """
import json, os, sys
told = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
LOUD = {"pickle.find_class", "os.system", "os.exec", "os.posix_spawn",
        "subprocess.Popen", "ctypes.dlopen"}
folder = sys.argv[2]
def hook(event, given):
    if event == "open" and isinstance(given[0], str) and given[0].startswith(folder):
        os.write(told, json.dumps(["read", os.path.basename(given[0])]).encode() + b"\\n")
    elif event == "import" and given[0] == "evil_loader" or event in LOUD and begun:
        os.write(told, json.dumps([event, str(given)[:200]]).encode() + b"\\n")
begun = []
sys.addaudithook(hook)
import mlflow
from service.champion import child
begun.append(1)
child.main()
"""


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    """A registry of SQLite with a model that brings all that MLflow would load and install."""
    import mlflow

    folder = tmp_path_factory.mktemp("registry")
    source, canary = folder / "model", folder / "canary"
    (hostile,) = (each for each in HOSTILE if each.name == "a model for MLflow beside")
    bundle = hostile.make(source / "artifacts" / "bundle", canary)
    for name in ("python_model.pkl", "evil_loader.py", "MLmodel", "conda.yaml", "requirements.txt"):
        (source / name).write_bytes((bundle / name).read_bytes())
    (source / "code").mkdir()
    (source / "code" / "sitecustomize.py").write_bytes((bundle / "evil_loader.py").read_bytes())
    uri = f"sqlite:///{folder}/mlflow.db"
    client = mlflow.MlflowClient(uri, uri)
    client.create_registered_model("ebbtide-test")
    client.create_model_version("ebbtide-test", source.as_uri())
    client.set_registered_model_alias("ebbtide-test", "champion", "1")
    return uri, source, canary


def asked(uri, told, source, deadline_seconds=60.0):
    return RegistryProcess(
        tracking_uri=uri,
        model_name="ebbtide-test",
        deadline_seconds=deadline_seconds,
        command=(sys.executable, "-P", "-c", WATCHED, str(told), str(source)),
    )


@pytest.mark.e2e
@pytest.mark.filterwarnings("ignore")  # MLflow's own, of its libraries
def test_no_loader_of_a_model_runs_where_it_is_fetched_and_tried(registry, tmp_path, monkeypatch):
    uri, source, canary = registry
    monkeypatch.chdir(source)
    staging = tmp_path / "staging"
    staging.mkdir()
    process = asked(uri, tmp_path / "told", source)
    offer = process.champion(known=None, staging=staging)
    process.close()
    assert offer.bundle is not None
    partial(try_bundle, key=KEY, deadline_seconds=60)(offer.bundle)
    told = [json.loads(line) for line in (tmp_path / "told").read_text().splitlines()]
    assert ["read", "python_model.pkl"] in told  # it was copied, so the watch was awake
    assert [event for event in told if event[0] != "read"] == []
    assert not canary.exists()


@pytest.mark.e2e
@pytest.mark.filterwarnings("ignore")
def test_a_pipe_among_the_files_holds_nobody_up_for_longer_than_the_deadline(registry, tmp_path):
    uri, source, canary = registry
    os.mkfifo(source / "pipe")
    try:
        process = asked(uri, tmp_path / "told", source, deadline_seconds=20.0)
        with pytest.raises(RegistryUnreachable):
            process.champion(known=None, staging=tmp_path)
        process.close()
    finally:
        (source / "pipe").unlink()
    assert not canary.exists()
