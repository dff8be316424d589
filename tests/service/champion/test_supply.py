"""The supply of the champion, with a registry that does what each test says."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from ebbtide.bundle.read import check_golden, read_bundle
from ebbtide.errors import BundleError
from service.app import create_app
from service.champion.kept import KeptBundles
from service.champion.registry import Offer, RegistryUnreachable
from service.champion.supply import ChampionSupply
from service.champion.trial import try_bundle

KEY = b"a key for tests"
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


class FakeRegistry:
    """Names one bundle as champion, nothing, or does not answer."""

    def __init__(self) -> None:
        self.identity = None
        self.bundle = None
        self.is_up = True
        self.fetched = 0
        self.closed = False

    def promote(self, identity, bundle):
        self.identity, self.bundle = identity, bundle

    def champion(self, *, known, staging):
        if not self.is_up:
            raise RegistryUnreachable("connection refused")
        if self.identity is None:
            return Offer(identity=None, version=None, bundle=None)
        version = self.identity.partition("@")[0]
        if known == self.identity:
            return Offer(identity=self.identity, version=version, bundle=None)
        self.fetched += 1
        place = shutil.copytree(self.bundle, staging / "artifacts" / "bundle")
        return Offer(identity=self.identity, version=version, bundle=place)

    def close(self):
        self.closed = True


def try_here(folder):
    """The trial without its process."""
    check_golden(read_bundle(folder, key=KEY))


@pytest.fixture
def registry():
    return FakeRegistry()


@pytest.fixture
def make_supply(tmp_path, registry):
    def make():
        return ChampionSupply(
            registry=registry,
            kept=KeptBundles(tmp_path / "service"),
            try_bundle=try_here,
            key=KEY,
            poll_seconds=0.02,
            now=lambda: NOW,
        )

    return make


def version(supply):
    return supply.current.bundle.version if supply.current else None


def test_nothing_is_served_until_there_is_a_champion(make_supply, registry, make_bundle):
    supply = make_supply()
    supply.poll()
    assert supply.current is None
    assert "ebbtide promote" in supply.complaint
    registry.promote("1@7", make_bundle())
    supply.poll()
    assert (supply.current.source, supply.current.registry_version) == ("registry", "1")
    assert supply.complaint is None


def test_the_champion_is_fetched_once_and_swapped_when_it_moves(
    make_supply, registry, make_bundle, tmp_path
):
    first, second = make_bundle(0.1), make_bundle(0.2)
    supply = make_supply()
    registry.promote("1@7", first)
    for _ in range(3):
        supply.poll()
    assert registry.fetched == 1
    taken = supply.current
    registry.promote("2@8", second)
    supply.poll()
    assert version(supply) == read_bundle(second, key=KEY).version
    assert taken.bundle.version == read_bundle(first, key=KEY).version  # a request in flight
    kept = {path.name for path in (tmp_path / "service" / "bundles").iterdir()}
    assert kept == {version(supply), taken.bundle.version}
    registry.promote("3@9", make_bundle(0.3))
    supply.poll()
    kept = {path.name for path in (tmp_path / "service" / "bundles").iterdir()}
    assert kept == {version(supply), read_bundle(second, key=KEY).version}  # two, not all
    assert list((tmp_path / "service").glob("staging-*")) == []


def test_what_a_killed_process_left_is_removed_and_what_another_works_in_is_not(tmp_path):
    left = tmp_path / "staging-left"
    left.mkdir()
    with KeptBundles(tmp_path).staging() as held:
        KeptBundles(tmp_path).remove_leftovers()
        assert (held.is_dir(), left.is_dir()) == (True, False)
    assert not held.exists()


def test_a_registry_that_was_made_anew_is_not_mistaken_for_the_old_one(
    make_supply, registry, make_bundle
):
    supply = make_supply()
    registry.promote("1@7", make_bundle(0.1))
    supply.poll()
    before = version(supply)
    registry.promote("1@99", make_bundle(0.2))
    supply.poll()
    assert version(supply) != before


def tamper(folder):
    path = folder / "linear.json"
    path.write_text(path.read_text().replace("4.0", "4.1", 1))


def cut(folder):
    path = folder / "features.json"
    path.write_bytes(path.read_bytes()[:-20])


def drop_signature(folder):
    (folder / "manifest.sig").unlink()


def link_away(folder):
    (folder / "card.md").unlink()
    (folder / "card.md").symlink_to("/etc/hostname")


@pytest.mark.parametrize("harm", [tamper, cut, drop_signature, link_away], ids=lambda f: f.__name__)
def test_a_harmed_bundle_is_refused_while_the_old_one_serves(
    make_supply, registry, make_bundle, harm
):
    supply = make_supply()
    registry.promote("1@7", make_bundle(0.1))
    supply.poll()
    good = version(supply)
    bad = make_bundle(0.2)
    harm(bad)
    registry.promote("2@8", bad)
    for _ in range(3):
        supply.poll()
    assert version(supply) == good
    assert supply.complaint.startswith("Version 2 of the registry is refused.")
    assert registry.fetched == 2  # not fetched again and again
    assert supply.history.is_refused
    registry.promote("1@7", registry.bundle)
    supply.poll()
    assert (version(supply), supply.complaint) == (good, None)
    assert not supply.history.is_refused


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"key": b"another key"}, "signed"),
        ({"key": None}, "signed"),
        ({"golden_off": 1e-6}, "golden rows"),
    ],
    ids=str,
)
def test_a_bundle_of_others_or_that_scores_otherwise_is_refused(
    make_supply, registry, make_bundle, changes, message
):
    supply = make_supply()
    registry.promote("1@7", make_bundle(0.3, **changes))
    supply.poll()
    assert supply.current is None
    assert message in supply.complaint
    assert supply.history.is_refused
    registry.promote("2@8", make_bundle(0.2))
    supply.poll()
    assert supply.current is not None
    assert not supply.history.is_refused


def test_a_bundle_that_is_too_large_is_refused_unfetched_while_the_old_one_serves(
    make_supply, registry, make_bundle
):
    supply = make_supply()
    registry.promote("1@7", make_bundle(0.1))
    supply.poll()
    good = version(supply)
    asked = []

    def too_large(*, known, staging):
        asked.append(known)
        return Offer(identity="2@8", version="2", bundle=None, is_too_large=known != "2@8")

    registry.champion = too_large
    for _ in range(3):
        supply.poll()
    assert version(supply) == good
    assert "EBBTIDE_MAX_BUNDLE_BYTES" in supply.complaint
    assert asked == ["1@7", "2@8", "2@8"]


def test_it_starts_from_the_last_verified_bundle_when_the_registry_is_down(
    make_supply, registry, make_bundle
):
    first = make_supply()
    registry.promote("1@7", make_bundle())
    first.poll()
    registry.is_up = False
    second = make_supply()
    second.serve_last_verified()
    second.poll()
    assert version(second) == version(first)
    assert second.current.source == "last_verified"
    assert "does not answer (connection refused)" in second.complaint
    registry.is_up = True
    second.poll()
    assert (second.current.source, second.complaint) == ("registry", None)
    assert registry.fetched == 1


def test_a_kept_bundle_that_was_altered_on_disk_is_not_served(
    make_supply, registry, make_bundle, tmp_path
):
    first = make_supply()
    registry.promote("1@7", make_bundle())
    first.poll()
    tamper(tmp_path / "service" / "bundles" / version(first))
    second = make_supply()
    second.serve_last_verified()
    assert second.current is None
    second.poll()
    assert version(second) == version(first)  # fetched again and mended


def test_a_kept_bundle_that_the_disk_does_not_give_leaves_the_start_unharmed(
    make_supply, registry, make_bundle
):
    first = make_supply()
    registry.promote("1@7", make_bundle())
    first.poll()
    second = make_supply()

    def unreadable(_folder):
        raise OSError("input/output error")

    second._try_bundle = unreadable
    second.serve_last_verified()
    assert second.current is None


def test_hardly_room_for_a_bundle_is_told_where_none_comes(make_supply, registry, monkeypatch):
    supply = make_supply()
    registry.is_up = False
    supply.poll()
    assert "hardly room" not in supply.complaint
    monkeypatch.setattr(KeptBundles, "is_nearly_full", True)
    supply.poll()
    assert "hardly room left in <stores.folder>/service" in supply.complaint


def test_whatever_goes_wrong_the_registry_is_asked_again(make_supply, registry, make_bundle):
    supply = make_supply()
    registry.promote("1@7", make_bundle(0.1))
    supply.poll()
    good, ask = version(supply), registry.champion

    def stumble(**_):
        raise IndexError("of a kind that nobody thought of")

    registry.champion = stumble
    supply.poll()
    assert version(supply) == good
    assert "could not be taken in (IndexError)" in supply.complaint
    registry.champion = ask
    registry.promote("2@8", make_bundle(0.2))
    supply.poll()
    assert (version(supply) != good, supply.complaint) == (True, None)


def test_the_one_before_is_served_if_the_last_one_was_damaged_on_disk(
    make_supply, registry, make_bundle, tmp_path
):
    first = make_supply()
    for identity, intercept in (("1@7", 0.1), ("2@8", 0.2)):
        before = version(first)
        registry.promote(identity, make_bundle(intercept))
        first.poll()
    tamper(tmp_path / "service" / "bundles" / version(first))
    second = make_supply()
    second.serve_last_verified()
    assert version(second) == before


def test_a_bundle_is_on_disk_before_it_is_pointed_to_and_pointed_to_before_it_serves(
    make_supply, registry, make_bundle, monkeypatch
):
    happened = []

    def noting(descriptor, fsync=os.fsync):
        happened.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")).name)
        fsync(descriptor)

    supply = make_supply()
    monkeypatch.setattr("service.champion.kept.os.fsync", noting)
    monkeypatch.setattr(supply, "_swap", lambda *_, **__: happened.append("swap"))
    bundle = make_bundle()
    registry.promote("1@7", bundle)
    supply.poll()
    files = len(list(bundle.iterdir()))
    assert set(happened[:files]) == {path.name for path in bundle.iterdir()}
    assert happened[files:] == ["bundle", "bundles", "last_verified.json.draft", "service", "swap"]


def test_a_pointer_that_cannot_be_written_is_complained_of_and_tried_again(
    make_supply, registry, make_bundle, monkeypatch
):
    def full(*_):
        raise OSError(28, "No space left on device")

    supply = make_supply()
    with monkeypatch.context() as patch:
        patch.setattr(KeptBundles, "point_to", full)
        registry.promote("1@7", make_bundle())
        for _ in range(3):
            supply.poll()
            assert supply.current.registry_version == "1"
            assert "could not be noted on disk" in supply.complaint
        registry.is_up = False
        supply.poll()
        assert "does not answer" in supply.complaint
        assert "could not be noted on disk" in supply.complaint
    assert registry.fetched == 1
    supply.poll()
    assert "could not be noted" not in supply.complaint
    registry.is_up = True
    supply.poll()
    assert supply.complaint is None
    again = make_supply()
    again.serve_last_verified()
    assert version(again) == version(supply)


@pytest.mark.parametrize(
    "pointer",
    [
        "",
        "[]",
        "{}",
        "[3]",
        '[{"bundle_version": "../..", "identity": "1", "registry_version": "1"}]',
        '{"bundle_version": "../..", "identity": "1", "registry_version": "1"}',
    ],
)
def test_a_broken_pointer_is_no_kept_bundle(make_supply, tmp_path, pointer):
    (tmp_path / "service" / "bundles").mkdir(parents=True)
    (tmp_path / "service" / "last_verified.json").write_text(pointer)
    supply = make_supply()
    supply.serve_last_verified()
    assert supply.current is None


def test_a_bundle_outside_of_the_staging_folder_is_not_taken(make_supply, registry, make_bundle):
    elsewhere = make_bundle()
    registry.champion = lambda **_: Offer(identity="1@7", version="1", bundle=elsewhere)
    supply = make_supply()
    supply.poll()
    assert supply.current is None
    assert elsewhere.is_dir()


def test_the_trial_runs_in_a_process_of_its_own(make_bundle):
    try_bundle(make_bundle(), key=KEY, deadline_seconds=30)
    with pytest.raises(BundleError, match="another key"):
        try_bundle(make_bundle(), key=b"other", deadline_seconds=30)


def test_the_memory_of_a_trial_does_not_depend_on_the_number_of_cores(tmp_path):
    code = "import os, sys; sys.exit(os.environ['OPENBLAS_NUM_THREADS'] != '1')"
    try_bundle(tmp_path, key=None, deadline_seconds=30, command=(sys.executable, "-S", "-c", code))


GREEDY = """
import sys
from pathlib import Path
import ebbtide.bundle.read
ebbtide.bundle.read.read_bundle = lambda folder, key: bytearray(8 * 2**30)
from service.champion.trial import main
sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
"""


def test_a_trial_that_needs_too_much_memory_is_a_refusal(tmp_path):
    with pytest.raises(BundleError, match="EBBTIDE_TRIAL_MEMORY_BYTES"):
        try_bundle(
            tmp_path,
            key=None,
            deadline_seconds=30,
            memory_bytes=4 * 2**30,
            command=(sys.executable, "-P", "-c", GREEDY),
        )


ENDLESS = """
import sys
from pathlib import Path
import ebbtide.bundle.read

def endless(folder, key):
    while True:
        pass

ebbtide.bundle.read.read_bundle = endless
from service.champion.trial import main
sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), 1))
"""


def test_a_trial_ends_by_itself_when_nobody_is_left_to_end_it(tmp_path):
    with pytest.raises(BundleError, match=r"ended with code -(9|24)"):
        try_bundle(
            tmp_path,
            key=None,
            deadline_seconds=60,
            command=(sys.executable, "-P", "-c", ENDLESS),
        )


@pytest.mark.parametrize(
    ("command", "deadline_seconds", "message"),
    [
        ((sys.executable, "-S", "-c", "import time; time.sleep(30)"), 0.1, "within 0.1 seconds"),
        (("sh", "-c", "kill -SEGV $$", "#"), 10, "ended with code -11"),
    ],
    ids=["hangs", "crashes"],
)
def test_a_trial_that_hangs_or_crashes_is_a_refusal(tmp_path, command, deadline_seconds, message):
    with pytest.raises(BundleError, match=message):
        try_bundle(tmp_path, key=None, deadline_seconds=deadline_seconds, command=command)


FEATURES = {
    "recency_days": 143,
    "spend_365d": 840.5,
    "purchase_days_90d": 0,
    "complaints_90d": 2,
    "payments_overdue": 0,
}


def test_a_service_follows_its_champion_and_each_answer_names_one_version(
    settings, store, registry, make_bundle, make_supply, monkeypatch
):
    monkeypatch.setattr("service.app._champion_supply", lambda *_, **__: make_supply())
    first, second = make_bundle(0.1), make_bundle(1.5)
    registry.promote("1@7", first)
    expected = {
        bundle.version: answer_of(bundle, settings, store)
        for bundle in (read_bundle(each, key=KEY) for each in (first, second))
    }
    seen = []
    with TestClient(create_app(settings, store=store, now=lambda: NOW)) as client:
        until(client, lambda: client.get("/readyz").status_code == 200)
        for place in range(400):
            if place == 20:
                registry.promote("2@8", second)
            row = {"customer_id": "c", "features": FEATURES}
            results = client.post("/v1/scores", json={"rows": [row] * 3}).json()["results"]
            (answered,) = {(r["model_version"], r["churn_probability"]) for r in results}
            seen.append(answered)
            if answered[0] == read_bundle(second, key=KEY).version:
                break
        assert {*seen} == {*expected.items()}
        registry.is_up = False
        until(client, lambda: client.get("/readyz").json()["state"] == "degraded")
        assert client.post("/v1/score", json=row).status_code == 200
        assert "ebbtide_registry_reachable 0.0" in client.get("/metrics").text
    assert registry.closed


def test_a_registry_that_hangs_delays_no_request(
    settings, store, registry, make_bundle, make_supply, monkeypatch
):
    monkeypatch.setattr("service.app._champion_supply", lambda *_, **__: make_supply())
    registry.promote("1@7", make_bundle())
    make_supply().poll()  # leaves a verified bundle on disk
    hanging, ended = threading.Event(), threading.Event()

    def hang(**_):
        hanging.set()
        ended.wait(60)
        raise RegistryUnreachable("closed")

    monkeypatch.setattr(registry, "champion", hang)
    monkeypatch.setattr(registry, "close", ended.set)
    with TestClient(create_app(settings, store=store, now=lambda: NOW)) as client:
        assert hanging.wait(20)
        row = {"customer_id": "c", "features": FEATURES}
        began = time.monotonic()
        assert client.post("/v1/score", json=row).status_code == 200
        assert client.get("/readyz").json()["state"] == "degraded"
        assert time.monotonic() - began < 20
    assert ended.is_set()


def answer_of(bundle, settings, store):
    with TestClient(create_app(settings, model=bundle, store=store, now=lambda: NOW)) as client:
        row = {"customer_id": "c", "features": FEATURES}
        return client.post("/v1/score", json=row).json()["churn_probability"]


def until(client, holds):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if holds():
            return
        time.sleep(0.01)
    pytest.fail("it did not come to hold")


def test_without_any_model_it_lives_and_says_what_to_do(settings, store, make_supply, monkeypatch):
    monkeypatch.setattr("service.app._champion_supply", lambda *_, **__: make_supply())
    with TestClient(create_app(settings, store=store, now=lambda: NOW)) as client:
        assert client.get("/livez").status_code == 200
        until(client, lambda: "promote" in client.get("/readyz").text)
        response = client.post("/v1/score", json={"customer_id": "c"})
        assert (response.status_code, client.get("/readyz").status_code) == (503, 503)
        assert response.json()["type"] == "urn:ebbtide:problem:not-ready"
        assert client.get("/v1/model").status_code == 503
        assert client.get("/v1/actions").status_code == 200
