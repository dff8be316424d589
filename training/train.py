"""From tables to the best candidate: snapshots, origins, candidates, and the rules they must beat.

Tracks nothing and writes nothing; ``training.tracking`` does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np
from threadpoolctl import threadpool_limits

from ebbtide.bundle.contents import Golden, Reference
from ebbtide.clock import last_midnight, whole_days
from ebbtide.errors import NotReady
from ebbtide.scorer.scorer import RankedScorer, commonest_present, median_present
from features.catalogue.catalogue import features_present
from features.usability.shortfall import shortfall
from training.attributes import attributes_at, tenure_groups
from training.calibration import foresee
from training.candidates import candidate_of
from training.definition_lab.purchase_days import read_purchase_days
from training.known_then import as_known_then
from training.merit import best_first
from training.origins import RAISE, origins
from training.recipes import usual_recipes
from training.relived import blended, relive
from training.rules import rule_aucs, rule_scores
from training.snapshots import take_snapshots
from training.tuning.recipes_file import read_recipes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from ebbtide.contracts.feature import FeatureContract
    from ebbtide.project import Project
    from ebbtide.scorer.scores import FloatArray
    from features.tables import Tables
    from training.calibration import Foreseen
    from training.candidates import Candidate
    from training.origins import Origin
    from training.recipes import Recipe
    from training.relived import Relived
    from training.snapshots import Snapshot

GOLDEN_ROWS = 50


class Described(Protocol):
    """A feature of the catalogue, or a column of a snapshot table."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def contract(self) -> FeatureContract:
        """What its value promises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What one training found.

    Parameters
    ----------
    features : what the models read.
    snapshots : the matured snapshots, earliest first.
    newest : the snapshot at the time of training, whose outcome is open.
    candidates : every kind that could be fitted and calibrated, the best first.
    failed : why the other kinds could not, by kind.
    rule_auc : AUC of every simple rule at the latest origin.
    level : what was foreseen for the customers of the newest snapshot; None for nothing.
    is_dated : whether rows have dates; without them nothing was measured on later customers.
    log_days : days of log before the newest snapshot; None where there is no log.
    """

    features: Sequence[Described]
    snapshots: tuple[Snapshot, ...]
    newest: Snapshot
    candidates: tuple[Candidate, ...]
    failed: dict[str, str]
    rule_auc: dict[str, float]
    level: Foreseen | None = None
    is_dated: bool = True
    log_days: int | None = None

    @property
    def best(self) -> Candidate:
        """The candidate that would serve."""
        return self.candidates[0]

    @property
    def best_rule(self) -> str:
        """Name of the simple rule with the highest AUC."""
        return max(self.rule_auc, key=lambda name: self.rule_auc[name])

    def scorer(self, candidate: Candidate) -> RankedScorer:
        """Return a candidate as the scorer that its bundle will hold."""
        newest = self.newest
        return RankedScorer(
            features=tuple(feature.contract for feature in self.features),
            scales=newest.scales,
            typical=np.array(
                [
                    commonest_present(column)
                    if feature.contract.is_categorical
                    else median_present(column)
                    for feature, column in zip(self.features, newest.rows.T, strict=True)
                ]
            ),
            model=candidate.model,
            calibrator=candidate.calibrator,
            interval=candidate.interval,
        )


def train(
    tables: Tables,
    project: Project,
    *,
    now: datetime,
    progress: Callable[[str], None] | None = None,
) -> Trained:
    """Train every candidate of a project on what is known at ``now``.

    Parameters
    ----------
    tables : the typed tables.
    project : what churn is, which snapshots, which candidates, which seed.
    now : aware instant; nothing that happened or was known at or after it is used.
    progress : called with what is being done.

    Raises
    ------
    NotReady
        If the log is too short, or no candidate can be calibrated.
    """
    with threadpool_limits(1, user_api="blas"):  # sums of one order: equal bytes on any machine
        return _train(tables, project, now=now, progress=progress)


def _train(
    tables: Tables,
    project: Project,
    *,
    now: datetime,
    progress: Callable[[str], None] | None,
) -> Trained:
    features = features_present(tables.columns, kind=project.definition.kind)
    names = [feature.name for feature in features]
    snapshots, newest = take_snapshots(tables, project, features, now=now, progress=progress)
    log_days = whole_days(tables.log_start(now=now), now, time_zone=tables.time_zone)
    advice = shortfall(project, tests=1, log_days=log_days).advice or RAISE
    tested_at = [
        replace(origin, scored=_described(tables, project, origin.scored, names))
        for origin in as_known_then(
            origins(snapshots, project.definition, advice=advice), tables, project.definition
        )
    ]
    rules = [rule_scores(origin.scored, names) for origin in tested_at]
    levels = _levels(tables, project, tested_at, newest)
    candidates, failed = try_each(
        recipes_of(project, tested_at[0], [feature.contract for feature in features]),
        snapshots,
        newest,
        tested_at,
        rules=rules,
        foreseen=levels,
        seed=project.training.seed,
        progress=progress,
    )
    return Trained(
        features=features,
        snapshots=tuple(snapshots),
        newest=newest,
        candidates=best_first(candidates, failed),
        failed=failed,
        rule_auc=rule_aucs(tested_at[0].scored, names),
        level=levels[0],
        log_days=log_days,
    )


def recipes_of(project: Project, exam: Origin, features: Sequence[FeatureContract]) -> list[Recipe]:
    """Return how each kind is to be fitted: as tuned where the project says so, else as usual.

    Parameters
    ----------
    project : which kinds.
    exam : the latest period, whose outcomes a tuned recipe may not have seen.
    features : what the models read; they say in which direction risk is agreed to go.

    Raises
    ------
    NotReady
        If the tuned recipes have seen them, or were tuned for another churn definition.
    """
    usual, path = usual_recipes(project, features), project.recipes_path
    if path is None:
        return usual
    tuned = read_recipes(path)
    tuned.require_honest(
        exam=exam.scored.as_of,
        definition=project.definition.code,
        time_zone=project.project.time_zone,
    )
    return [
        tuned.found[recipe.kind].applied_to(recipe) if recipe.kind in tuned.found else recipe
        for recipe in usual
    ]


def try_each(
    recipes: Sequence[Recipe],
    snapshots: Sequence[Snapshot],
    newest: Snapshot,
    tested_at: Sequence[Origin],
    *,
    rules: Sequence[Mapping[str, FloatArray]],
    seed: int,
    foreseen: Sequence[Foreseen | None] | None = None,
    progress: Callable[[str], None] | None = None,
) -> tuple[list[Candidate], dict[str, str]]:
    """Try recipes of different kinds and, where there are two or more, the blend of them.

    Returns
    -------
    tuple
        The candidates; why the other kinds failed, by kind.
    """
    relived: list[Relived] = []
    failed: dict[str, str] = {}
    for recipe in recipes:
        try:
            relived.append(
                relive(recipe, snapshots, newest, tested_at, seed=seed, progress=progress)
            )
        except NotReady as err:
            failed[recipe.kind] = str(err)
    if len(relived) > 1:
        relived.append(blended(relived, tested_at))
    candidates: list[Candidate] = []
    for each in relived:
        try:
            candidates.append(
                candidate_of(each, tested_at, rules=rules, seed=seed, foreseen=foreseen)
            )
        except NotReady as err:
            failed[each.kind] = str(err)
    return candidates, failed


def _levels(
    tables: Tables,
    project: Project,
    tested_at: Sequence[Origin],
    newest: Snapshot,
) -> list[Foreseen | None]:
    """Return at each origin's next instant the level of the window to come, as foreseen there."""
    definition = project.definition
    if definition.kind != "inactivity":
        return [None] * len(tested_at)
    purchases = read_purchase_days(
        tables, ends_at=last_midnight(newest.as_of, time_zone=definition.time_zone)
    )
    instants = [newest.as_of, *(origin.scored.as_of for origin in tested_at[:-1])]
    return [
        foresee(
            purchases,
            definition,
            learned_at=origin.scored.as_of,
            as_of=instant,
            min_history_days=project.snapshots.min_history_days,
        )
        for origin, instant in zip(tested_at, instants, strict=True)
    ]


def _described(tables: Tables, project: Project, taken: Snapshot, names: Sequence[str]) -> Snapshot:
    """Return a snapshot with what its customers have in common."""
    tenure = tenure_groups(taken.rows, names, lookback_days=project.snapshots.lookback_days)
    known = attributes_at(tables, taken.customer_ids, as_of=taken.as_of)
    return replace(taken, attributes={**known, **tenure})


def reference_of(trained: Trained, scorer: RankedScorer) -> Reference:
    """Summarise the newest snapshot as its scorer sees it."""
    newest = trained.newest
    return Reference.of(
        newest.rows,
        p_churn=scorer.p_churn(newest.rows),
        scales=scorer.scales,
        as_of=newest.as_of.isoformat(),
    )


def golden_of(trained: Trained, scorer: RankedScorer) -> Golden:
    """Choose rows over the whole range of risk, with the scores they must get.

    The rows carry no customer ids.
    """
    rows = trained.newest.rows
    by_risk = np.argsort(scorer.p_churn(rows), kind="stable")
    chosen = by_risk[np.linspace(0, len(by_risk) - 1, min(GOLDEN_ROWS, len(by_risk))).astype(int)]
    return Golden(rows=rows[chosen], p_churn=scorer.p_churn(rows[chosen]))
