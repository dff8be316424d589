"""The programs in the guides and in the page of the client do what they say, with the service."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import duckdb
import httpx
import pandas as pd
import pytest

import ebbtide.client
from ebbtide.client import AsyncClient, Client

DOCS = Path(__file__).parents[2] / "docs"
FEATURES = {
    "recency_days": [143.0, 12.0],
    "spend_365d": [840.5, 2210.0],
    "purchase_days_90d": [0.0, 9.0],
    "discount_share_365d": [0.25, 0.0],
    "complaints_90d": [2.0, 0.0],
    "complaint_open_days": [9.5, float("nan")],
    "payments_overdue": [0.0, 0.0],
}
HARNESS = """
const [code, answer] = JSON.parse(require("fs").readFileSync(0, "utf8"));
const said = {};
process.env.EBBTIDE_URL = "http://testserver";
process.env.EBBTIDE_KEY = "ebb_1_s";
globalThis.fetch = async (url, request) => {
  said.request = { url, ...request };
  return { status: answer.status, json: async () => answer.content };
};
eval(code);
exports
  .main({ callbackId: "cb-1", inputFields: { ebbtide_id: "17850" } }, (out) => { said.out = out; })
  .catch((err) => { said.error = err.message; })
  .then(() => console.log(JSON.stringify(said)));
"""


def code(page, language):
    """The blocks of a language in a page, without those that are files."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.fixture
def known(store, bundle):
    """Two customers with stored snapshots."""
    at = pd.Timestamp("2026-03-02", tz="UTC")
    frame = pd.DataFrame({"customer_id": ["17850", "13047"], "as_of": at, **FEATURES})
    store.publish_snapshots(frame, basis=bundle.basis)


@pytest.fixture
def names(client, app, known, monkeypatch):
    """What the programs find: the client, whose requests go into the app."""

    def passed_on(request):
        answer = client.request(
            request.method,
            request.url.path,
            content=request.content,
            params=request.url.params,
            headers={name: each for name, each in request.headers.items() if name != "x-api-key"},
        )
        return httpx.Response(
            answer.status_code, content=answer.content, headers=dict(answer.headers)
        )

    class Passed(Client):
        def __init__(self, url, **given):
            super().__init__(url, **given, transport=httpx.MockTransport(passed_on))

    class PassedAsync(AsyncClient):
        def __init__(self, url, **given):
            super().__init__(url, **given, transport=httpx.MockTransport(passed_on))

    monkeypatch.setattr(ebbtide.client, "Client", Passed)
    monkeypatch.setattr(ebbtide.client, "AsyncClient", PassedAsync)
    return {"EBBTIDE_URL": "http://testserver", "EBBTIDE_KEY": "ebb_1_s"}


def run(page, names):
    for number, block in enumerate(code(page, "py"), start=1):
        exec(compile(block, f"{page}, block {number}", "exec"), names)
    return names


def test_hubspot_gets_batches_of_those_who_have_a_score(names):
    (batch,) = run("guides/hubspot.md", names)["batches"]
    assert [each["id"] for each in batch] == ["17850", "13047"]
    assert batch[0]["properties"]["churn_reason"].startswith("Last purchase 143 days ago")


node = pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")


def acted(answer):
    """Let Node.js run HubSpot's action, which gets this answer."""
    (action,) = code("guides/hubspot.md", "js")
    done = subprocess.run(
        ["node", "-e", HARNESS],
        input=json.dumps([action, answer]),
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    return json.loads(done.stdout)


@node
def test_hubspots_action_asks_and_hands_on_what_is_answered(client, known):
    content = client.post("/v1/score", json={"customer_id": "17850"}).json()
    said = acted({"status": 200, "content": content})
    assert said["request"]["url"] == "http://testserver/v1/score"
    assert json.loads(said["request"]["body"]) == {"customer_id": "17850"}
    assert said["request"]["headers"]["Idempotency-Key"] == "cb-1"
    assert said["out"]["outputFields"] == {
        "churn_score": content["churn_score"],
        "churn_risk": content["risk_band"],
        "churn_reason": content["reason_1"],
        "churn_action": content["action_text"],
        "churn_valid_until": content["valid_until"],
        "churn_prediction_id": content["prediction_id"],
    }


@node
def test_hubspots_action_tells_a_problem_and_lets_a_busy_service_be_asked_again(client):
    problem = client.post("/v1/score", json={"customer_id": "nobody"}).json()
    told = acted({"status": 404, "content": problem})["out"]["outputFields"]
    assert (told["churn_score"], told["churn_reason"]) == (None, problem["title"])
    assert acted({"status": 503, "content": {}})["error"] == "Ebbtide answered 503"


def test_salesforce_gets_the_columns_that_it_upserts(client, known, tmp_path, monkeypatch):
    job = client.post("/v1/jobs", json={"rows": "stored"}).json()
    while client.get(f"/v1/jobs/{job['job_id']}").json()["state"] in ("queued", "running"):
        pass
    results = client.get(f"/v1/jobs/{job['job_id']}/results", headers={"Accept": "text/csv"})
    monkeypatch.chdir(tmp_path)
    Path("results.csv").write_bytes(results.content)
    (query,) = code("guides/salesforce.md", "sql")
    with duckdb.connect() as connection:
        connection.sql(query)
    header, *rows = Path("upsert.csv").read_text(encoding="utf-8").splitlines()
    assert header.split(",")[:3] == ["Ebbtide_Id__c", "Churn_Score__c", "Churn_Risk__c"]
    assert sorted(row.split(",")[0] for row in rows) == ["13047", "17850"]
    assert all(row.endswith(",2026-03-16T00:00:00Z") for row in rows)


def test_the_page_of_the_client_runs(names, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run("client.md", names)
    assert names["answer"].risk_band in ("low", "medium", "high")
    assert names["failed"] == {"nobody": "unknown-customer"}
    assert names["missing"] == "unknown-customer"
    header, *rows = Path("scores.csv").read_text(encoding="utf-8").splitlines()
    assert "churn_probability" in header.split(",")
    assert len(rows) == 2


def test_the_warehouse_gets_every_change_once(names, client):
    tables, audience = code("guides/reverse-etl.md", "sql")
    run("guides/reverse-etl.md", names)
    client.post("/v1/scores", json={"rows": [{"customer_id": "17850"}, {"customer_id": "13047"}]})
    with duckdb.connect() as warehouse, ebbtide.client.Client("http://testserver") as ebb:
        warehouse.execute(tables)
        assert names["load"](warehouse, ebb) == 2
        assert names["load"](warehouse, ebb) == 0
        client.post("/v1/score", json={"customer_id": "13047"})
        assert names["load"](warehouse, ebb) == 1
        warehouse.execute(audience)
        counted = "SELECT count(*), count(churn_score) FROM churn_scores"
        assert warehouse.sql(counted).fetchall() == [(2, 2)]
