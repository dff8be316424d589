"""Write a bundle: equal contents give equal bytes."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from ebbtide.bundle.contents import FORMAT, HORIZONS, MANIFEST, SIGNATURE
from ebbtide.bundle.signature import sign
from ebbtide.scorer.calibrator_file import calibrator_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Set
    from pathlib import Path

    from ebbtide.bundle.contents import Golden, Reference
    from ebbtide.bundle.model_files import ModelKind
    from ebbtide.definition import ChurnDefinition
    from ebbtide.drivers import Drivers
    from ebbtide.scorer.scorer import RankedScorer
    from ebbtide.scorer.scores import FloatArray


def write_bundle(
    folder: Path,
    *,
    kind: ModelKind,
    model_files: Mapping[str, str],
    scorer: RankedScorer,
    definition: ChurnDefinition,
    lookback_days: int,
    catalogue_version: str,
    columns: Mapping[str, Set[str]],
    reference: Reference,
    golden: Golden,
    drivers: Drivers,
    card: str,
    metrics: dict[str, Any],
    lineage: dict[str, Any],
    key: bytes | None,
    expectations: Mapping[str, Any] | None = None,
) -> str:
    """Write the files of a bundle into an empty or new folder and return the bundle's version.

    Parameters
    ----------
    folder : where to; made if absent.
    kind : kind of model.
    model_files : names and texts of the model's files: ``model.lgb``, ``linear.json``, or what
        :func:`~ebbtide.bundle.model_files.blend_files` returns.
    columns : the columns that the company has, for each table that the features read.
    drivers : what moves the scores most.
    metrics : what was measured out of time, ``calibration_error`` and ``calibration_checked_on``
        among it; goes into the manifest.
    lineage : data hash, dates, commit, seeds, library versions; goes into the manifest.
    key : signs the manifest; None leaves it unsigned.
    expectations : parameters of the buying model, plain data; None if there is none.
    """
    files = {
        **model_files,
        "calibrator.json": _text(calibrator_file(scorer.calibrator, scorer.interval)),
        "features.json": _text(_features(scorer)),
        "reference.json": _text(
            {
                "as_of": reference.as_of,
                "n_customers": reference.n_customers,
                "p_churn_quantiles": reference.p_churn_quantiles.tolist(),
                "features": [spread.to_json() for spread in reference.features],
                "scores": reference.scores.to_json(),
            }
        ),
        "golden.json": _text({"rows": nullable(golden.rows), "p_churn": golden.p_churn.tolist()}),
        "drivers.json": _text(drivers.to_json()),
        "card.md": card,
    }
    if scorer.horizons is not None:
        files[HORIZONS] = _text(scorer.horizons.to_json())
    manifest = {
        "format": FORMAT,
        "kind": kind,
        "definition": definition.to_json(),
        "lookback_days": lookback_days,
        "catalogue_version": catalogue_version,
        "columns": {table: sorted(names) for table, names in columns.items()},
        "expectations": expectations,
        "metrics": metrics,
        "lineage": lineage,
        "files": {name: hashlib.sha256(text.encode()).hexdigest() for name, text in files.items()},
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_bytes(text.encode())
    written = _text(manifest).encode()
    (folder / MANIFEST).write_bytes(written)
    if key is not None:
        (folder / SIGNATURE).write_text(sign(written, key) + "\n", encoding="ascii")
    return version_of(written)


def version_of(manifest: bytes) -> str:
    """Return the version of a bundle: twelve hex digits of its manifest's hash."""
    return hashlib.sha256(manifest).hexdigest()[:12]


def nullable(rows: FloatArray) -> list[list[float | None]]:
    """Return rows as nested lists with None for NaN, as JSON wants it."""
    return [[_number(value) for value in row] for row in rows]


def _features(scorer: RankedScorer) -> list[dict[str, Any]]:
    return [
        {
            "contract": contract.to_json(),
            "scale": scale.to_json(),
            "typical": _number(typical),
            "typical_stayers": _number(stayers),
            "typical_leavers": _number(leavers),
        }
        for contract, scale, typical, stayers, leavers in zip(
            scorer.features,
            scorer.scales,
            scorer.typical,
            scorer.typical_by_outcome.stayers,
            scorer.typical_by_outcome.leavers,
            strict=True,
        )
    ]


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _text(content: object) -> str:
    return json.dumps(content, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
