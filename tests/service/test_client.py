"""The Python client and the service understand each other."""

from __future__ import annotations

import asyncio
import inspect
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from ebbtide.client import AsyncClient, Client, InvalidRequest, JobUnfinished, NotFound, Row

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)

URL = "http://testserver"
FEATURES = {
    "recency_days": 143,
    "spend_365d": 840.5,
    "purchase_days_90d": 0,
    "complaints_90d": 2,
    "payments_overdue": float("nan"),
}
GOOD = FEATURES | {"payments_overdue": 0}


@pytest.fixture
def ebbtide(client):
    """The client, whose requests go into the app."""

    def passed_on(request):
        answer = client.request(
            request.method, str(request.url), content=request.content, headers=dict(request.headers)
        )
        return httpx.Response(
            answer.status_code, content=answer.content, headers=dict(answer.headers)
        )

    with Client(URL, transport=httpx.MockTransport(passed_on)) as made:
        yield made


def test_a_customer_is_scored(ebbtide):
    answer = ebbtide.score("c-1", features=GOOD, value=100.0, interval=True)
    assert answer.status == "scored"
    assert answer.value == 100.0
    assert answer.churn_probability_low < answer.churn_probability < answer.churn_probability_high


def test_a_customer_is_scored_without_reasons(ebbtide):
    with_reasons, without = (
        ebbtide.score("c-1", features=GOOD, reasons=asked) for asked in (True, False)
    )
    assert (bool(with_reasons.reasons), without.reasons) == (True, ())
    assert without.churn_probability == with_reasons.churn_probability


def test_rows_are_answered_each_for_itself(ebbtide):
    rows = [Row(customer_id="c-1", features=GOOD), Row(customer_id="c-2", features=FEATURES)]
    (_, answer), (row, problem) = ebbtide.score_each(rows)
    assert answer.customer_id == "c-1"
    assert row.customer_id == "c-2"
    assert problem.kind == "invalid-request"
    assert problem.errors[0].pointer == "/rows/1/features/payments_overdue"


def test_problems_are_errors(ebbtide):
    with pytest.raises(NotFound) as caught:
        ebbtide.score("nobody")
    assert caught.value.problem.kind == "unknown-customer"
    with pytest.raises(InvalidRequest):
        ebbtide.score("c-1", features=FEATURES)


def test_other_values_are_tried(ebbtide):
    found = ebbtide.what_if(GOOD, {"complaints_90d": 0})
    assert found.difference < 0
    assert found.changed[0].before == 2.0


def test_model_schema_and_actions_are_described(ebbtide, bundle):
    assert ebbtide.model().model_version == bundle.version
    assert [each.name for each in ebbtide.schema().features] == [
        each.name for each in bundle.scorer.features
    ]
    assert ebbtide.actions().actions[0].code


def test_the_asynchronous_one_understands_it_too(app):
    async def main():
        async with AsyncClient("http://localhost", transport=httpx.ASGITransport(app)) as ebbtide:
            return await asyncio.gather(
                ebbtide.score("c-1", features=GOOD), ebbtide.model(), ebbtide.schema()
            )

    answer, model, schema = asyncio.run(main())
    assert answer.model_version == model.model_version == schema.model_version


def test_what_was_said_is_looked_up(ebbtide):
    first = ebbtide.score("a/1", features=GOOD)
    second = ebbtide.score("a/1", features=GOOD | {"complaints_90d": 0})
    assert ebbtide.current_score("a/1").prediction_id == second.prediction_id
    said = list(ebbtide.history("a/1", page_size=1))
    both = {first.prediction_id, second.prediction_id}  # given at the same instant
    assert {entry.answer.prediction_id for entry in said} == both
    assert said[0].difference.reasons
    assert said[1].difference is None
    assert ebbtide.answer_at("a/1", NOW).prediction_id in both
    assert ebbtide.answer_at("a/1", NOW - timedelta(days=1)) is None


def test_scores_are_listed_page_by_page_and_later_only_what_changed(ebbtide):
    for name in ("a", "b", "c"):
        ebbtide.score(name, features=GOOD)
    pages = list(ebbtide.score_pages(page_size=2))
    assert [row["customer_id"] for page in pages for row in page.results] == ["a", "b", "c"]
    ebbtide.score("b", features=GOOD | {"complaints_90d": 0})
    (later,) = ebbtide.score_pages(cursor=pages[-1].next_cursor)
    assert [row["customer_id"] for row in later.results] == ["b"]


def test_events_and_outcomes_are_recorded_and_the_effect_is_told(ebbtide):
    answer = ebbtide.score("c-1", features=GOOD, value=500.0)
    bad = {"customer_id": "c-1"}
    kept = ebbtide.record_events(
        {"complaints": [{"customer_id": "c-1", "opened_at": NOW, "severity": 4}, bad]}
    )
    assert (kept.kept, kept.failed) == (1, 1)
    assert kept.problems[0].pointer == "/events/complaints/1/opened_at"
    done = {
        "customer_id": "c-1",
        "prediction_id": answer.prediction_id,
        "delivered_at": NOW,
        "observed_at": NOW,
    }
    told, refused = ebbtide.record_outcomes([done, done | {"customer_id": "nobody"}])
    assert told.deliveries == (1 if answer.action_code else 0)
    assert refused.kind == "unknown-prediction"
    assert ebbtide.effect("loyalty_points").verdict == "not_enough"


def test_choices_are_kept_and_a_customer_is_exported_and_erased(ebbtide):
    ebbtide.score("c-1", features=GOOD)
    assert ebbtide.choices("c-1").updated_at is None
    kept = ebbtide.keep_choices("c-1", profiling_opt_out=False, contact_opt_out=True)
    assert (kept.contact_opt_out, kept.updated_at) == (True, NOW)
    assert ebbtide.export("c-1")["tables"]["predictions"]
    assert ebbtide.erase("c-1").rows > 0
    with pytest.raises(NotFound):
        ebbtide.current_score("c-1")


def test_a_file_is_scored_and_its_results_come_back(ebbtide, tmp_path):
    file = tmp_path / "customers.csv"
    file.write_text(
        "customer_id,recency_days,spend_365d,purchase_days_90d,complaints_90d,payments_overdue\n"
        "c-1,143,840.5,0,2,0\n"
    )
    job = ebbtide.submit_job(file)
    done = ebbtide.wait_for_job(job.job_id, every_seconds=0.05, at_most_seconds=20)
    assert (done.rows_done, done.rows_failed) == (1, 0)
    results = ebbtide.download_results(job.job_id, tmp_path / "results.csv")
    header, row = results.read_text().splitlines()
    assert dict(zip(header.split(","), row.split(","), strict=False))["customer_id"] == "c-1"
    assert [path.name for path in tmp_path.glob("*.part")] == []


def test_a_job_that_comes_to_nothing_is_an_error(ebbtide, tmp_path):
    file = tmp_path / "customers.csv"
    file.write_text("no,such,columns\n1,2,3\n")
    job = ebbtide.submit_job(file)
    with pytest.raises(JobUnfinished, match="'failed'") as caught:
        ebbtide.wait_for_job(job.job_id, every_seconds=0.05, at_most_seconds=20)
    assert caught.value.job.problem.title


def _names(kind):
    return {
        name: inspect.signature(each).parameters
        for name, each in vars(kind).items()
        if not name.startswith("_")
    }


def test_both_clients_can_do_the_same():
    def plain(kind):
        return {
            name: [(each.name, each.kind, each.default) for each in parameters.values()]
            for name, parameters in _names(kind).items()
        }

    assert plain(AsyncClient) == plain(Client)
