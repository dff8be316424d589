"""Read a bundle: signature first, then hashes, only then the contents."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from ebbtide.bundle.contents import (
    FORMAT,
    HORIZONS,
    MANIFEST,
    MAX_BYTES_BESIDE_MODEL,
    MAX_FILE_BYTES,
    SIGNATURE,
    Bundle,
    Golden,
    Reference,
)
from ebbtide.bundle.model_files import are_files_of, check_columns, read_model
from ebbtide.bundle.signature import is_signed_by
from ebbtide.bundle.soundness import are_expectations, are_sound, is_name, is_time_zone
from ebbtide.bundle.write import version_of
from ebbtide.contracts.feature import FeatureContract
from ebbtide.definition import ChurnDefinition, ChurnKind
from ebbtide.drift.spread import Spread
from ebbtide.drivers import Drivers
from ebbtide.errors import BundleError
from ebbtide.scorer.calibrator_file import read_calibrator
from ebbtide.scorer.categories import CategoryScale, category_sizes
from ebbtide.scorer.compiled.choose import compiled_scorer
from ebbtide.scorer.horizons import read_horizons
from ebbtide.scorer.ranks import RankScale
from ebbtide.scorer.scorer import RankedScorer
from ebbtide.scorer.typical import TypicalByOutcome

if TYPE_CHECKING:
    from pathlib import Path

    from ebbtide.bundle.model_files import ModelKind
    from ebbtide.scorer.ranks import Scale
    from ebbtide.scorer.scores import FloatArray

_OTHER_FILES = (
    "calibrator.json",
    "features.json",
    "reference.json",
    "golden.json",
    "drivers.json",
    "card.md",
)
_BESIDE_MODEL = {*_OTHER_FILES, MANIFEST, SIGNATURE, HORIZONS}
_MOST_DAYS = 100_000
_AGAIN = "Fetch the bundle again, or train again."


def read_bundle(folder: Path, *, key: bytes | None) -> Bundle:
    """Verify and parse a bundle.

    Parameters
    ----------
    folder : where its files are.
    key : the key that must have signed it; None accepts an unsigned bundle.

    Raises
    ------
    BundleError
        If a file is missing, too large, altered, unsigned though a key is set, or cannot be parsed.
    """
    raw = _read(folder, MANIFEST)
    if key is not None and not _is_signed(folder, raw, key):
        raise BundleError(
            f"Expected a bundle signed with the configured key, but {SIGNATURE} is missing or was "
            f"made with another key. Train again with EBBTIDE_BUNDLE_KEY set to the same key."
        )
    manifest = _json(MANIFEST, raw)
    files = _verified_files(folder, manifest)
    try:
        bundle = Bundle(
            version=version_of(raw),
            manifest=manifest,
            is_signed=key is not None,
            kind=manifest["kind"],
            definition=ChurnDefinition(**manifest["definition"]),
            lookback_days=manifest["lookback_days"],
            catalogue_version=manifest["catalogue_version"],
            columns={table: frozenset(names) for table, names in manifest["columns"].items()},
            scorer=_scorer(manifest["kind"], files),
            reference=_reference(_json("reference.json", files["reference.json"])),
            golden=_golden(_json("golden.json", files["golden.json"])),
            card=files["card.md"].decode(),
            drivers=Drivers.from_json(_json("drivers.json", files["drivers.json"])),
            calibration_error=float(manifest["metrics"]["calibration_error"]),
            calibration_checked_on=manifest["metrics"]["calibration_checked_on"],
            expectations=manifest["expectations"],
        )
        _check_shapes(bundle)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as err:
        raise BundleError(
            f"Expected a bundle of format {FORMAT}, but its contents do not fit together "
            f"({type(err).__name__}). {_AGAIN}"
        ) from err
    return replace(bundle, scorer=compiled_scorer(bundle.scorer))


def check_golden(bundle: Bundle) -> None:
    """Score the golden rows and compare.

    Raises
    ------
    BundleError
        If a score differs by more than 1e-9.
    """
    scored = bundle.scorer.p_churn(bundle.golden.rows)
    worst = float(np.max(np.abs(scored - bundle.golden.p_churn)))
    if not worst <= 1e-9:
        raise BundleError(
            f"Expected the golden rows to score as they did in training, but they differ by up to "
            f"{worst:.2g}: this installation reads the model otherwise. Compare library versions "
            f"with the bundle's lineage."
        )


def _check_shapes(bundle: Bundle) -> None:
    """Raise ValueError where parts of a bundle speak of different features or make no sense."""
    scorer, golden, reference = bundle.scorer, bundle.golden, bundle.reference
    n_features = len(scorer.features)
    fitting = [
        n_features >= 1,
        len(golden.p_churn) >= 1,
        golden.p_churn.ndim == 1,
        golden.rows.shape == (len(golden.p_churn), n_features),
        reference.p_churn_quantiles.shape == (101,),
        bundle.drivers.are_of(scorer.features),
        bool(np.all(np.diff(reference.p_churn_quantiles) >= -1e-9)),
        type(reference.n_customers) is int and reference.n_customers >= 1,
        len(reference.features) == n_features,
        all(map(_spread_fits, reference.features, scorer.scales)),
        reference.scores.edges is not None,
        {each.total + each.missing for each in (*reference.features, reference.scores)}
        == {reference.n_customers},
        not any(np.isinf(each).any() for each in _typical_values(scorer)),
        all(
            _scale_fits(scale, feature)
            for scale, feature in zip(scorer.scales, scorer.features, strict=True)
        ),
        _is_count(bundle.lookback_days),
        0 <= bundle.calibration_error <= 1,
        _definition_fits(bundle.definition),
        type(bundle.calibration_checked_on) is str,
        {feature.table for feature in scorer.features} <= set(bundle.columns),
        bundle.definition.kind == "label" or bundle.definition.log_table in bundle.columns,
        all("customer_id" in names for names in bundle.columns.values()),
        all(
            map(is_name, (*bundle.columns, *(n for each in bundle.columns.values() for n in each)))
        ),
        is_name(bundle.catalogue_version) and is_name(reference.as_of),
        are_sound(scorer.features),
        are_expectations(bundle.expectations),
    ]
    if not all(fitting):
        raise ValueError("the parts do not fit")


def _typical_values(scorer: RankedScorer) -> tuple[FloatArray, ...]:
    by_outcome = scorer.typical_by_outcome
    return scorer.typical, by_outcome.stayers, by_outcome.leavers


def _definition_fits(definition: ChurnDefinition) -> bool:
    """Whether what counts as churn is said in whole days, and of a known kind."""
    days = (definition.horizon_days, definition.gap_days, definition.active_within_days)
    texts = [definition.time_zone, *([] if definition.label is None else [definition.label])]
    return (
        definition.kind in get_args(ChurnKind)
        and all(_is_count(each) for each in (*days, definition.grace_days or 0))
        and all(map(is_name, texts))
        and is_time_zone(definition.time_zone)
    )


def _is_count(days: object) -> bool:
    return type(days) is int and 0 <= days <= _MOST_DAYS


def _scale_fits(scale: Scale, feature: FeatureContract) -> bool:
    """Whether a scale is of the kind of its feature, and in order."""
    if isinstance(scale, CategoryScale):
        count = len(feature.learned.categories) if feature.learned is not None else 0
        return feature.is_categorical and type(scale.count) is int and scale.count == count >= 1
    if not isinstance(scale, RankScale) or feature.is_categorical:
        return False
    values, ranks = (np.array(each, dtype=np.float64) for each in (scale.values, scale.ranks))
    return (
        values.shape == ranks.shape == (len(scale.values),)
        and bool(np.isfinite(values).all() and np.all(np.diff(values) > 0))
        and bool(np.all((ranks >= 0) & (ranks <= 1)) and np.all(np.diff(ranks) >= 0))
    )


def _spread_fits(spread: Spread, scale: Scale) -> bool:
    """Whether what is counted of a feature is of its kind."""
    if isinstance(scale, CategoryScale):
        return spread.edges is None and len(spread.counts) == scale.count + 1
    return spread.edges is not None


def _is_signed(folder: Path, manifest: bytes, key: bytes) -> bool:
    if not (folder / SIGNATURE).is_file():
        return False
    signature = _read(folder, SIGNATURE)
    return is_signed_by(manifest, signature.decode("ascii", errors="replace"), key)


def _read(folder: Path, name: str) -> bytes:
    path = folder / name
    if path.is_symlink() or not path.is_file():
        raise BundleError(f"Expected the file {name} in the bundle, found none. {_AGAIN}")
    most = min(MAX_FILE_BYTES, MAX_BYTES_BESIDE_MODEL if name in _BESIDE_MODEL else MAX_FILE_BYTES)
    if path.stat().st_size > most:
        raise BundleError(f"The file {name} is larger than {most} bytes. {_AGAIN}")
    return path.read_bytes()


def _json(name: str, raw: bytes) -> Any:
    try:
        read = json.loads(raw, object_pairs_hook=_without_repeats)
        json.dumps(read, ensure_ascii=False, allow_nan=False).encode()  # half a character, NaN
    except (ValueError, RecursionError) as err:
        raise BundleError(f"The file {name} is no JSON. {_AGAIN}") from err
    return read


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a name that stands twice: two readers could take it for two things."""
    read = dict(pairs)
    if len(read) != len(pairs):
        raise ValueError("a name twice")
    return read


def _verified_files(folder: Path, manifest: Any) -> dict[str, bytes]:
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise BundleError(f"Expected a bundle of format {FORMAT}, found another. {_AGAIN}")
    listed = manifest.get("files")
    hashes = listed if isinstance(listed, dict) else {}
    named = set(hashes)
    of_model = named.difference(_OTHER_FILES, {HORIZONS})
    if not named.issuperset(_OTHER_FILES) or not are_files_of(manifest.get("kind"), of_model):
        raise BundleError(
            f"Expected the manifest to name {', '.join(_OTHER_FILES)} and the files of a known "
            f"kind of model; it names other files. {_AGAIN}"
        )
    files = {name: _read(folder, name) for name in sorted(named)}
    altered = [n for n, raw in files.items() if hashlib.sha256(raw).hexdigest() != hashes[n]]
    if altered:
        raise BundleError(f"Altered since training: {', '.join(altered)}. {_AGAIN}")
    return files


def _scorer(kind: ModelKind, files: dict[str, bytes]) -> RankedScorer:
    features = _json("features.json", files["features.json"])
    texts = {
        name: raw.decode() for name, raw in files.items() if name not in {*_OTHER_FILES, HORIZONS}
    }
    scales = tuple(_scale(entry["scale"]) for entry in features)
    model = read_model(kind, texts)
    check_columns(model, places=category_sizes(scales), n_features=len(features))
    calibrator, interval = read_calibrator(_json("calibrator.json", files["calibrator.json"]))
    return RankedScorer(
        features=tuple(FeatureContract.from_json(entry["contract"]) for entry in features),
        scales=scales,
        typical=_floats([entry["typical"] for entry in features]),
        by_outcome=TypicalByOutcome(
            stayers=_floats([entry["typical_stayers"] for entry in features]),
            leavers=_floats([entry["typical_leavers"] for entry in features]),
        ),
        model=model,
        calibrator=calibrator,
        interval=interval,
        horizons=(
            read_horizons(files[HORIZONS].decode(), n_features=len(features))
            if HORIZONS in files
            else None
        ),
    )


def _scale(read: dict[str, Any]) -> Scale:
    if "count" in read:
        return CategoryScale(count=read["count"])
    return RankScale(values=tuple(read["values"]), ranks=tuple(read["ranks"]))


def _reference(read: dict[str, Any]) -> Reference:
    return Reference(
        as_of=read["as_of"],
        n_customers=read["n_customers"],
        p_churn_quantiles=_floats(read["p_churn_quantiles"]),
        features=tuple(map(Spread.from_json, read["features"])),
        scores=Spread.from_json(read["scores"]),
    )


def _golden(read: dict[str, Any]) -> Golden:
    rows = np.array([_floats(row) for row in read["rows"]], dtype=np.float64)
    return Golden(rows=rows, p_churn=_floats(read["p_churn"]))


def _floats(values: list[float | None]) -> FloatArray:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
