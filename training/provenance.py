"""What a bundle says of the data behind its model, whatever kind of data they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from features.catalogue.catalogue import catalogue_version, features_named
from features.live import tables_read
from training.card import model_card
from training.horizons.fit import HorizonFit, fit_horizons
from training.lineage import lineage_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Set

    from ebbtide.project import Project
    from features.tables import Tables
    from training.candidates import Candidate
    from training.judgement import Judgement
    from training.train import Trained


NOT_LEARNED = HorizonFit(model=None)
"""Where nothing is known of when customers leave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What the data behind a model are.

    Parameters
    ----------
    as_of : ISO instant of the newest snapshot, or ``undated``.
    lineage : where the model comes from.
    columns : the columns of each table that the features read.
    catalogue_version : hash of what the features mean.
    lookback_days : how far before ``as_of`` they look; 0 where the company computed them.
    card : writes the card of a candidate, given what it is worth if it was judged.
    expectations : parameters of the buying model of the newest snapshot; None if there is none.
    horizons : what was learned of when customers leave.
    """

    as_of: str
    lineage: dict[str, Any]
    columns: Mapping[str, Set[str]]
    catalogue_version: str
    lookback_days: int
    card: Callable[[Candidate, Judgement | None], str]
    expectations: Mapping[str, object] | None = None
    horizons: HorizonFit = NOT_LEARNED


def provenance_of_tables(
    tables: Tables,
    project: Project,
    trained: Trained,
    *,
    progress: Callable[[str], None] | None = None,
) -> Provenance:
    """Look at the tables once more: their hash, and when customers leave.

    Parameters
    ----------
    tables : the typed tables that were trained on.
    project : which days, and the seed.
    trained : the training.
    progress : called with what is being done.
    """
    lineage = lineage_of(tables, trained.snapshots, trained.newest, seed=project.training.seed)
    horizons = fit_horizons(
        tables,
        trained.snapshots,
        definition=project.definition,
        days=project.training.risk_days,
        now=trained.newest.as_of,
        progress=progress,
    )
    return provenance_of_events(
        project, trained, lineage=lineage, columns=tables.columns, horizons=horizons
    )


def provenance_of_events(
    project: Project,
    trained: Trained,
    *,
    lineage: dict[str, Any],
    columns: Mapping[str, Set[str]],
    horizons: HorizonFit = NOT_LEARNED,
) -> Provenance:
    """Return what features computed from events say.

    Parameters
    ----------
    project : how far back they look.
    trained : the training.
    lineage : where the model comes from.
    columns : the columns of each table that is there.
    horizons : what was learned of when customers leave.
    """
    features = features_named([feature.name for feature in trained.features])
    tables = tables_read(features, definition=project.definition)
    expectations = trained.newest.expectations
    return Provenance(
        as_of=trained.newest.as_of.isoformat(),
        lineage=lineage,
        columns={table: columns[table] for table in tables},
        catalogue_version=catalogue_version(features, kind=project.definition.kind),
        lookback_days=project.snapshots.lookback_days,
        expectations=None if expectations is None else expectations.to_json(),
        card=lambda candidate, judgement: model_card(
            project, trained, candidate, judgement=judgement, horizons=horizons
        ),
        horizons=horizons,
    )
