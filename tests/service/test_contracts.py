"""A model of contracts is asked about customers: only those with a running contract are scored."""

from __future__ import annotations

import json

import numpy as np
import pytest
from fastapi.testclient import TestClient

from ebbtide.bundle.contents import Golden, Reference
from ebbtide.bundle.read import read_bundle
from ebbtide.bundle.write import write_bundle
from ebbtide.definition import ChurnDefinition
from ebbtide.scorer.calibrator import PlattCalibrator
from ebbtide.scorer.linear import LinearModel
from ebbtide.scorer.ranks import RankScale
from ebbtide.scorer.scorer import RankedScorer
from features.catalogue.catalogue import catalogue_version, features_named
from service.app import create_app
from training.explanation.drivers import drivers

NAMES = ("contracts_running", "contract_age_days", "payments_overdue")
MONTHLY = ChurnDefinition.of_contracts(horizon_days=30, gap_days=0, grace_days=7)
AS_OF = "2026-03-01T00:00:00Z"
RUNS = {"started_at": "2025-10-02T00:00:00Z", "ended_at": None}
ENDED = {"started_at": "2025-10-02T00:00:00Z", "ended_at": "2026-02-27T00:00:00Z"}
ENDS_LATER = {"started_at": "2025-10-02T00:00:00Z", "ended_at": "2026-03-31T00:00:00Z"}
BEGINS_LATER = {"started_at": "2026-03-01T00:00:00Z", "ended_at": None}
BOUGHT = {"occurred_at": "2026-02-27T00:00:00Z", "amount": 10}


@pytest.fixture(scope="module")
def contract_bundle(tmp_path_factory):
    folder = tmp_path_factory.mktemp("contracts") / "bundle"
    count = len(NAMES)
    scorer = RankedScorer(
        features=tuple(feature.contract for feature in features_named(NAMES)),
        scales=tuple(RankScale.of(np.array([0.0, 1.0, 1.0, 2.0, 300.0])) for _ in NAMES),
        typical=np.array([1.0, 200.0, 0.0]),
        model=LinearModel(
            intercept=-2.0,
            weights=np.array([-1.0, -2.0, 4.0]),
            missing_weights=np.zeros(count),
            centers=np.full(count, 0.4),
            missing_centers=np.zeros(count),
        ),
        calibrator=PlattCalibrator(slope=1.0, intercept=0.0),
    )
    rows = np.array([[1.0, 100.0, 0.0]])
    write_bundle(
        folder,
        kind="logistic",
        model_files={"linear.json": json.dumps(scorer.model.to_json())},
        scorer=scorer,
        definition=MONTHLY,
        lookback_days=365,
        catalogue_version=catalogue_version(features_named(NAMES), kind="contract_end"),
        columns={
            "subscriptions": {"customer_id", "started_at", "ended_at"},
            "payments": {"customer_id", "due_at", "paid_at"},
        },
        reference=Reference.of(
            np.repeat(rows, 1000, axis=0),
            p_churn=np.linspace(0.0, 1.0, 1000),
            scales=scorer.scales,
            as_of="2026-02-01",
        ),
        golden=Golden(rows=rows, p_churn=scorer.p_churn(rows)),
        card="# Model card\n",
        drivers=drivers(scorer, rows),
        metrics={"auc": 0.8, "calibration_error": 0.02, "calibration_checked_on": "a later period"},
        lineage={},
        key=None,
    )
    return read_bundle(folder, key=None)


@pytest.fixture
def ask(settings, contract_bundle, store):
    def score(**row):
        app = create_app(settings, model=contract_bundle, store=store)
        with TestClient(app) as client:
            answer = client.post("/v1/score", json={"customer_id": "c-1", "as_of": AS_OF, **row})
            assert answer.status_code == 200, answer.text
            return answer.json()

    return score


@pytest.mark.parametrize(
    "row",
    [
        {"events": {"subscriptions": [RUNS]}},
        {"events": {"subscriptions": [ENDS_LATER]}},
        {"events": {"subscriptions": [ENDED, RUNS]}},
        {"features": {"contracts_running": 1, "contract_age_days": 30, "payments_overdue": 0}},
    ],
    ids=["runs", "ends later", "another runs", "by count"],
)
def test_who_has_a_running_contract_is_scored_without_any_purchase(ask, row) -> None:
    answer = ask(**row)
    assert answer["status"] == "scored"
    assert answer["definition"] == MONTHLY.code
    assert answer["definition"].startswith("contract_end-30d-")


@pytest.mark.parametrize(
    "row",
    [
        {"events": {"subscriptions": [ENDED]}},
        {"features": {"contracts_running": 0, "contract_age_days": None, "payments_overdue": 0}},
    ],
    ids=["ended", "by count"],
)
def test_whose_contract_ended_has_already_churned(ask, row) -> None:
    answer = ask(**row)
    assert (answer["status"], answer["abstain_code"]) == ("abstained", "already_churned")


@pytest.mark.parametrize(
    "events",
    [{"subscriptions": []}, {"transactions": [BOUGHT]}, {"subscriptions": [BEGINS_LATER]}],
    ids=["none", "purchases only", "begins later"],
)
def test_who_never_had_a_contract_is_unknown_rather_than_lost(ask, events) -> None:
    answer = ask(events=events)
    assert (answer["status"], answer["abstain_code"]) == ("abstained", "too_little_history")


def test_an_unpaid_sum_raises_the_risk(ask) -> None:
    unpaid = {"due_at": "2026-02-20T00:00:00Z", "paid_at": None}
    paid = unpaid | {"paid_at": "2026-02-21T00:00:00Z"}
    risk = {
        name: ask(events={"subscriptions": [RUNS], "payments": [row]})["churn_probability"]
        for name, row in (("unpaid", unpaid), ("paid", paid))
    }
    assert risk["unpaid"] > risk["paid"]
