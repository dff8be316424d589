"""The whole study of a log: return rates, labels, quick models, costs, and the advice.

Prints and writes nothing; ``summary``, ``page`` and ``figures`` of this package do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from threadpoolctl import threadpool_limits

from ebbtide.clock import day_in_words, shift_days
from ebbtide.errors import NotReady
from features.catalogue.catalogue import features_present
from training.definition_lab.cost import choose_cost_model, cost_of_round
from training.definition_lab.flips import measure_labels
from training.definition_lab.grid import plan_grid
from training.definition_lab.purchase_days import date_of, read_purchase_days
from training.definition_lab.quality import try_definition
from training.definition_lab.recommendation import recommend
from training.definition_lab.return_rates import return_curve, spells_of
from training.snapshots import snapshot_builder, take_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date, datetime

    from ebbtide.definition import ChurnDefinition
    from ebbtide.policy.policy import Policy
    from ebbtide.project import Project
    from features.catalogue.feature import Feature
    from features.tables import Tables
    from training.definition_lab.cost import CostModel, RoundCost
    from training.definition_lab.flips import LabelMeasures
    from training.definition_lab.grid import Grid
    from training.definition_lab.purchase_days import PurchaseDays
    from training.definition_lab.quality import Quality, Tested
    from training.definition_lab.recommendation import Limits, Recommendation
    from training.definition_lab.return_rates import ReturnRate
    from training.snapshots import Snapshot

MOST_SNAPSHOTS = 24
MOST_ROWS = 150_000
"""Rows over all snapshots; beyond it a sample of customers is modelled, the same in each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Studied:
    """One definition with everything that was found about it.

    Parameters
    ----------
    labels : what it says of the customers.
    quality : what a model makes of it; None where none could be tested.
    no_quality : why none could.
    cost : of one round of decisions; None without a model, or where nothing is known of false
        goodbyes.
    """

    labels: LabelMeasures
    quality: Quality | None
    no_quality: str
    cost: RoundCost | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """What the lab found out.

    Parameters
    ----------
    project_name, currency : of the project file.
    log_starts_on, log_ends_on : first day with a purchase; last day that the log holds.
    customers, purchase_days : in the log.
    present : the project's definition.
    limits : what was asked of a definition.
    grid : what was compared, and what was left out.
    returns : the return-rate curve.
    studied : every horizon and gap.
    populations : the advised (or present) horizon with other ``active_within``.
    cost_model : what the sums of money rest on; None if no model could be tested.
    recommendation : the advice.
    """

    project_name: str
    currency: str
    log_starts_on: date
    log_ends_on: date
    customers: int
    purchase_days: int
    present: ChurnDefinition
    limits: Limits
    grid: Grid
    returns: tuple[ReturnRate, ...]
    studied: tuple[Studied, ...]
    populations: tuple[LabelMeasures, ...]
    cost_model: CostModel | None
    recommendation: Recommendation

    @property
    def at_present_gap(self) -> tuple[Studied, ...]:
        """Every horizon at the gap of the project, the shortest first."""
        return tuple(each for each in self.studied if each.labels.gap_days == self.present.gap_days)


def study_definitions(
    tables: Tables,
    project: Project,
    policy: Policy,
    *,
    ends_at: datetime,
    limits: Limits,
    progress: Callable[[str], None] | None = None,
) -> Study:
    """Study what churn should mean for a company.

    Parameters
    ----------
    tables : the typed tables.
    project : its definition, snapshots and seed.
    policy : for the costs.
    ends_at : a midnight of the project's time zone; nothing that happened or was known at or after
        it is used, and no outcome window may end later.
    limits : what is asked of a definition.
    progress : called with what is being done.

    Raises
    ------
    NotReady
        If the log is too short for any definition, or holds no purchases.
    """
    say = progress or (lambda step: None)
    say("purchase days")
    log = read_purchase_days(tables, ends_at=ends_at)
    grid = plan_grid(log, project, follow_up_days=limits.follow_up_days)
    limits = replace(limits, follow_up_days=grid.follow_up_days)
    present = project.definition
    definitions = [
        replace(present, horizon_days=horizon, gap_days=gap)
        for horizon in grid.horizons
        for gap in grid.gaps
    ]
    say(f"labels of {len(definitions)} definitions at {len(grid.as_of_days)} instants")
    labels = measure_labels(
        log,
        definitions,
        present=present,
        as_of_days=grid.as_of_days,
        follow_up_days=grid.follow_up_days,
    )
    features = quick_features(tables)
    names = [feature.name for feature in features]
    with threadpool_limits(1, user_api="blas"):  # sums of one order: equal figures on any machine
        snapshots = _snapshots(tables, project, features, log, definitions, say)
        tested: dict[ChurnDefinition, Tested] = {}
        failed: dict[ChurnDefinition, str] = {}
        for definition in definitions:
            say(f"model of {definition.horizon_days} days, gap {definition.gap_days}")
            try:
                tested[definition] = try_definition(
                    snapshots, log, definition, names=names, seed=project.training.seed
                )
            except NotReady as err:
                failed[definition] = str(err)
    cost_model = _cost_model(policy, tested, present, names, project.project.currency)
    studied = tuple(
        Studied(
            labels=measured,
            quality=tested[definition].quality if definition in tested else None,
            no_quality=failed.get(definition, ""),
            cost=_cost(cost_model, tested.get(definition), measured, names),
        )
        for definition, measured in zip(definitions, labels, strict=True)
    )
    advice = recommend(studied, present=present, limits=limits, left_out=grid.left_out)
    return Study(
        project_name=project.project.name,
        currency=project.project.currency,
        log_starts_on=date_of(log.starts_on),
        log_ends_on=date_of(log.ends_on - 1),
        customers=len(log.customer_ids),
        purchase_days=len(log.day),
        present=present,
        limits=limits,
        grid=grid,
        returns=return_curve(spells_of(log)),
        studied=studied,
        populations=_populations(log, grid, advice.definition or present),
        cost_model=cost_model,
        recommendation=advice,
    )


def quick_features(tables: Tables) -> list[Feature]:
    """Return the features of the quick models: those that tables can feed, whatever the horizon.

    Expected purchases look as far ahead as the project's horizon, which would favour the present
    definition over the others.

    Parameters
    ----------
    tables : the typed tables.
    """
    present = features_present(tables.columns)
    return [feature for feature in present if feature.contract.family != "buy_till_you_die"]


def _cost(
    model: CostModel | None, tested: Tested | None, labels: LabelMeasures, names: Sequence[str]
) -> RoundCost | None:
    share = labels.false_goodbye_share
    if model is None or tested is None or share is None:
        return None
    return cost_of_round(model, tested, names=names, false_goodbye_share=share)


def _snapshots(
    tables: Tables,
    project: Project,
    features: Sequence[Feature],
    log: PurchaseDays,
    definitions: Sequence[ChurnDefinition],
    say: Callable[[str], None],
) -> list[Snapshot]:
    """Take the features at past instants once, for all definitions; their outcomes stay unasked."""
    settings, zone = project.snapshots, project.project.time_zone
    outcome_days = [each.gap_days + each.horizon_days for each in definitions]
    longest = project.churn.gap_days + max(each.horizon_days for each in definitions)
    span = min(
        log.observed_days - settings.min_history_days, 3 * max(outcome_days) + settings.every_days
    )
    step = max(settings.every_days, -(-span // MOST_SNAPSHOTS))
    # The longest horizon may fit only just: it is tested on a snapshot of the grid, and learns from
    # one that lies exactly its outcome before that.
    first = min(outcome_days) + (longest - min(outcome_days)) % step
    days_ago = {*range(first, span + 1, step), longest, 2 * longest}
    instants = [shift_days(log.ends_at, -days, time_zone=zone) for days in days_ago]
    living = int(
        log.alive(
            log.ends_on - min(outcome_days), active_within_days=project.churn.active_within_days
        ).sum()
    )
    share = min(1.0, MOST_ROWS / max(1, living * len(instants)))
    say("sort the rows")
    builder = snapshot_builder(tables, project, features)
    taken = []
    for as_of in sorted(instants):
        say(f"features as of {day_in_words(as_of, time_zone=zone)}")
        taken.append(
            take_snapshot(
                tables,
                project,
                features,
                as_of=as_of,
                now=as_of,  # outcomes are not asked for: each definition has its own
                share=share,
                builder=builder,
            )
        )
    return [snapshot for snapshot in taken if len(snapshot.rows)]


def _cost_model(
    policy: Policy,
    tested: dict[ChurnDefinition, Tested],
    present: ChurnDefinition,
    names: Sequence[str],
    currency: str,
) -> CostModel | None:
    if not tested:
        return None
    basis = tested.get(present) or next(iter(tested.values()))
    return choose_cost_model(policy, basis, names=names, currency=currency)


def _populations(
    log: PurchaseDays, grid: Grid, definition: ChurnDefinition
) -> tuple[LabelMeasures, ...]:
    """Measure one horizon and gap with every ``active_within``, where all have their history."""
    definitions = [replace(definition, active_within_days=days) for days in grid.active_within]
    furthest = log.starts_on + max(grid.active_within)
    outcome_days = definition.gap_days + definition.horizon_days
    days = [
        day for day in grid.as_of_days if day >= furthest and day + outcome_days <= log.ends_on
    ] or [grid.as_of_days[-1]]
    if days[0] + outcome_days > log.ends_on:
        return ()
    return measure_labels(
        log,
        definitions,
        present=definition,
        as_of_days=days,
        follow_up_days=grid.follow_up_days,
    )
