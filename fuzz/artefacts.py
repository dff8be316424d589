"""Bundles with hashes and signature in order, and texts of trees that LightGBM is then fed with."""

from __future__ import annotations

import hashlib
import json
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from ebbtide.bundle.contents import MANIFEST, SIGNATURE
from ebbtide.bundle.read import check_golden, read_bundle
from ebbtide.bundle.signature import sign
from ebbtide.errors import BundleError
from ebbtide.scorer.tree_text import check_tree_text
from ebbtide.scorer.trees import TreeModel
from fuzz.target import Target
from small_model import FEATURES, KEY, NAMES, write_small_bundle
from tree_texts import one_tree

_ROWS = np.array([[0.5] * 3, [0.0, 1.0, np.nan], [np.nan] * 3])


@cache
def _made() -> tempfile.TemporaryDirectory[str]:
    made = tempfile.TemporaryDirectory(prefix="fuzz-")
    write_small_bundle(Path(made.name))
    return made


def _folder() -> Path:
    return Path(_made().name)


@cache
def _good(name: str) -> bytes:
    return (_folder() / name).read_bytes()


def _bundle(data: bytes, *, name: str) -> None:
    folder = _folder()
    good = {each: _good(each) for each in (name, MANIFEST, SIGNATURE)}
    try:
        (folder / name).write_bytes(data)
        if name != MANIFEST:
            manifest = json.loads(good[MANIFEST])
            manifest["files"][name] = hashlib.sha256(data).hexdigest()
            (folder / MANIFEST).write_text(json.dumps(manifest))
        (folder / SIGNATURE).write_text(sign((folder / MANIFEST).read_bytes(), KEY))
        bundle = read_bundle(folder, key=KEY)
        check_golden(bundle)
        _use(bundle)
    finally:
        for each, content in good.items():
            (folder / each).write_bytes(content)


def _use(bundle: object) -> None:
    """Do with a bundle what a request would do: what was accepted must go well."""
    scorer = bundle.scorer  # type: ignore[attr-defined]
    row = np.array([[np.nan if FEATURES[n] is None else FEATURES[n] for n in NAMES]], dtype=float)
    scores = scorer.score(row)
    assert np.isfinite(scores.p_churn).all()
    assert ((scores.p_churn >= 0) & (scores.p_churn <= 1)).all()
    for feature, value, typical in zip(scorer.features, row[0], scorer.typical, strict=True):
        for language in ("en", "zh"):
            text = feature.reason_text(float(value), float(typical), language)
            assert len(text) < 10_000
            text.encode()
    bundle.reference.percentile(scores.p_churn)  # type: ignore[attr-defined]
    bundle.definition.sentence.encode()  # type: ignore[attr-defined]
    _ = bundle.basis  # type: ignore[attr-defined]


def _trees(data: bytes) -> None:
    text = data.decode("latin-1")
    check_tree_text(text)
    model = TreeModel(text, scale="log_odds")
    assert model.n_features == 3
    assert np.isfinite(model.raw(_ROWS)).all()
    assert np.isfinite(model.contributions(_ROWS)).all()


def _of_file(name: str) -> Target:
    return Target(
        feed=lambda data: _bundle(data, name=name),
        seeds=(_good(name),),
        expected=(BundleError,),
        max_bytes=65_536,
        words=(b"null", b"NaN", b"1e999", b"\\ud800", b"{value}", b"{value:>99999999}"),
    )


_BY_CATEGORY = {
    "num_cat": 1,
    "decision_type": [1, 2],
    "threshold": [0, 0.5],
    "cat_boundaries": [0, 1],
    "cat_threshold": [3],
}


def targets() -> dict[str, Target]:
    """Return the targets of this module by name."""
    return {
        **{
            f"bundle: {name}": _of_file(name)
            for name in (
                *(MANIFEST, "features.json", "calibrator.json", "linear.json", "reference.json"),
                *("golden.json", "drivers.json"),
            )
        },
        "trees": Target(
            feed=_trees,
            seeds=(
                one_tree([1, -1], [-3, -2], n_features=3, split_feature=[0, 2]).encode(),
                one_tree([1, -1], [-3, -2], n_features=3, **_BY_CATEGORY).encode(),
                one_tree([], [], n_features=3).encode(),
            ),
            expected=(BundleError,),
            words=(
                b"tree_sizes=",
                b"left_child=",
                b"inf",
                b"-1",
                b"2147483648",
                b"cat_boundaries=",
            ),
        ),
    }
