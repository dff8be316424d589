"""Tune recipes on earlier periods: what they would have ranked there, trial by trial."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState
from threadpoolctl import threadpool_limits

from ebbtide.bundle.model_files import read_model
from ebbtide.errors import NotReady
from training.evaluation.measures import auc
from training.recipes import fit
from training.relived import outcomes
from training.tuning.recipes_file import Found, TunedRecipes
from training.tuning.space import suggested

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from optuna import Study
    from optuna.trial import FrozenTrial

    from ebbtide.project import CandidateName
    from training.origins import Origin
    from training.recipes import Recipe

USUAL = "usual"
"""Marks the trial of the usual recipe, which every other has to beat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One trial.

    Parameters
    ----------
    kind : kind of model.
    number : of the trial among those of its kind.
    recipe : what was tried.
    auc_by_origin : AUC at each period that tuning looked at.
    """

    kind: CandidateName
    number: int
    recipe: Recipe
    auc_by_origin: dict[str, float]

    @property
    def mean_auc(self) -> float:
        """By which recipes are compared."""
        return float(np.mean(list(self.auc_by_origin.values())))


def tune(
    usual: Sequence[Recipe],
    origins: Sequence[Origin],
    *,
    definition: str,
    journal: Path,
    seconds: float,
    seed: int,
    max_trials: int | None = None,
    on_trial: Callable[[Tried], None] | None = None,
    progress: Callable[[str], None] | None = None,
) -> TunedRecipes:
    """Try recipes until the time is up, kind after kind in turn, and return the best of each.

    Parameters
    ----------
    usual : how each kind is fitted usually; whom it weighs and binds is not tuned.
    origins : the latest first. The latest is left alone: it is the exam of the training to come.
    definition : code of the churn definition.
    journal : file that keeps the trials; tuning of the same data goes on where it ended.
    seconds : how long to go on; a trial that has begun is finished.
    seed : of everything random.
    max_trials : how many trials of each kind at most, with those that the journal holds.
    on_trial : called after each trial, for example to track it.
    progress : called with what is being done.

    Raises
    ------
    NotReady
        If there is no period before the latest one.
    """
    if len(origins) < 2:
        raise NotReady(
            "Expected two periods a gap and horizon apart, one to tune on and a later one as exam, "
            "found one. Bring older data; until then the usual recipes are the better choice."
        )
    journal.parent.mkdir(parents=True, exist_ok=True)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage = JournalStorage(JournalFileBackend(str(journal)))
    studies = {
        recipe.kind: _study(storage, name=_name(recipe, origins, definition), seed=seed)
        for recipe in usual
    }
    by_kind = {recipe.kind: recipe for recipe in usual}
    until = time.monotonic() + seconds
    with threadpool_limits(1, user_api="blas"):
        for kind in _in_turn(studies, until=until, max_trials=max_trials):
            tried = _one_trial(studies[kind], by_kind[kind], origins[1:], seed=seed)
            if on_trial is not None:
                on_trial(tried)
            if progress is not None:
                left = max(0.0, until - time.monotonic())
                progress(
                    f"{kind} trial {tried.number + 1}: {tried.mean_auc:.4f}, best "
                    f"{studies[kind].best_value:.4f}; {left:.0f} s left"
                )
    return TunedRecipes(
        definition=definition,
        learned_until=origins[0].scored.as_of,
        found={kind: _found(study, by_kind[kind]) for kind, study in studies.items()},
    )


def _in_turn(
    studies: dict[CandidateName, Study], *, until: float, max_trials: int | None
) -> Iterator[CandidateName]:
    """Yield the kind of the next trial; each kind gets its usual recipe whatever the time."""
    for kind, study in studies.items():
        if not _usual_is_done(study):
            yield kind
    while time.monotonic() < until:
        open_kinds = [
            kind
            for kind, study in studies.items()
            if max_trials is None or len(_done(study)) < max_trials
        ]
        if not open_kinds:
            return
        yield min(open_kinds, key=lambda kind: len(_done(studies[kind])))


def _done(study: Study) -> list[FrozenTrial]:
    """Return trials that have ended; one that was interrupted stays in the journal, unfinished."""
    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))


def _usual_is_done(study: Study) -> bool:
    return any(each.user_attrs.get(USUAL) for each in _done(study))


def _study(storage: JournalStorage, *, name: str, seed: int) -> Study:
    study = optuna.create_study(
        study_name=name, storage=storage, direction="maximize", load_if_exists=True
    )
    # A sampler that starts anew must not propose again what it proposed at its first start.
    study.sampler = optuna.samplers.TPESampler(seed=seed + len(study.trials), multivariate=True)
    return study


def _one_trial(study: Study, usual: Recipe, periods: Sequence[Origin], *, seed: int) -> Tried:
    is_usual = not _usual_is_done(study)
    trial = study.ask()
    if is_usual:
        recipe = usual
        trial.set_user_attr(USUAL, True)
    else:
        recipe = suggested(trial, usual)
    trial.set_user_attr("recipe", json.dumps(_plain(recipe)))
    try:
        by_origin = {period.day: _auc(recipe, period, seed=seed) for period in periods}
    except NotReady:
        study.tell(trial, state=TrialState.FAIL)
        raise
    tried = Tried(kind=usual.kind, number=trial.number, recipe=recipe, auc_by_origin=by_origin)
    study.tell(trial, tried.mean_auc)
    return tried


def _auc(recipe: Recipe, period: Origin, *, seed: int) -> float:
    files = fit(recipe, period.learned_from, seed=seed)
    said = read_model(recipe.kind, files).log_odds(period.scored.ranked)
    found = auc(outcomes(period.scored), said)
    if np.isnan(found):
        raise NotReady(
            f"Expected leavers and stayers in every period that is tuned on, but of the customers "
            f"as of {period.day} all did the same. Check the churn definition."
        )
    return found


def _found(study: Study, usual: Recipe) -> Found:
    """Return the best recipe; where several are equally good, the first, which is the usual one."""
    done = _done(study)
    values = [each.value for each in done if each.value is not None]
    best = done[int(np.argmax(values))]
    first = next(each for each in done if each.user_attrs.get(USUAL))
    assert best.value is not None
    assert first.value is not None
    said = json.loads(best.user_attrs["recipe"])
    return Found(
        recipe=replace(
            usual,
            parameters=said["parameters"],
            half_life_days=said["half_life_days"],
            window_days=said["window_days"],
        ),
        mean_auc=best.value,
        usual_mean_auc=first.value,
        trials=len(done),
    )


def _plain(recipe: Recipe) -> dict[str, object]:
    return {
        "parameters": dict(recipe.parameters),
        "half_life_days": recipe.half_life_days,
        "window_days": recipe.window_days,
    }


def _name(usual: Recipe, origins: Sequence[Origin], definition: str) -> str:
    """Return a name that only the same question about the same data has."""
    question = [usual.described(), usual.directions, definition]
    digest = hashlib.sha256(json.dumps(question, default=str).encode())
    for origin in origins[1:]:
        for taken in (*origin.learned_from, origin.scored):
            digest.update(taken.as_of.isoformat().encode())
            digest.update(np.ascontiguousarray(taken.ranked).tobytes())
            digest.update(outcomes(taken).tobytes())
    return f"{usual.kind}-{digest.hexdigest()[:16]}"
