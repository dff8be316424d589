"""A job over HTTP: a file comes, a worker answers its rows, the results go out."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from datetime import timedelta

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import func, select

from ebbtide.store.job_content import PART_BYTES
from ebbtide.store.schema.access import AUDIT_LOG
from ebbtide.store.schema.jobs import JOB_INPUTS, JOBS
from ebbtide.store.schema.scores import PREDICTIONS
from service.access.scopes import DEMO, Caller
from service.app import create_app
from service.jobs import flat
from service.jobs.workers import work_once

NAMES = (
    "recency_days",
    "spend_365d",
    "purchase_days_90d",
    "discount_share_365d",
    "complaints_90d",
    "complaint_open_days",
    "payments_overdue",
)
VALUES = (143, 840.5, 0, 0.25, 2, None, 0)
AS_OF = "2026-03-01T00:00:00Z"
HEADER = ",".join(["customer_id", "as_of", "value", "contact_opt_out", *NAMES])
VOLATILE = ("row", "prediction_id")


def csv_line(customer_id, recency="143", **more):
    cells = {"spend": "840.5", "value": "120.5", "as_of": AS_OF, "opt_out": "false"} | more
    return (
        f"{customer_id},{cells['as_of']},{cells['value']},{cells['opt_out']},"
        f"{recency},{cells['spend']},0,0.25,2,,0"
    )


def csv_file(*lines):
    return "\n".join([HEADER, *lines, ""]).encode()


def row(customer_id, recency=143, **more):
    features = dict(zip(NAMES, VALUES, strict=True)) | {"recency_days": recency}
    sent = {"customer_id": customer_id, "as_of": AS_OF, "value": 120.5, "contact_opt_out": False}
    return {**sent, "features": features, **more}


def json_lines(*rows):
    return b"".join(json.dumps(each).encode() + b"\n" for each in rows)


def parquet_file(rows, **options):
    table = pa.Table.from_pylist(rows)
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def logged(store):
    with store.database.read() as connection:
        return connection.scalar(select(func.count()).select_from(PREDICTIONS))


def lasting(answer):
    return {name: each for name, each in answer.items() if name not in VOLATILE}


def test_a_csv_file_is_answered_row_by_row_as_each_would_be_alone(client, run, results, store):
    job = run(csv_file(csv_line("c-1"), csv_line("c-2", "2000"), csv_line("c-3", "soon")))
    assert (job["state"], job["rows_done"], job["rows_failed"]) == ("done", 3, 1)
    assert (job["rows_total"], job["progress"], job["problem"]) == (3, 1.0, None)
    first, second, third = results(job)
    assert lasting(first) == lasting(client.post("/v1/score", json=row("c-1")).json())
    assert lasting(second) == lasting(client.post("/v1/score", json=row("c-2", 2000)).json())
    assert [each["row"] for each in (first, second, third)] == [1, 2, 3]
    assert [each["status"] for each in (first, second, third)] == ["scored", "abstained", "failed"]
    assert third["customer_id"] == "c-3"
    (fault,) = third["problem"]["errors"]
    assert (fault["pointer"], fault["got_kind"]) == ("/recency_days", "string")
    assert "point as decimal mark" in fault["fix"]
    assert "soon" not in json.dumps(third)
    assert logged(store) == 4


def test_json_lines_hold_features_events_or_neither(client, run, results):
    events = {"transactions": [{"occurred_at": "2026-01-03T16:40:00Z", "amount": 21.5}]}
    sent = {"customer_id": "c-2", "as_of": AS_OF, "events": events}
    job = run(
        json_lines(row("c-1"), sent, {"customer_id": "c-3"}) + b"\n{broken\n[1]\n",
        "application/x-ndjson",
    )
    assert (job["rows_done"], job["rows_failed"]) == (5, 3)
    first, second, third, broken, array = results(job)
    assert lasting(first) == lasting(client.post("/v1/score", json=row("c-1")).json())
    assert lasting(second) == lasting(client.post("/v1/score", json=sent).json())
    assert third["problem"]["type"] == "urn:ebbtide:problem:unknown-customer"
    assert (broken["customer_id"], broken["problem"]["status"]) == (None, 400)
    assert array["problem"]["errors"][0]["got_kind"] == "array"


def typed_rows():
    return [
        {
            "customer_id": 17850 + place,
            "value": 120.5,
            "contact_opt_out": False,
            **dict(zip(NAMES, VALUES, strict=True)),
            "recency_days": 100.0 + place % 200,
            "discount_share_365d": float("nan") if place == 1 else 0.25,
        }
        for place in range(2_100)
    ]


def test_parquet_results_have_few_row_groups(client, run, monkeypatch):
    job = run(csv_file(*[csv_line(f"c-{number}") for number in range(250)]))
    monkeypatch.setattr(flat, "_GROUP_ROWS", 150)
    content = client.get(f"/v1/jobs/{job['job_id']}/results?format=parquet").content
    read = pq.ParquetFile(io.BytesIO(content))
    groups = [read.metadata.row_group(each).num_rows for each in range(read.num_row_groups)]
    assert groups == [200, 50]
    assert read.read()["row"].to_pylist() == list(range(1, 251))


def test_a_parquet_file_is_read_row_group_by_row_group(client, run, results):
    content = parquet_file(typed_rows(), row_group_size=1_500)
    job = run(content, "application/vnd.apache.parquet")
    assert (job["state"], job["rows_total"], job["rows_failed"]) == ("done", 2_100, 0)
    read = results(job)
    assert [each["row"] for each in read] == list(range(1, 2_101))
    assert [each["customer_id"] for each in read] == [str(17850 + n) for n in range(2_100)]
    alone = row("17851", 101.0)
    alone["features"]["discount_share_365d"] = None
    del alone["as_of"]
    assert lasting(read[1]) == lasting(client.post("/v1/score", json=alone).json())


def test_every_stored_snapshot_can_be_scored(client, work, results, store, bundle, clock):
    import pandas as pd

    ids = [f"c-{number:04}" for number in range(1_200)]
    frame = pd.DataFrame({"customer_id": ids, "as_of": pd.Timestamp(AS_OF)})
    for name, value in zip(NAMES, VALUES, strict=True):
        frame[name] = float("nan") if value is None else float(value)
    store.publish_snapshots(frame, basis=bundle.basis)
    made = client.post("/v1/jobs", json={"rows": "stored"})
    assert (made.status_code, made.json()["state"]) == (202, "queued")
    assert made.headers["Location"] == f"/v1/jobs/{made.json()['job_id']}"
    assert work_once(work)
    job = client.get(made.headers["Location"]).json()
    assert (job["source"], job["rows_done"], job["rows_failed"]) == ("stored", 1_200, 0)
    assert [each["customer_id"] for each in results(job)] == ids


def test_results_come_as_csv_parquet_and_json_lines_alike(client, run, results):
    job = run(csv_file(csv_line("=1+1"), csv_line("c-2", "2000"), csv_line("c-3", "x")))
    plain = results(job)
    address = f"/v1/jobs/{job['job_id']}/results"
    text = client.get(address, headers={"Accept": "text/csv"})
    assert text.headers["content-type"] == "text/csv; charset=utf-8"
    name = f'attachment; filename="job-{job["job_id"]}.csv"'
    assert text.headers["content-disposition"] == name
    records = list(csv.DictReader(io.StringIO(text.text)))
    content = client.get(address, params={"format": "parquet"}).content
    table = pq.read_table(io.BytesIO(content)).to_pylist()
    assert [each["customer_id"] for each in table] == ["=1+1", "c-2", "c-3"]
    assert [each["customer_id"] for each in records] == ["'=1+1", "c-2", "c-3"]
    for record, typed, result in zip(records, table, plain, strict=True):
        assert list(record) == list(typed)
        assert typed["row"] == int(record["row"]) == result["row"]
        assert typed["churn_probability"] == result.get("churn_probability")
        assert record["churn_probability"] == (
            "" if typed["churn_probability"] is None else repr(typed["churn_probability"])
        )
        if result["status"] != "failed":
            assert typed["as_of"].isoformat() == result["as_of"].replace("Z", "+00:00")
            assert typed["reason_1"] == result["reason_1"]
    assert table[2]["problem_kind"] == "invalid-request"
    assert table[2]["problem_detail"].startswith("/recency_days: expected a number")


def test_language_and_reasons_are_as_they_were_asked_for(client, run, results):
    job = run(csv_file(csv_line("c-1")), params={"language": "zh", "reasons": "false"})
    assert (job["language"], job["reasons"]) == ("zh", False)
    (result,) = results(job)
    assert result["language"] == "zh"
    assert not [name for name in result if name.startswith("reason")]
    text = client.get(f"/v1/jobs/{job['job_id']}/results?format=csv").text
    assert "reason" not in text.partition("\n")[0]


def test_results_are_not_there_before_the_job_is_done(client, post, work):
    job = post(csv_file(csv_line("c-1"))).json()
    answer = client.get(f"/v1/jobs/{job['job_id']}/results")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:ebbtide:problem:job-not-done")
    assert "the job is queued" in answer.json()["detail"]


def test_a_cancelled_job_is_not_worked_on(client, post, work, store):
    job = post(csv_file(csv_line("c-1"))).json()
    cancelled = client.post(f"/v1/jobs/{job['job_id']}/cancel")
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    assert not work_once(work)
    assert logged(store) == 0
    answer = client.get(f"/v1/jobs/{job['job_id']}/results")
    assert "the job is cancelled" in answer.json()["detail"]
    again = client.post(f"/v1/jobs/{job['job_id']}/cancel").json()
    assert again == cancelled.json()
    with store.database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(JOB_INPUTS)) == 0


def test_a_job_is_made_once_for_each_key(client, post, store):
    content = csv_file(csv_line("c-1"))
    headers = {"Content-Type": "text/csv", "Idempotency-Key": "k-1"}
    first, second = (client.post("/v1/jobs", content=content, headers=headers) for _ in range(2))
    assert first.json() == second.json()
    assert first.headers["location"] == second.headers["location"]
    assert second.headers["idempotency-replayed"] == "true"
    other = client.post("/v1/jobs", content=content + b"c-2,,,,,,,,,,\n", headers=headers)
    assert other.status_code == 422
    assert [job["job_id"] for job in client.get("/v1/jobs").json()["jobs"]] == [
        first.json()["job_id"]
    ]
    with store.database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(JOB_INPUTS)) == 1


def test_jobs_are_listed_page_by_page(client, post, clock):
    made = []
    for _ in range(3):
        made.insert(0, post(csv_file()).json()["job_id"])
        clock.at += timedelta(seconds=1)
    first = client.get("/v1/jobs", params={"limit": 2}).json()
    second = client.get("/v1/jobs", params={"limit": 2, "cursor": first["next_cursor"]}).json()
    assert [job["job_id"] for job in [*first["jobs"], *second["jobs"]]] == made
    assert second["next_cursor"] is None
    assert client.get("/v1/jobs", params={"cursor": "x"}).status_code == 422


def test_a_caller_sees_only_jobs_of_its_own(app, client, post, monkeypatch):
    job = post(csv_file()).json()
    for name, scopes, status in (
        ("demo", {"jobs"}, 200),
        ("other", {"jobs"}, 404),
        ("other", {"jobs", "admin"}, 200),
    ):

        async def admit(_request, name=name, scopes=scopes):
            return Caller(name=name, scopes=frozenset(scopes))

        monkeypatch.setattr(app.state.desk.gate, "admit", admit)
        assert client.get(f"/v1/jobs/{job['job_id']}").status_code == status
        assert len(client.get("/v1/jobs").json()["jobs"]) == (status == 200)
        assert client.post(f"/v1/jobs/{job['job_id']}/cancel").status_code == status
    assert DEMO.name == "demo"


def test_a_job_is_gone_when_its_time_is_over(client, run, clock):
    job = run(csv_file(csv_line("c-1")))
    clock.at += timedelta(days=7)
    for path in ("", "/results"):
        answer = client.get(f"/v1/jobs/{job['job_id']}{path}")
        assert (answer.status_code, answer.json()["type"]) == (
            404,
            "urn:ebbtide:problem:unknown-job",
        )


def test_what_is_done_to_jobs_is_in_the_log_of_deeds(client, run, store):
    job = run(csv_file(csv_line("c-1")))
    client.get(f"/v1/jobs/{job['job_id']}/results")
    client.post(f"/v1/jobs/{job['job_id']}/cancel")
    with store.database.read() as connection:
        deeds = connection.execute(select(AUDIT_LOG.c.deed, AUDIT_LOG.c.details)).all()
    assert [each.deed for each in deeds] == ["job.created", "job.downloaded", "job.cancelled"]
    assert all(job["job_id"] in each.details for each in deeds)


def test_too_many_jobs_of_a_caller_are_refused(app, client, post, job_settings, monkeypatch):
    few = job_settings.model_copy(update={"max_jobs": 1})
    object.__setattr__(app.state.desk, "settings", few)
    assert post(csv_file()).status_code == 202
    answer = post(csv_file())
    assert (answer.status_code, answer.json()["type"]) == (429, "urn:ebbtide:problem:too-many-jobs")
    assert answer.headers["retry-after"] == "30"
    assert client.post("/v1/jobs", json={"rows": "stored"}).status_code == 429


@pytest.mark.parametrize(
    ("content", "headers", "status", "kind"),
    [
        (b"", {"Content-Type": "text/csv"}, 422, "invalid-request"),
        (b"x", {"Content-Type": "application/pdf"}, 415, "unsupported-file-type"),
        (b"x", {}, 415, "unsupported-file-type"),
        (b"x", {"Content-Type": "text/csv; charset=latin-1"}, 415, "unsupported-file-type"),
        (
            b"x",
            {"Content-Type": "text/csv", "Content-Encoding": "gzip"},
            415,
            "unsupported-file-type",
        ),
        (
            b"x",
            {"Content-Type": "text/csv", "Content-Length": "104857601"},
            413,
            "body-too-large",
        ),
        (b'{"rows": "all"}', {"Content-Type": "application/json"}, 422, "invalid-request"),
        (b'{"rows": NaN}', {"Content-Type": "application/json"}, 400, "malformed-json"),
    ],
)
def test_what_is_no_file_is_refused_at_once(client, store, content, headers, status, kind):
    answer = client.post("/v1/jobs", content=content, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:ebbtide:problem:{kind}")
    with store.database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(JOBS)) == 0


def test_a_file_that_grows_too_large_is_given_up(app, post, store, job_settings):
    small = job_settings.model_copy(update={"max_job_bytes": 2 * PART_BYTES})
    object.__setattr__(app.state.desk, "settings", small)

    def pieces():
        for _ in range(40):
            yield b"x" * 65_536

    answer = post(pieces())
    assert (answer.status_code, answer.json()["type"]) == (
        413,
        "urn:ebbtide:problem:body-too-large",
    )
    with store.database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(JOBS)) == 0


def test_a_job_of_a_bad_file_fails_and_says_why(client, run, store):
    job = run(b"customer_id;value\nSECRET;1\n")
    assert (job["state"], job["rows_done"]) == ("failed", 0)
    assert job["problem"]["type"] == "urn:ebbtide:problem:file-unreadable"
    assert "separated by commas" in job["problem"]["detail"]
    assert "SECRET" not in json.dumps(job)
    with store.database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(JOB_INPUTS)) == 0


def test_a_file_may_hold_no_rows(run, results):
    job = run(csv_file())
    assert (job["state"], job["rows_done"], job["progress"]) == ("done", 0, 1.0)
    assert results(job) == []


def test_a_file_of_too_many_rows_fails(run, app, job_settings):
    few = job_settings.model_copy(update={"max_job_rows": 2})
    object.__setattr__(app.state.desk, "settings", few)
    job = run(csv_file(*[csv_line(f"c-{number}") for number in range(3)]))
    assert job["state"] == "failed"
    assert "at most 2 rows" in job["problem"]["detail"]


def test_results_that_are_taken_slowly_keep_nobody_from_asking(
    job_settings, bundle, store, clock, run
):
    job = run(csv_file(*(csv_line(f"c-{number}") for number in range(250))))
    settings = job_settings.model_copy(update={"max_requests": 1})
    app = create_app(settings, model=bundle, store=store, now=clock)

    async def asked():
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            pieces, waits, taken = [], asyncio.Event(), asyncio.Event()

            async def slowly(message):
                pieces.append(message.get("body", b""))
                if len(pieces) > 2:  # the head and a piece have left
                    waits.set()
                    await taken.wait()

            path = f"/v1/jobs/{job['job_id']}/results"
            scope = {
                "type": "http",
                "asgi": {"spec_version": "2.4"},
                "http_version": "1.1",
                "method": "GET",
                "path": path,
                "raw_path": path.encode(),
                "query_string": b"",
                "headers": [(b"host", b"localhost")],
                "client": ("127.0.0.1", 1),
                "server": ("localhost", 80),
                "scheme": "http",
                "root_path": "",
            }
            download = asyncio.create_task(app(scope, never, slowly))
            await asyncio.wait_for(waits.wait(), timeout=5)
            other = await client.get("/v1/model")
            taken.set()
            await asyncio.wait_for(download, timeout=5)
            return other.status_code, b"".join(pieces).count(b"\n")

    assert asyncio.run(asked()) == (200, 250)


async def never():
    await asyncio.Event().wait()
