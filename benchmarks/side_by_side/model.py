"""The model that every server answers with: ``python -m benchmarks.side_by_side.model FOLDER``.

LightGBM of 60 features and 400 trees of up to 31 leaves, trained on made-up customers. Ebbtide gets
it as a signed bundle, champion of a project with the starter policy, so that ``ebbtide
serve`` serves it as it serves any other. The others get the same trees with their thresholds
moved from ranks to values (``moved_trees``): the same body gives the same probability everywhere,
which is checked on every row that is sent. What is there already is not made again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import joblib
import lightgbm
import mlflow
import numpy as np
import pandas as pd

from benchmarks.side_by_side.customers import (
    ACTIVE_WITHIN_DAYS,
    CONTRACTS,
    FEATURES,
    draw_customers,
)
from benchmarks.side_by_side.moved_trees import moved_to_values
from benchmarks.side_by_side.names import NAMES
from ebbtide.bundle.contents import FORMAT
from ebbtide.bundle.write import write_bundle
from ebbtide.definition import ChurnDefinition
from ebbtide.project import load_project
from ebbtide.scorer.calibrator import PlattCalibrator
from ebbtide.scorer.calibrator_interval import ProbabilityInterval
from ebbtide.scorer.horizons import HorizonModel
from ebbtide.scorer.linear import LinearModel
from ebbtide.scorer.ranks import RankScale, rank_columns
from ebbtide.scorer.scorer import RankedScorer, median_present
from ebbtide.scorer.trees import TreeModel
from ebbtide.scorer.typical import TypicalByOutcome
from features.btyd.beta_geometric import BetaGeometric
from features.btyd.gamma_gamma import GammaGamma
from features.btyd.maximum_likelihood import Fit
from features.btyd.parameters import BuyTillYouDie
from features.catalogue.catalogue import catalogue_version
from training.explanation.drivers import drivers
from training.registry import CHAMPION, connect_registry
from training.tracking import _register
from training.train import golden_of, reference_of

KEY = "a key for benchmarks"
"""Signs the bundle; the service is started with it."""
TREES, LEAVES = 400, 31
TRAINED_ON, SENT = 30_000, 10_000
_HORIZON_DAYS = 60
_DONE = "made.json"
_TABLES = ("transactions", "activity", "complaints", "surveys", "payments", "customers")
_PROJECT = f"""[project]
name = "reference"
currency = "EUR"
{"".join(f'[tables.{name}]{chr(10)}path = "{name}.csv"{chr(10)}' for name in _TABLES)}
[churn]
horizon_days = {_HORIZON_DAYS}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """Where things are.

    Parameters
    ----------
    folder : of all of it.
    """

    folder: Path

    @property
    def project_file(self) -> Path:
        """What ``ebbtide serve`` is started with; the bundle is its champion."""
        return self.folder / "reference" / "ebbtide.toml"

    @property
    def bundle(self) -> Path:
        """The signed bundle."""
        return self.folder / "reference" / "bundle"

    @property
    def booster(self) -> Path:
        """The trees on values, in LightGBM's text format."""
        return self.folder / "booster.lgb"

    @property
    def classifier(self) -> Path:
        """The same as a scikit-learn classifier."""
        return self.folder / "classifier.joblib"

    @property
    def mlflow_model(self) -> Path:
        """The same as an MLflow model, for ``mlflow models serve``."""
        return self.folder / "mlflow_model"

    @property
    def rows(self) -> np.ndarray:
        """Feature values of the customers whom requests are about, shape (10,000, 60)."""
        return np.load(self.folder / "rows.npy")

    def expected(self, count: int) -> np.ndarray:
        """Return the probabilities of the first of them, by LightGBM, shape (count,)."""
        booster = lightgbm.Booster(model_file=self.booster)
        return np.asarray(booster.predict(self.rows[:count]))


def made_in(folder: Path) -> Made:
    """Make the model and all that serves it, or return what was made before."""
    made = Made(folder=folder.resolve())
    done = made.folder / _DONE
    made_of = Path(__file__).with_name("customers.py").read_bytes() + Path(__file__).read_bytes()
    about = {"made_of": hashlib.sha256(made_of).hexdigest(), "format": FORMAT}
    if done.exists() and json.loads(done.read_text()) == about:
        return made
    for part in ("reference", "mlflow_model"):
        shutil.rmtree(made.folder / part, ignore_errors=True)
    (made.folder / "stored").unlink(missing_ok=True)
    made.bundle.mkdir(parents=True, exist_ok=True)
    learned = draw_customers(TRAINED_ON, seed=1)
    sent = draw_customers(SENT, seed=2).rows
    np.save(made.folder / "rows.npy", sent)
    scales = tuple(RankScale.of(column) for column in learned.rows.T)
    classifier = lightgbm.LGBMClassifier(
        n_estimators=TREES,
        num_leaves=LEAVES,
        learning_rate=0.05,
        random_state=0,
        deterministic=True,
        force_row_wise=True,
        n_jobs=1,  # whatever else the machine does
        verbosity=-1,
    )
    ranked = pd.DataFrame(rank_columns(scales, learned.rows), columns=NAMES)
    classifier.fit(ranked, learned.churned)
    text = classifier.booster_.model_to_string()
    scorer = _scorer(text, scales, learned.rows, learned.churned)
    _write_others(made, classifier, moved_to_values(text, scales), scorer=scorer, sent=sent)
    _write_bundle(made, text, scorer, learned.rows)
    made.project_file.write_text(_PROJECT, encoding="utf-8")
    _register_champion(made)
    done.write_text(json.dumps(about))
    return made


def _scorer(text: str, scales: tuple[RankScale, ...], rows, churned) -> RankedScorer:
    """Return the trees with all that a trained bundle has beside them."""
    return RankedScorer(
        features=CONTRACTS,
        scales=scales,
        typical=np.array([median_present(column) for column in rows.T]),
        by_outcome=TypicalByOutcome(
            stayers=np.nanmedian(rows[churned == 0], axis=0),
            leavers=np.nanmedian(rows[churned == 1], axis=0),
        ),
        model=TreeModel(text, scale="log_odds"),
        calibrator=PlattCalibrator(slope=1.0, intercept=0.0),  # LightGBM's own probability
        interval=ProbabilityInterval(scores=(0.0,), below=(0.3,), above=(0.4,), level_spread=0.1),
        horizons=HorizonModel(
            days=(0, 30, 60, 90),
            anchor_day=0,
            after=tuple(_linear(seed) for seed in range(3)),
        ),
    )


def _linear(seed: int) -> LinearModel:
    rng, count = np.random.default_rng(seed), len(NAMES)
    return LinearModel(
        intercept=-1.5,
        weights=rng.normal(0.0, 0.1, count),
        missing_weights=rng.normal(0.0, 0.05, count),
        centers=np.full(count, 0.5),
        missing_centers=np.full(count, 0.1),
    )


def _write_others(made: Made, classifier, text: str, *, scorer: RankedScorer, sent) -> None:
    """Write the trees on values in each form, and check them against the bundle's scorer."""
    moved = lightgbm.Booster(model_str=text)
    ranked = rank_columns(scorer.scales, sent)
    worst = np.abs(moved.predict(sent) - scorer.p_churn(sent)).max()
    assert worst < 1e-12, f"other probabilities, by up to {worst}"
    some = slice(0, 100)
    ours = scorer.model.contributions(ranked[some])
    theirs = moved.predict(sent[some], pred_contrib=True)[:, :-1]
    assert np.abs(ours - theirs).max() < 1e-10, "other contributions"
    made.booster.write_text(text)
    classifier._Booster = moved
    joblib.dump(classifier, made.classifier)
    frame = pd.DataFrame(sent[:100], columns=NAMES)
    signature = mlflow.models.infer_signature(frame, classifier.predict_proba(frame)[:, 1])
    mlflow.lightgbm.save_model(
        moved, made.mlflow_model, signature=signature, pip_requirements=["lightgbm", "pandas"]
    )


def _write_bundle(made: Made, text: str, scorer: RankedScorer, rows) -> None:
    now = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    newest = SimpleNamespace(rows=rows, as_of=now, customer_ids=np.arange(len(rows)))
    trained = SimpleNamespace(newest=newest)
    fit = Fit(log_likelihood=-1000.0, customers=500.0, evaluations=30, at_bound=())
    buying = BuyTillYouDie(
        purchases=BetaGeometric(kind="mbg_nbd", r=0.8, alpha=40.0, a=0.9, b=2.5),
        purchases_fit=fit,
        spend=GammaGamma(p=6.0, q=4.0, gamma=15.0),
        spend_fit=fit,
    )
    columns = {table: {"customer_id"} for table in _TABLES}
    for feature in FEATURES:
        columns[feature.contract.table] |= set(feature.columns)
    write_bundle(
        made.bundle,
        kind="lightgbm",
        model_files={"model.lgb": text},
        scorer=scorer,
        definition=ChurnDefinition(
            horizon_days=_HORIZON_DAYS, gap_days=0, active_within_days=ACTIVE_WITHIN_DAYS
        ),
        lookback_days=365,
        catalogue_version=catalogue_version(FEATURES),
        columns=columns,
        reference=reference_of(trained, scorer),
        golden=golden_of(trained, scorer),
        drivers=drivers(scorer, rows),
        card="# Model card\n\nA made-up model for measuring speed.\n",
        metrics={"calibration_error": 0.01, "calibration_checked_on": "a later period"},
        lineage={"trained_as_of": now.isoformat()},
        key=KEY.encode(),
        expectations=buying.to_json(),
    )


def _register_champion(made: Made) -> None:
    """Make the bundle the champion of a registry, stored as a training stores it."""
    project = load_project(made.project_file)
    client = connect_registry(project)
    with mlflow.start_run(run_name="made for measuring"):  # as ``ebbtide train`` does
        version = _register(project, SimpleNamespace(features=FEATURES), made.bundle)
    client.set_registered_model_alias(project.model_name, CHAMPION, version)


def main() -> None:
    """Make the model, and say where it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    began = time.monotonic()
    made = made_in(parser.parse_args().folder)
    print(f"{made.folder}: {time.monotonic() - began:.0f} s")
    print(f"EBBTIDE_BUNDLE_KEY='{KEY}' ebbtide serve --config {made.project_file}")


if __name__ == "__main__":
    main()
