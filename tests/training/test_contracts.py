"""Training on contracts: the living, their outcomes, the periods and the rules, no purchases."""

from __future__ import annotations

import numpy as np
import pytest

from ebbtide.project import load_project
from features.catalogue.catalogue import features_present
from features.sources import open_tables
from training.origins import origins
from training.rules import rule_aucs
from training.simulator.service.service import simulate_service
from training.snapshots import matured_instants, snapshot_builder, take_snapshot


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    return simulate_service(tmp_path_factory.mktemp("s") / "s", customers=3000, seed=2, days=500)


@pytest.fixture(scope="module")
def company(service):
    project = load_project(service.project_file)
    tables = open_tables(project, now=service.log_ends_at)
    yield tables, project
    tables.connection.close()


def test_snapshots_of_contracts_have_outcomes_and_purge_the_grace_days(company, service) -> None:
    tables, project = company
    features = features_present(tables.columns, kind=project.definition.kind)
    assert {feature.contract.table for feature in features} == set(project.tables)
    now = service.log_ends_at
    instants = matured_instants(project, log_start=tables.log_start(now=now), now=now)
    assert (now - instants[-1]).days == 37
    builder = snapshot_builder(tables, project, features)
    taken = [
        take_snapshot(tables, project, features, as_of=at, now=now, builder=builder)
        for at in instants[-5:]
    ]
    assert all(0.01 < one.churned.mean() < 0.1 for one in taken if one.churned is not None)
    tested_at = origins(taken, project.definition)
    assert (tested_at[0].scored.as_of - tested_at[1].scored.as_of).days == 56
    assert all(
        (origin.scored.as_of - learned.as_of).days >= 37
        for origin in tested_at
        for learned in origin.learned_from
    )
    measured = rule_aucs(taken[-1], [feature.name for feature in features])
    assert {"new_contract", "silent_account", "overdue_payment", "dummy"} <= set(measured)
    assert max(measured.values()) > 0.5
    assert not np.isnan(list(measured.values())).any()
