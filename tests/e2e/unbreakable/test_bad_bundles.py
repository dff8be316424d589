"""Truncated, altered and wrongly signed bundles are refused before anything of them is parsed."""

from __future__ import annotations

import json
import random
import shutil
from datetime import UTC, datetime

import pytest

import ebbtide.bundle.read as reading
from ebbtide.bundle.read import check_golden, read_bundle
from ebbtide.errors import BundleError
from service.champion.kept import KeptBundles
from service.champion.registry import Offer
from service.champion.supply import ChampionSupply
from small_model import KEY, write_small_bundle

pytestmark = pytest.mark.e2e
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Registry:
    """Offers the folder that a test names, copied as it is."""

    def __init__(self):
        self.offered, self.number = None, 0

    def offer(self, folder):
        self.offered, self.number = folder, self.number + 1

    def champion(self, *, known, staging):
        identity = f"{self.number}@1"
        if known == identity:
            return Offer(identity=identity, version=str(self.number), bundle=None)
        place = shutil.copytree(self.offered, staging / "bundle", symlinks=True)
        return Offer(identity=identity, version=str(self.number), bundle=place)

    def close(self):
        pass


def try_here(folder):
    """The trial without its process."""
    check_golden(read_bundle(folder, key=KEY))


@pytest.fixture(scope="module")
def bundles(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundles")
    write_small_bundle(folder / "served")
    write_small_bundle(folder / "offered", intercept=0.5)
    return folder


@pytest.fixture
def supply(bundles, tmp_path):
    registry = Registry()
    made = ChampionSupply(
        registry=registry,
        kept=KeptBundles(tmp_path / "service"),
        try_bundle=try_here,
        key=KEY,
        poll_seconds=60,
        now=lambda: NOW,
    )
    registry.offer(bundles / "served")
    made.poll()
    assert made.complaint is None
    made.offer = registry.offer
    return made


@pytest.fixture
def parsed(monkeypatch):
    """Names of the files that a parser has seen a byte of."""
    seen = []

    def noting_json(name, raw, parse=reading._json):
        seen.append(name)
        return parse(name, raw)

    def noting_model(kind, texts, parse=reading.read_model):
        seen.extend(texts)
        return parse(kind, texts)

    monkeypatch.setattr(reading, "_json", noting_json)
    monkeypatch.setattr(reading, "read_model", noting_model)
    return seen


def truncated(folder, chance):
    file = chance.choice(sorted(folder.iterdir()))
    content = file.read_bytes()
    file.write_bytes(content[: chance.randrange(len(content) - 1)])
    return file.name


def bit_flipped(folder, chance):
    file = chance.choice(sorted(folder.iterdir()))
    content = bytearray(file.read_bytes())
    place = len(content) - 1
    while content[place : place + 1].isspace() or place == len(content) - 1:
        place = chance.randrange(len(content))  # around a signature blanks mean nothing
    content[place] ^= 1 << chance.randrange(8)
    file.write_bytes(content)
    return file.name


def unsigned(folder, _chance):
    (folder / "manifest.sig").unlink()
    return "manifest.sig"


def signed_by_others(folder, _chance):
    shutil.rmtree(folder)
    write_small_bundle(folder, intercept=0.5, key=b"another key")
    return "manifest.sig"


def signed_elsewhere(folder, _chance):
    shutil.copy(folder.parent.parent / "served.sig", folder / "manifest.sig")
    return "manifest.sig"


def resigned_hashes(folder, _chance):
    """A manifest that was made to fit altered files; the signature does not fit it any more."""
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"] = dict.fromkeys(manifest["files"], "0" * 64)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return "manifest.json"


HARMS = {
    "truncated": (truncated, 100),
    "bit-flipped": (bit_flipped, 100),
    "unsigned": (unsigned, 1),
    "signed by others": (signed_by_others, 1),
    "with the signature of another": (signed_elsewhere, 1),
    "with hashes of its own": (resigned_hashes, 1),
}


@pytest.mark.parametrize("name", HARMS)
def test_a_bad_bundle_is_refused_unparsed_and_leaves_nothing(
    supply, bundles, parsed, tmp_path, name
):
    harm, times = HARMS[name]
    chance = random.Random(name)
    shutil.copy(bundles / "served" / "manifest.sig", tmp_path / "served.sig")
    served = supply.current
    on_disk = sorted((tmp_path / "service").rglob("*"))
    for number in range(times):
        bad = tmp_path / "offers" / str(number)
        shutil.copytree(bundles / "offered", bad)
        harmed = harm(bad, chance)
        parsed.clear()
        supply.offer(bad)
        supply.poll()
        assert supply.current is served, (number, harmed)
        assert supply.complaint.startswith(f"Version {number + 2} of the registry is refused.")
        is_of_manifest = harmed in ("manifest.json", "manifest.sig")
        assert parsed == ([] if is_of_manifest else ["manifest.json"]), (number, harmed)
        assert sorted((tmp_path / "service").rglob("*")) == on_disk
        shutil.rmtree(bad)
    supply.offer(bundles / "offered")
    supply.poll()
    assert supply.complaint is None
    assert supply.current is not served


def test_a_bundle_that_changes_between_trial_and_reading_is_refused(supply, bundles, tmp_path):
    served = supply.current
    offered = shutil.copytree(bundles / "offered", tmp_path / "changing")

    def try_and_change(folder):
        try_here(folder)
        (folder / "linear.json").write_text("{}")

    supply._try_bundle = try_and_change
    supply.offer(offered)
    supply.poll()
    assert supply.current is served
    assert "Altered since training: linear.json" in supply.complaint


def test_a_file_that_is_not_named_is_neither_read_nor_kept(supply, bundles, tmp_path):
    offered = shutil.copytree(bundles / "offered", tmp_path / "with-more")
    (offered / "loader.py").write_text("raise SystemExit")
    (offered / "deeper").mkdir()
    (offered / "away").symlink_to("/etc/hostname")
    supply.offer(offered)
    supply.poll()
    kept = tmp_path / "service" / "bundles" / supply.current.bundle.version
    assert {each.name for each in kept.iterdir()} == {
        each.name for each in (bundles / "offered").iterdir()
    }


def test_refusals_of_bundles_that_cannot_be_read_name_the_file(bundles, tmp_path):
    offered = shutil.copytree(bundles / "offered", tmp_path / "gone")
    (offered / "golden.json").unlink()
    with pytest.raises(BundleError, match=r"golden\.json"):
        try_here(offered)
