"""What is told of drift: over HTTP, to webhooks and to Prometheus."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from fastapi.testclient import TestClient

from ebbtide.store.prediction_window import log_parts
from ebbtide.store.schema.webhooks import WEBHOOK_MESSAGES
from ebbtide.store.webhooks import Webhook, add_webhook
from service.app import create_app
from service.monitoring import monitor as monitoring
from service.monitoring.monitor import Monitor
from service.monitoring.watch import DriftWatch, _by_verdict
from service.problems import ProblemError
from small_model import NAMES, NOW, reference_rows

COUNT = 400


def rows_of(values, *, prefix="c"):
    """Return rows of a request with the feature values of customers."""
    return [
        {
            "customer_id": f"{prefix}-{place}",
            "features": {
                name: None if np.isnan(value) else value
                for name, value in zip(NAMES, row, strict=True)
            },
        }
        for place, row in enumerate(values.tolist())
    ]


def send(client, rows):
    for first in range(0, len(rows), 200):
        response = client.post("/v1/scores", json={"rows": rows[first : first + 200]})
        assert {each["status"] for each in response.json()["results"]} == {"scored"}


@pytest.fixture
def usual(client):
    """Score customers who are spread as the reference."""
    send(client, rows_of(reference_rows(COUNT)))
    return client


def shifted_rows():
    values = reference_rows(COUNT)
    values[:, 1] = values[:, 1] / 4  # spend
    return rows_of(values, prefix="late")


def by_name(report):
    return {each["name"]: each for each in report["features"]}


def test_customers_like_those_of_training_are_stable(usual):
    report = usual.get("/v1/monitoring").json()
    assert (report["answers"], report["customers"], report["scored_customers"]) == (400, 400, 400)
    verdicts = {name: each["verdict"] for name, each in by_name(report).items()}
    assert verdicts.pop("complaint_open_days") == "too_few"  # nobody has one, then or now
    assert set(verdicts.values()) == {"stable"}
    assert {each["missing_verdict"] for each in report["features"]} == {"stable"}
    assert report["statuses"] == [{"code": "scored", "count": 400, "share": 1.0}]
    assert report["is_cut"] is False


def test_a_feature_that_shifts_is_named_first_with_how_far(usual):
    send(usual, shifted_rows())
    report = usual.get("/v1/monitoring").json()
    first, second = report["features"][:2]
    assert (first["name"], first["verdict"]) == ("spend_365d", "strongly_shifted")
    assert first["psi"] > first["psi_strong_threshold"]
    assert first["beyond"] > 1 > second["beyond"]
    assert second["verdict"] == "stable"


def test_what_goes_missing_is_told_apart(client):
    values = reference_rows(COUNT)
    rows = rows_of(values)
    for row in rows[:100]:
        row["features"]["discount_share_365d"] = None
    send(client, rows)
    found = by_name(client.get("/v1/monitoring").json())["discount_share_365d"]
    assert (found["verdict"], found["missing_verdict"]) == ("stable", "strongly_shifted")
    assert (found["missing_share"], found["reference_missing_share"]) == (0.25, 0.0)


def test_a_customer_who_is_scored_often_counts_once_and_as_said_last(client):
    send(client, rows_of(reference_rows(COUNT)))
    rows = rows_of(reference_rows(2))[1:] * 1
    for _ in range(300):
        client.post("/v1/score", json=rows[0])
    report = client.get("/v1/monitoring").json()
    assert (report["answers"], report["customers"]) == (700, 400)
    assert by_name(report)["spend_365d"]["verdict"] == "stable"


def test_few_customers_are_not_judged(client):
    send(client, rows_of(reference_rows(50)))
    report = client.get("/v1/monitoring").json()
    assert {each["verdict"] for each in report["features"]} == {"too_few"}
    assert report["score"]["psi"] is None


def test_an_empty_window_is_told_as_such(client):
    report = client.get("/v1/monitoring").json()
    assert (report["answers"], report["customers"], report["statuses"]) == (0, 0, [])
    assert report["score_bins"][0]["share"] is None
    assert sum(each["reference_share"] for each in report["score_bins"]) == pytest.approx(1.0)


def test_score_bins_cover_zero_to_one_without_a_hole(usual):
    bins = usual.get("/v1/monitoring").json()["score_bins"]
    assert (bins[0]["above"], bins[-1]["up_to"]) == (0.0, 1.0)
    assert [each["up_to"] for each in bins[:-1]] == [each["above"] for each in bins[1:]]
    assert sum(each["share"] for each in bins) == pytest.approx(1.0, abs=1e-4)


def test_abstentions_and_warnings_are_counted_by_customer(client):
    client.post("/v1/score", json={"customer_id": "c", "events": {}})
    report = client.get("/v1/monitoring").json()
    assert report["statuses"] == [{"code": "abstained", "count": 1, "share": 1.0}]
    assert [each["count"] for each in report["abstentions"]] == [1]
    assert report["scored_customers"] == 0


def test_notes_say_whom_the_log_holds_in_the_language_asked_for(client):
    response = client.get("/v1/monitoring", headers={"Accept-Language": "zh"})
    assert response.headers["content-language"] == "zh"
    notes = {each["code"]: each["text"] for each in response.json()["notes"]}
    assert list(notes) == ["selection", "no_outcomes", "one_model"]
    assert "日志" in notes["selection"]


@pytest.mark.parametrize("days", ["0", "91", "x", "1.5"])
def test_a_window_that_is_none_is_refused(client, days):
    response = client.get("/v1/monitoring", params={"days": days})
    assert response.status_code == 422
    assert response.json()["type"] == "urn:ebbtide:problem:invalid-request"


def test_what_was_said_before_the_window_is_not_in_it(settings, bundle, store):
    earlier = create_app(settings, model=bundle, store=store, now=lambda: NOW - timedelta(days=8))
    send(TestClient(earlier), rows_of(reference_rows(10)))
    client = TestClient(create_app(settings, model=bundle, store=store, now=lambda: NOW))
    customers = [
        client.get("/v1/monitoring", params={"days": days}).json()["customers"] for days in (7, 9)
    ]
    assert customers == [0, 10]


def test_a_report_is_kept_for_a_minute(usual, app, bundle):
    clock = [0.0]
    monitor = Monitor(app.state.desk.store.database, now=lambda: NOW, clock=lambda: clock[0])
    first = monitor.measured(bundle, days=7)
    clock[0] = 59.0
    assert monitor.measured(bundle, days=7) is first
    clock[0] = 61.0
    assert monitor.measured(bundle, days=7) is not first


def test_one_measurement_runs_at_a_time_and_others_get_the_older_or_503(usual, app, bundle):
    clock = [0.0]
    monitor = Monitor(app.state.desk.store.database, now=lambda: NOW, clock=lambda: clock[0])
    old = monitor.measured(bundle, days=7)
    clock[0] = 100.0
    with monitor._measuring:
        assert monitor.measured(bundle, days=7) is old
        with pytest.raises(ProblemError) as caught:
            monitor.measured(bundle, days=30)
    assert caught.value.problem.status == 503


def test_who_has_to_wait_hurries_a_measurement_that_nobody_waited_for(
    usual, app, bundle, monkeypatch
):
    """Each of four parts seems to take a second: it would rest for 1000 s after the first."""
    seconds = iter(range(10**6))
    resting = threading.Event()
    monkeypatch.setattr("ebbtide.store.prediction_window.AT_ONCE", 100)
    monkeypatch.setattr(
        monitoring.time, "thread_time", lambda: resting.set() or float(next(seconds))
    )
    monitor = Monitor(app.state.desk.store.database, now=lambda: NOW)
    unasked = threading.Thread(
        target=lambda: monitor.measured(bundle, days=7, core_share=0.001), daemon=True
    )
    unasked.start()
    assert resting.wait(5.0)
    with pytest.raises(ProblemError):
        monitor.measured(bundle, days=30, core_share=0.999)
    unasked.join(5.0)
    assert not unasked.is_alive()
    assert monitor.newest is not None


def test_the_log_is_read_in_parts_without_a_hole_or_a_repeat(usual, app, bundle, monkeypatch):
    monkeypatch.setattr("ebbtide.store.prediction_window.AT_ONCE", 37)
    monitor = Monitor(app.state.desk.store.database, now=lambda: NOW)
    report = monitor.measured(bundle, days=7).report
    assert (report.answers, report.customers, report.scored) == (400, 400, 400)


def test_answers_of_another_model_are_passed_by_in_parts(usual, app, bundle, monkeypatch):
    monkeypatch.setattr("ebbtide.store.prediction_window.AT_ONCE", 50)
    database = app.state.desk.store.database
    window = {"since": NOW - timedelta(days=1), "until": NOW}
    parts = log_parts(
        database, app.state.desk.monitor._feature_sets, model_version="other", **window
    )
    assert [len(part.customer_ids) for part in parts] == [0] * 8
    other = Monitor(database, now=lambda: NOW).measured(replace(bundle, version="other"), days=7)
    assert (other.report.answers, other.report.score.verdict) == (0, "too_few")


def test_no_more_is_looked_at_than_is_said(usual, app, bundle, monkeypatch):
    monkeypatch.setattr("ebbtide.store.prediction_window.AT_ONCE", 50)
    monkeypatch.setattr("ebbtide.drift.window.MAX_CUSTOMERS", 100)
    report = Monitor(app.state.desk.store.database, now=lambda: NOW).measured(bundle, days=7).report
    assert (report.customers, report.is_cut) == (100, True)


def test_another_order_of_the_same_features_is_understood(store, bundle, app, usual):
    parts = list(
        log_parts(
            store.database,
            app.state.desk.monitor._feature_sets,
            model_version=bundle.version,
            since=NOW - timedelta(days=1),
            until=NOW,
        )
    )
    ((names, (places, values)),) = parts[0].values.items()
    assert names == NAMES
    assert (len(places), values.shape) == (400, (400, len(NAMES)))


@pytest.fixture
def told(store):
    """What webhooks are told, newest last."""
    hook = Webhook(
        webhook_id="w",
        url="https://crm.example/hook",
        kinds=("alarm.raised", "alarm.cleared"),
        description="",
        secret="s",
        old_secret=None,
        old_secret_until=None,
        is_enabled=True,
        disabled_because=None,
        failing_since=None,
        created_at=NOW,
    )
    store.database.write(lambda connection: add_webhook(connection, hook))

    def read():
        with store.database.read() as connection:
            bodies = connection.scalars(
                WEBHOOK_MESSAGES.select().with_only_columns(WEBHOOK_MESSAGES.c.body)
            )
            data = [json.loads(body)["data"] for body in bodies]
        return [each for each in data if each["alarm"] == "drift"]

    return read


def test_a_strong_shift_is_told_once_until_it_is_stable_again(
    settings, bundle, store, told, monkeypatch
):
    moments = (NOW + timedelta(seconds=second) for second in range(1_000))
    app = create_app(settings, model=bundle, store=store, now=lambda: next(moments))
    desk, client = app.state.desk, TestClient(app)
    watch = DriftWatch(desk)
    monkeypatch.setattr(monitoring, "FRESH_SECONDS", 0.0)
    send(client, shifted_rows())
    watch.look()
    watch.look()
    DriftWatch(desk).look()
    (raised,) = told()
    assert raised["state"] == "strongly_shifted"
    assert "spend_365d" in raised["features"]
    values = reference_rows(COUNT)
    send(client, rows_of(values, prefix="late"))  # the same customers, as they were
    watch.look()
    watch.look()
    assert [each["state"] for each in told()] == ["strongly_shifted", "stable"]
    assert "spend_365d" in told()[1]["features"]


def test_alarms_of_a_model_that_no_process_serves_any_more_are_cleared(
    settings, bundle, store, told, monkeypatch
):
    moments = [NOW]
    app = create_app(settings, model=bundle, store=store, now=lambda: moments[0])
    desk, client = app.state.desk, TestClient(app)
    monkeypatch.setattr(monitoring, "FRESH_SECONDS", 0.0)
    send(client, shifted_rows())
    DriftWatch(desk).look()
    other = create_app(
        settings,
        model=replace(bundle, version="other"),
        store=store,
        now=lambda: moments[0],
    )
    follower = DriftWatch(other.state.desk)
    moments[0] += timedelta(minutes=50)
    DriftWatch(desk).look()  # a process that still serves it sees it still
    moments[0] += timedelta(minutes=50)
    follower.look()
    assert [each["state"] for each in told()] == ["strongly_shifted"]
    moments[0] += timedelta(minutes=11)
    follower.look()
    follower.look()
    raised, over = told()
    assert (over["state"], over["model_version"]) == ("not_served", bundle.version)
    assert over["features"] == raised["features"]


def test_a_feature_called_score_has_an_alarm_of_its_own(usual, app, bundle):
    report = app.state.desk.monitor.measured(bundle, days=7).report
    feature = replace(report.features[0], name="score", verdict="strongly_shifted")
    score = replace(report.score, verdict="stable")
    raised, stable = _by_verdict(
        replace(report, score=score, features=(feature, *report.features[1:]))
    )
    assert raised == {"feature score"}
    assert "score" in stable


def test_gauges_show_the_newest_measurement_and_nothing_before(usual, app):
    assert "ebbtide_feature_drift_psi" not in usual.get("/metrics").text
    DriftWatch(app.state.desk).look()
    text = usual.get("/metrics").text
    of_spend = re.findall(r'^(\w+)\{feature="spend_365d"\} (\S+)$', text, re.MULTILINE)
    gauges = {name.removeprefix("ebbtide_feature_drift_"): float(value) for name, value in of_spend}
    assert set(gauges) == {
        *("psi", "psi_threshold", "ks", "ks_threshold", "missing", "missing_threshold")
    }
    assert gauges["psi"] < 0.01 < 0.1 <= gauges["psi_threshold"]
    assert 'ebbtide_drifting_features{verdict="stable"} 7.0' in text
    assert "ebbtide_drift_window_customers 400.0" in text


def test_how_often_drift_is_to_be_measured_is_told_before_the_first_time(client):
    text = client.get("/metrics").text
    assert "ebbtide_drift_interval_seconds 900.0" in text
    assert "ebbtide_drift_computed_timestamp_seconds" not in text
    assert "ebbtide_champion_refused 0.0" in text
    assert "ebbtide_requests_limit 64.0" in text


def test_the_watch_ends_at_once_while_it_measures(usual, app, bundle, monkeypatch):
    watch = DriftWatch(app.state.desk)
    began = threading.Event()
    monkeypatch.setattr("ebbtide.store.prediction_window.AT_ONCE", 1)
    monkeypatch.setattr(monitoring.time, "thread_time", lambda: began.set() or float(next(seconds)))
    seconds = iter(range(10**6))  # each part seems to have taken a second, and so rests one
    watch._pause_seconds = 0.01
    watch.start()
    assert began.wait(5.0)
    watch.stop()
    assert app.state.desk.monitor.newest is None


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_names_and_units_of_metrics_are_as_prometheus_wants_them(usual, app):
    DriftWatch(app.state.desk).look()
    text = usual.get("/metrics").text
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_the_lag_of_the_log_is_told_of_every_commit(client):
    row = rows_of(reference_rows(1))[0]
    client.post("/v1/score", json=row)
    client.post("/v1/score", json=row, headers={"Idempotency-Key": "once"})
    text = client.get("/metrics").text
    assert "ebbtide_log_lag_seconds_count 2.0" in text
    assert "ebbtide_log_group_predictions_count 2.0" in text


def test_the_instant_of_the_reference_is_written_as_every_other(settings, bundle, store):
    reference = replace(bundle.reference, as_of="2026-02-01T00:00:00+00:00")
    model = replace(bundle, reference=reference)
    app = create_app(settings, model=model, store=store, now=lambda: NOW)
    with TestClient(app) as client:
        told = [client.get(path).json() for path in ("/v1/monitoring", "/v1/model")]
    assert [each["reference_as_of"] for each in told] == ["2026-02-01T00:00:00Z"] * 2
    assert told[0]["until"].endswith("Z")
