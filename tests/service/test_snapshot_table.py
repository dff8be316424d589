"""A model of a snapshot table over HTTP: what it did not learn is warned of, never refused."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ebbtide.bundle.contents import Golden, Reference
from ebbtide.bundle.read import read_bundle
from ebbtide.bundle.write import write_bundle
from ebbtide.contracts.learned import UNSEEN
from ebbtide.contracts.snapshot_table import ColumnContract, features_version
from ebbtide.definition import ChurnDefinition
from ebbtide.errors import BundleError
from ebbtide.scorer.calibrator import PlattCalibrator
from ebbtide.scorer.categories import CategoryScale
from ebbtide.scorer.linear import LinearModel
from ebbtide.scorer.ranks import RankScale
from ebbtide.scorer.scorer import RankedScorer
from service.app import create_app
from service.scoring.shapes import AnswerShape
from training.explanation.drivers import drivers

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
# One column has the name of a feature by which a model of events tells the dead: it must not here.
COLUMNS = (
    ColumnContract(name="plan", kind="category", categories={"basic": 60, "gold": 30, "trial": 10}),
    ColumnContract(name="paperless", kind="flag", categories={"No": 60, "Yes": 40}),
    ColumnContract(name="fee/month", kind="number", low=10.0, high=90.0, unit="EUR"),
    ColumnContract(name="recency_days", kind="number", low=0.0, high=60.0, null_share=0.1),
)
FEATURES = {"plan": "trial", "paperless": True, "fee/month": 20, "recency_days": 5}


def scorer() -> RankedScorer:
    return RankedScorer(
        features=tuple(column.feature for column in COLUMNS),
        scales=(
            CategoryScale(count=3),
            CategoryScale(count=2),
            RankScale.of(np.array([10.0, 50.0, 90.0])),
            RankScale.of(np.array([0.0, 30.0, 60.0])),
        ),
        typical=np.array([0.0, 0.0, 50.0, 30.0]),
        model=LinearModel(
            intercept=-1.0,
            weights=np.array([0.0, 0.0, 1.0, -2.0]),
            missing_weights=np.array([0.0, 0.0, 0.0, 0.5]),
            centers=np.array([0.0, 0.0, 0.5, 0.5]),
            missing_centers=np.array([0.0, 0.0, 0.0, 0.1]),
            categories={
                0: np.array([-0.2, -1.0, 2.0, 0.0, 0.0]),
                1: np.array([-0.1, 0.15, 0.0, 0.0]),
            },
        ),
        calibrator=PlattCalibrator(slope=1.0, intercept=0.0),
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A bundle of columns of a snapshot table, written and not signed."""
    folder = tmp_path_factory.mktemp("flat") / "bundle"
    model = scorer()
    rows = np.array([[0.0, 1.0, 20.0, np.nan], [UNSEEN, 0.0, 95.0, 3.0]])
    write_bundle(
        folder,
        kind="logistic",
        model_files={"linear.json": json.dumps(model.model.to_json())},
        scorer=model,
        definition=ChurnDefinition(horizon_days=30, gap_days=0, active_within_days=365).by_label(
            "left = Yes"
        ),
        lookback_days=0,
        catalogue_version=features_version(model.features),
        columns={"snapshot_table": {"customer_id", *FEATURES}},
        reference=Reference.of(
            np.repeat(rows, 50, axis=0),
            p_churn=np.linspace(0.0, 1.0, 100),
            scales=model.scales,
            as_of="undated",
        ),
        golden=Golden(rows=rows, p_churn=model.p_churn(rows)),
        card="# Card\n",
        drivers=drivers(model, rows),
        metrics={
            "auc": 0.8,
            "calibration_error": 0.02,
            "calibration_checked_on": "other customers of the same period",
        },
        lineage={},
        key=None,
    )
    return folder


@pytest.fixture(scope="module")
def flat(folder):
    return read_bundle(folder, key=None)


@pytest.fixture
def flat_client(request, flat, store):
    app = create_app(request.getfixturevalue("settings"), model=flat, store=store, now=lambda: NOW)
    with TestClient(app) as made:
        yield made


def score(client, status=200, language="en", **features):
    sent = {"customer_id": "c-1", "value": 500, "features": {**FEATURES, **features}}
    response = client.post("/v1/score", json=sent, headers={"Accept-Language": language})
    assert response.status_code == status, response.text
    return response.json()


def warned(answer):
    codes = [(each["code"], each["subject"]) for each in answer["warnings"]]
    assert codes[0] == ("calibration_unchecked", "")
    return codes[1:]


def test_columns_are_sent_by_name_and_come_back_as_reasons(flat_client):
    answer = score(flat_client)
    AnswerShape.model_validate(answer)
    assert warned(answer) == []
    assert answer["definition"].startswith("label-30d-")
    assert answer["reason_1"] == "plan is trial (typical: basic)"
    assert (answer["reasons"][0]["value"], answer["reasons"][0]["typical"]) == ("trial", "basic")
    assert answer["reason_2"] == "recency_days is 5 (typical: 30)"
    assert answer["reason_3"] == "paperless is Yes (typical: No)"


def test_chinese_reasons_and_warnings(flat_client):
    answer = score(flat_client, language="zh", plan="platinum", recency_days=1)
    assert answer["reason_1"] == "recency_days 为 1（一般为 30）"
    assert "未被模型学习" in answer["warnings"][1]["text"]


TOLERATED = [
    ({"plan": "platinum"}, [("unseen_category", "plan")], "new-category"),
    ({"plan": 7}, [("unseen_category", "plan")], "number-for-category"),
    ({"plan": True}, [("unseen_category", "plan")], "truth-for-category"),
    ({"paperless": "perhaps"}, [("unseen_category", "paperless")], "new-word-for-flag"),
    ({"plan": None}, [("unlearned_null", "plan")], "null-that-was-never-learned"),
    ({"plan": "  "}, [("unlearned_null", "plan")], "blank"),
    ({"recency_days": None}, [], "null-that-was-learned"),
    ({"recency_days": 400}, [("unlearned_range", "recency_days")], "above"),
    ({"fee/month": -3}, [("unlearned_range", "fee/month")], "below"),
    ({"paperless": "no"}, [], "no-in-small-letters"),
    ({"paperless": 1}, [], "one-for-yes"),
]


@pytest.mark.parametrize(
    ("features", "codes"), [case[:2] for case in TOLERATED], ids=[case[2] for case in TOLERATED]
)
def test_what_was_not_learned_is_scored_with_a_warning(flat_client, features, codes):
    answer = score(flat_client, **features)
    assert answer["status"] == "scored"
    assert warned(answer) == codes
    sent = [str(value) for value in features.values() if isinstance(value, str) and value.strip()]
    texts = " ".join(each["text"] for each in answer["warnings"])
    assert [word for word in sent if word in texts.split()] in ([], ["no"])


def test_an_unseen_category_counts_as_the_average_one(flat_client):
    plain = score(flat_client, plan="platinum")["churn_probability"]
    assert score(flat_client, plan=None)["churn_probability"] == plain
    assert score(flat_client, plan="gold")["churn_probability"] < plain
    assert score(flat_client, plan="trial")["churn_probability"] > plain


def test_beyond_the_range_counts_as_its_end(flat_client):
    assert (
        score(flat_client, recency_days=400)["churn_probability"]
        == score(flat_client, recency_days=60)["churn_probability"]
    )


def test_a_column_that_is_not_sent_is_warned_of_as_such(flat_client):
    sent = {"customer_id": "c-1", "features": {"recency_days": 5}}
    answer = flat_client.post("/v1/score", json=sent).json()
    assert warned(answer) == [
        ("missing_feature", "plan"),
        ("missing_feature", "paperless"),
        ("missing_feature", "fee/month"),
    ]
    assert "plan is not known" in answer["warnings"][1]["text"]


@pytest.mark.parametrize("features", [{}, dict.fromkeys(FEATURES)], ids=["not sent", "null"])
def test_of_whom_nothing_is_known_there_is_no_score(flat_client, features):
    sent = {"customer_id": "c-1", "features": features}
    answer = flat_client.post("/v1/score", json=sent).json()
    assert (answer["status"], answer["abstain_code"]) == ("abstained", "too_little_history")
    AnswerShape.model_validate(answer)


def test_most_of_a_score_must_come_of_what_was_learned(flat_client):
    """Typical otherwise, so that the one value beyond the range makes nearly all of the score."""
    typical = {"plan": "basic", "paperless": False, "fee/month": 50}
    near = score(flat_client, **typical, recency_days=60)
    far = score(flat_client, **typical, recency_days=400)
    assert (near["status"], far["status"]) == ("scored", "abstained")
    assert far["abstain_code"] == "out_of_range"
    assert warned(far) == [("unlearned_range", "recency_days")]
    assert far["churn_probability"] is None
    AnswerShape.model_validate(far)


def test_nan_is_no_json_and_says_to_write_null(flat_client):
    body = '{"customer_id": "c-1", "features": {"recency_days": NaN}}'
    response = flat_client.post(
        "/v1/score", content=body, headers={"Content-Type": "application/json"}
    )
    assert response.status_code == 400
    assert "write null" in response.json()["detail"]


@pytest.mark.parametrize(
    ("features", "pointer", "got"),
    [
        ({"recency_days": "5"}, "/features/recency_days", "string"),
        ({"fee/month": "x"}, "/features/fee~1month", "string"),
        ({"plan": ["trial"]}, "/features/plan", "array"),
        ({"plan": {"a": 1}}, "/features/plan", "object"),
    ],
)
def test_what_can_be_no_value_at_all_is_refused(flat_client, features, pointer, got):
    [error] = score(flat_client, status=422, **features)["errors"]
    assert (error["pointer"], error["got_kind"]) == (pointer, got)


def test_an_unknown_name_is_hinted_at(flat_client):
    [error] = score(flat_client, status=422, recency_day=5)["errors"]
    assert "did you mean 'recency_days'?" in error["fix"]


def test_events_say_nothing_to_such_a_model(flat_client):
    sent = {"customer_id": "c-1", "events": {"transactions": []}}
    response = flat_client.post("/v1/score", json=sent)
    assert response.status_code == 409
    assert "snapshot table" in response.json()["detail"]


def test_a_published_row_is_answered_by_id(flat, flat_client, store):
    frame = pd.DataFrame(
        {
            "customer_id": ["c-7"],
            "as_of": pd.to_datetime(["2026-03-01"], utc=True),
            "plan": [UNSEEN],
            "paperless": [1.0],
            "fee/month": [20.0],
            "recency_days": [np.nan],
        }
    )
    store.publish_snapshots(frame, basis=flat.basis)
    answer = flat_client.post("/v1/score", json={"customer_id": "c-7"}).json()
    assert answer["as_of"] == "2026-03-01T00:00:00Z"
    assert warned(answer) == [("unseen_category", "plan")]


def test_a_row_of_other_categories_is_not_taken_for_this_models(flat, flat_client, store):
    frame = pd.DataFrame(
        {"customer_id": ["c-8"], "as_of": pd.to_datetime(["2026-03-01"], utc=True), "plan": [0.0]}
    )
    store.publish_snapshots(frame, basis=replace(flat.basis, catalogue_version="other"))
    response = flat_client.post("/v1/score", json={"customer_id": "c-8"})
    assert response.status_code == 409


def test_the_schema_lists_categories(flat_client):
    listed = flat_client.get("/v1/schema").json()["features"]
    plan, _, fee, _ = listed
    assert (plan["categories"], plan["typical"]) == (["basic", "gold", "trial"], "basic")
    assert (fee["categories"], fee["unit"], fee["typical"]) == ([], "EUR", 50.0)
    assert all(feature["is_nullable"] for feature in listed)


def test_the_model_says_how_far_it_looks(flat_client):
    said = flat_client.get("/v1/model").json()
    assert said["definition_text"].startswith("left = Yes")
    assert (said["lookback_days"], said["reference_as_of"]) == (0, "undated")


@pytest.mark.parametrize(
    ("change", "file"),
    [
        (lambda read: read[0]["scale"].update(count=2), "features.json"),
        (lambda read: read[0]["scale"].update(count=3.0), "features.json"),
        (lambda read: read[2].update(scale={"count": 1}), "features.json"),
        (lambda read: read[0].update(scale={"values": [1], "ranks": [1]}), "features.json"),
        (lambda read: read["categories"]["0"].append(0.5), "linear.json"),
        (lambda read: read["categories"].update({"9": [0.0]}), "linear.json"),
        (lambda read: read.pop("categories"), "linear.json"),
    ],
)
def test_parts_of_a_bundle_that_do_not_fit_are_refused(folder, tmp_path, change, file):
    copy = tmp_path / "bundle"
    shutil.copytree(folder, copy)
    read = json.loads((copy / file).read_text(encoding="utf-8"))
    change(read)
    (copy / file).write_text(json.dumps(read), encoding="utf-8")
    manifest = json.loads((copy / "manifest.json").read_text(encoding="utf-8"))
    manifest["files"][file] = hashlib.sha256((copy / file).read_bytes()).hexdigest()
    (copy / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(BundleError):
        read_bundle(copy, key=None)


anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=5),
    st.sampled_from(["trial", "Yes", "\ud800", "\0", []]),
)


@pytest.mark.property
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.dictionaries(st.sampled_from(sorted(FEATURES)), anything))
def test_whatever_is_sent_is_scored_or_refused(flat_client, features):
    body = json.dumps({"customer_id": "c-1", "features": features})
    response = flat_client.post(
        "/v1/score", content=body, headers={"Content-Type": "application/json"}
    )
    assert response.status_code in (200, 400, 422), response.text
