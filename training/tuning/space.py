"""Where tuning looks: the ranges of every kind's parameters, of age and of window."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from optuna.trial import Trial

    from ebbtide.project import CandidateName
    from training.recipes import Recipe

HALF_LIVES_DAYS: tuple[float | None, ...] = (None, 365.0, 180.0, 90.0)
WINDOWS_DAYS: tuple[float | None, ...] = (None, 365.0, 180.0)
"""From all that is there to the latest only, so that neighbours are alike."""


def _logistic(trial: Trial) -> dict[str, object]:
    return {"C": trial.suggest_float("C", 1e-4, 1.0, log=True)}


def _random_forest(trial: Trial) -> dict[str, object]:
    return {
        "n_estimators": trial.suggest_int("n_estimators", 50, 200, step=50),
        "max_depth": trial.suggest_int("max_depth", 3, 9),
        "max_features": trial.suggest_float("max_features", 0.05, 0.5),
        "max_samples": trial.suggest_float("max_samples", 0.1, 0.6),
    }


def _lightgbm(trial: Trial) -> dict[str, object]:
    return {
        "num_boost_round": trial.suggest_int("num_boost_round", 100, 600, step=50),
        "learning_rate": trial.suggest_float("learning_rate", 0.01, 0.1, log=True),
        "num_leaves": trial.suggest_int("num_leaves", 4, 24),
        "feature_fraction": trial.suggest_float("feature_fraction", 0.1, 0.8),
        "lambda_l2": trial.suggest_float("lambda_l2", 1e-2, 100.0, log=True),
    }


PARAMETERS: Mapping[CandidateName, Callable[[Trial], dict[str, object]]] = {
    "logistic": _logistic,
    "random_forest": _random_forest,
    "lightgbm": _lightgbm,
}


TUNED: Mapping[CandidateName, Mapping[str, tuple[float, float]]] = {
    "logistic": {"C": (1e-4, 1.0)},
    "random_forest": {
        "n_estimators": (50, 200),
        "max_depth": (3, 9),
        "max_features": (0.05, 0.5),
        "max_samples": (0.1, 0.6),
    },
    "lightgbm": {
        "num_boost_round": (100, 600),
        "learning_rate": (0.01, 0.1),
        "num_leaves": (4, 24),
        "feature_fraction": (0.1, 0.8),
        "lambda_l2": (1e-2, 100.0),
    },
}
"""The parameters of each kind that are tuned, from where to where; those of whole bounds are whole.

A file of recipes may name only these, within these ranges.
"""


def suggested(trial: Trial, usual: Recipe) -> Recipe:
    """Return the recipe that a trial proposes.

    Parameters
    ----------
    trial : of optuna.
    usual : how the kind is fitted usually; whom it weighs and binds stays as it is.
    """
    half_life = trial.suggest_int("half_life", 0, len(HALF_LIVES_DAYS) - 1)
    window = trial.suggest_int("window", 0, len(WINDOWS_DAYS) - 1)
    return replace(
        usual,
        parameters=PARAMETERS[usual.kind](trial),
        half_life_days=HALF_LIVES_DAYS[half_life],
        window_days=WINDOWS_DAYS[window],
    )
