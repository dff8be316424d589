"""Hostile bundles: refused or without effect, signed or not, while the old champion serves on."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
from functools import partial

import pytest
from fastapi.testclient import TestClient

import ebbtide.bundle.read
from ebbtide.bundle.read import check_golden, read_bundle
from ebbtide.errors import BundleError
from hostile_artefacts import HOSTILE, module, payload
from service.app import create_app
from service.champion.kept import KeptBundles
from service.champion.registry import Offer
from service.champion.supply import ChampionSupply
from service.champion.trial import try_bundle
from service.settings import read_settings
from small_model import KEY, NOW, ROW, write_small_bundle

REAL = ("a pickle as trees", "a pipe as the card", "a tree that runs in a ring", "modules beside")
every_hostile = pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: hostile.name)


class OneOffer:
    """A registry that offers whatever folder it is given, moved into the staging folder."""

    def __init__(self) -> None:
        self.offered = None
        self.count = 0

    def champion(self, *, known, staging):
        identity = f"{self.count}@1"
        if known == identity:
            return Offer(identity=identity, version=str(self.count), bundle=None)
        place = staging / "bundle"
        shutil.move(self.offered, place)
        return Offer(identity=identity, version=str(self.count), bundle=place)

    def offer(self, folder):
        self.offered, self.count = folder, self.count + 1

    def close(self):
        """Nothing is held."""


@pytest.fixture(scope="module")
def supply(tmp_path_factory, forked_trial):
    """A supply that serves a good champion, and its registry."""
    folder = tmp_path_factory.mktemp("supply")
    registry = OneOffer()
    made = ChampionSupply(
        registry=registry,
        kept=KeptBundles(folder / "service"),
        try_bundle=forked_trial,
        key=KEY,
        poll_seconds=60,
        now=lambda: NOW,
    )
    write_small_bundle(folder / "good", intercept=0.125)
    registry.offer(folder / "good")
    made.poll()
    assert made.current is not None
    return made, registry


@pytest.fixture
def canary(tmp_path):
    return tmp_path / "canary"


def test_the_payloads_work_where_they_are_let(tmp_path, canary):
    pickle.loads(payload(canary))
    assert canary.exists()
    canary.unlink()
    (tmp_path / "sitecustomize.py").write_text(module(canary))
    path = {**os.environ, "PYTHONPATH": str(tmp_path)}
    subprocess.run([sys.executable, "-c", "pass"], env=path, check=True)
    assert canary.exists()


@every_hostile
def test_a_signed_one_is_refused_or_harmless_and_the_service_goes_on(
    hostile, supply, tmp_path, canary, monkeypatch
):
    made, registry = supply
    before = made.current
    folder = hostile.make(tmp_path / "bundle", canary)
    monkeypatch.chdir(tmp_path)  # what lies where the process runs must not matter either
    registry.offer(folder)
    read = []
    monkeypatch.setattr("service.champion.supply.read_bundle", lambda *a, **k: read.append(a))
    if hostile.end == "harmless":
        monkeypatch.undo()
    made.poll()
    assert not canary.exists()
    if hostile.end == "refused":
        assert made.current is before
        assert made.complaint.startswith(f"Version {registry.count} of the registry is refused.")
        assert any(word in made.complaint for word in ("again", "Compare library versions"))
        assert read == []  # what the trial refuses is never parsed by the service itself
    else:
        assert made.complaint is None
        assert made.current is not None


@every_hostile
def test_an_unsigned_one_is_refused_before_it_is_parsed(hostile, tmp_path, canary, monkeypatch):
    folder = hostile.make(tmp_path / "bundle", canary, is_signed=False)
    if not (folder / "manifest.sig").is_symlink() and (folder / "manifest.sig").is_file():
        (folder / "manifest.sig").write_text("0" * 64)
    parsed = []
    monkeypatch.setattr(ebbtide.bundle.read, "_json", lambda *given: parsed.append(given))
    monkeypatch.setattr(ebbtide.bundle.read, "_scorer", lambda *given: parsed.append(given))
    with pytest.raises(BundleError, match="again"):
        read_bundle(folder, key=KEY)
    assert parsed == []
    assert not canary.exists()


@pytest.mark.parametrize("name", REAL)
def test_the_real_trial_process_is_not_harmed(name, tmp_path, canary, monkeypatch):
    (hostile,) = (each for each in HOSTILE if each.name == name)
    folder = hostile.make(tmp_path / "bundle", canary)
    monkeypatch.chdir(folder)
    tried = partial(try_bundle, folder, key=KEY, deadline_seconds=30)
    if hostile.end == "harmless":
        tried()
    else:
        with pytest.raises(BundleError, match="again"):
            tried()
    assert not canary.exists()


def test_a_good_bundle_of_trees_is_accepted(forked_trial, tmp_path, canary):
    """So that those with trees are refused for what was planted into them."""
    (hostile,) = (each for each in HOSTILE if each.name == "10^9 leaves")
    good = type(hostile)(name="good", plant=lambda _artefact: None, has_trees=True)
    folder = good.make(tmp_path / "bundle", canary)
    forked_trial(folder)
    check_golden(read_bundle(folder, key=KEY))


def test_a_script_in_the_card_stays_text(tmp_path, canary):
    (hostile,) = (each for each in HOSTILE if each.name == "a card with a script")
    bundle = read_bundle(hostile.make(tmp_path / "bundle", canary), key=KEY)
    project = tmp_path / "ebbtide.toml"
    project.write_text(
        '[project]\nname = "t"\ncurrency = "EUR"\n[tables.transactions]\npath = "t.csv"\n'
    )
    app = create_app(read_settings(project_file=project), model=bundle, now=lambda: NOW)
    with TestClient(app) as client:
        answer = client.get("/v1/model/card")
        assert answer.text == bundle.card
        assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert client.post("/v1/score", json=ROW).status_code == 200
