"""Bad requests: the exact status, place and message of each, and never what was sent."""

from __future__ import annotations

import json

import numpy as np
import pytest
from starlette.exceptions import HTTPException

from features.arrays.column import Column, as_decimal
from service.handlers import problem_of
from service.scoring import answering

GOOD = {
    "recency_days": 143,
    "spend_365d": 840.5,
    "purchase_days_90d": 0,
    "discount_share_365d": 0.25,
    "complaints_90d": 2,
    "complaint_open_days": None,
    "payments_overdue": 0,
}
WITHOUT = {name: value for name, value in GOOD.items() if name != "recency_days"}
JSON = {"Content-Type": "application/json"}
DATE = "2026-01-10T10:00:00Z"


def features(**changes):
    return {"customer_id": "c-1", "features": {**GOOD, **changes}}


def row(**members):
    return {"customer_id": "c-1", **members}


def bought(**members):
    return row(events={"transactions": [{"occurred_at": DATE, "amount": 1.0, **members}]})


def complained(**members):
    return row(events={"complaints": [{"opened_at": DATE, **members}]})


R, T = "/features/recency_days", "/events/transactions/0"
NUMBER = "a number of 0 or more (days)"
SUMMED = "a number from -1e+14 to 1e+14 (number)"
AWARE = "a date and time with offset, such as 2026-03-01T09:00:00Z"
ID = "a string of 1 to 128 printable characters"
# name: (body, pointer, expected, got_kind)
FAULTS = {
    "body is an array": ([], "", "an object", "array"),
    "body is a string": ("x", "", "an object", "string"),
    "body is null": (None, "", "an object", "null"),
    "body is a number": (7, "", "an object", "number"),
    "no customer": ({"features": GOOD}, "/customer_id", ID, "nothing"),
    "customer null": ({"customer_id": None}, "/customer_id", ID, "null"),
    "customer a number": ({"customer_id": 17}, "/customer_id", ID, "number"),
    "customer empty": ({"customer_id": ""}, "/customer_id", ID, "empty string"),
    "customer too long": ({"customer_id": "x" * 129}, "/customer_id", ID, "string too long"),
    "customer with NUL": ({"customer_id": "a\0b"}, "/customer_id", ID, "unprintable string"),
    "customer a surrogate": ({"customer_id": "\ud800"}, "/customer_id", ID, "unprintable string"),
    "unknown member": (row(featurs=GOOD), "", "only known names", "unknown name"),
    "as_of naive": (row(as_of="2026-03-01T00:00:00"), "/as_of", AWARE, "time without offset"),
    "as_of a date": (row(as_of="2026-03-01"), "/as_of", AWARE, "time without offset"),
    "as_of no date": (row(as_of="yesterday"), "/as_of", AWARE, "other string"),
    "as_of month 13": (row(as_of="2026-13-01T00:00:00Z"), "/as_of", AWARE, "other string"),
    "as_of a number": (row(as_of=1767225600), "/as_of", AWARE, "number"),
    "as_of year 1": (row(as_of="0001-01-01T00:00:00+14:00"), "/as_of", AWARE, "other string"),
    "as_of year 1800": (row(as_of="1800-01-01T00:00:00Z"), "/as_of", AWARE, "instant out of range"),
    "as_of future": (
        row(as_of="2026-03-02T12:00:01Z"),
        "/as_of",
        "an instant that is not in the future",
        "instant in the future",
    ),
    "value negative": (
        row(value=-1),
        "/value",
        "a number from 0 to 1e+12 (currency)",
        "number out of range",
    ),
    "value a string": (row(value="9"), "/value", "a number from 0 to 1e+12 (currency)", "string"),
    "opt-out a string": (
        row(contact_opt_out="yes"),
        "/contact_opt_out",
        "true or false",
        "string",
    ),
    "interval a number": (row(interval=1), "/interval", "true or false", "number"),
    "opt-out a number": (row(contact_opt_out=1), "/contact_opt_out", "true or false", "number"),
    "features and events": (
        row(features=GOOD, events={}),
        "",
        "features or events",
        "both",
    ),
    "features an array": (row(features=[1]), "/features", "an object", "array"),
    "feature unknown": (features(recency_day=1), "/features", "only known names", "unknown name"),
    "feature missing": (
        row(features=WITHOUT),
        R,
        "a number (days); this feature is never missing",
        "nothing",
    ),
    "feature null": (
        features(recency_days=None),
        R,
        "a number (days); this feature is never missing",
        "null",
    ),
    "feature too low": (features(recency_days=-0.1), R, NUMBER, "number out of range"),
    "feature too high": (
        features(purchase_days_90d=91),
        "/features/purchase_days_90d",
        "a number from 0 to 90 (days)",
        "number out of range",
    ),
    "feature a boolean": (features(recency_days=True), R, NUMBER, "boolean"),
    "feature a string": (features(recency_days="143"), R, NUMBER, "string"),
    "feature an array": (features(recency_days=[143]), R, NUMBER, "array"),
    "feature an object": (features(recency_days={}), R, NUMBER, "object"),
    "feature huge": (features(recency_days=1e300), R, NUMBER, "number beyond range"),
    "feature of 400 digits": (features(recency_days=10**400), R, NUMBER, "number beyond range"),
    "events an array": (row(events=[]), "/events", "an object", "array"),
    "table unknown": (
        row(events={"transaction": []}),
        "/events",
        "only known names",
        "unknown name",
    ),
    "table an object": (
        row(events={"transactions": {}}),
        "/events/transactions",
        "an array",
        "object",
    ),
    "event a number": (row(events={"transactions": [3]}), T, "an object", "number"),
    "column unknown": (bought(amout=1), T, "only known names", "unknown name"),
    "column missing": (
        row(events={"transactions": [{"occurred_at": DATE}]}),
        f"{T}/amount",
        "a value; it is required",
        "nothing",
    ),
    "column null": (bought(amount=None), f"{T}/amount", "a value; it is required", "null"),
    "event naive": (
        bought(occurred_at="2026-01-10T10:00:00"),
        f"{T}/occurred_at",
        AWARE,
        "time without offset",
    ),
    "amount a string": (
        bought(amount="1"),
        f"{T}/amount",
        "a number from -1e+12 to 1e+12 (currency)",
        "string",
    ),
    "amount beyond money": (
        bought(amount=1e13),
        f"{T}/amount",
        "a number from -1e+12 to 1e+12 (currency)",
        "number out of range",
    ),
    "quantity a boolean": (bought(quantity=True), f"{T}/quantity", SUMMED, "boolean"),
    "quantity too large": (
        bought(quantity=1e14),
        f"{T}/quantity",
        SUMMED,
        "number out of range",
    ),
    "other customer": (
        bought(customer_id="c-2"),
        f"{T}/customer_id",
        "the customer_id of the row, or nothing",
        "another customer",
    ),
    "severity 9": (
        complained(severity=9),
        "/events/complaints/0/severity",
        "a number from 1 to 5 (number)",
        "number out of range",
    ),
    "flag a string": (
        complained(reopened="true"),
        "/events/complaints/0/reopened",
        "true or false",
        "string",
    ),
    "choice unknown": (
        row(events={"surveys": [{"answered_at": DATE, "metric": "mood", "score": 1}]}),
        "/events/surveys/0/metric",
        "one of csat, nps, ces",
        "other string",
    ),
    "text too long": (
        bought(category="x" * 257),
        f"{T}/category",
        "a string of 1 to 256 printable characters",
        "string too long",
    ),
    "too many events": (
        row(events={"activity": [{"occurred_at": DATE}] * 51}),
        "/events",
        "at most 50 events in a row",
        "too many events",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named_with_its_place(client, store, name):
    body, pointer, expected, got_kind = FAULTS[name]
    response = client.post("/v1/score", content=json.dumps(body), headers=JSON)
    assert response.status_code == 422, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["type"] == "urn:ebbtide:problem:invalid-request"
    assert problem["detail"] == "1 thing(s) must be mended. See errors for each."
    (fault,) = problem["errors"]
    assert (fault["pointer"], fault["expected"], fault["got_kind"]) == (pointer, expected, got_kind)
    assert fault["fix"].endswith((".", "?")) or "see " in fault["fix"]
    assert store.predictions_of("c-1") == []


DEEP = "[" * 100_000
# name: (status, kind, body, headers)
BODIES = {
    "empty": (400, "malformed-json", b"", JSON),
    "white": (400, "malformed-json", b"  \n", JSON),
    "cut off": (400, "malformed-json", b'{"customer_id": "c-', JSON),
    "two values": (400, "malformed-json", b"{} {}", JSON),
    "single quotes": (400, "malformed-json", b"{'customer_id': 1}", JSON),
    "NaN": (400, "malformed-json", b'{"customer_id": "c", "value": NaN}', JSON),
    "Infinity": (400, "malformed-json", b'{"customer_id": "c", "value": -Infinity}', JSON),
    "name twice": (400, "malformed-json", b'{"customer_id": "a", "customer_id": "b"}', JSON),
    "not UTF-8": (400, "malformed-json", b'{"customer_id": "\xff"}', JSON),
    "UTF-16": (400, "malformed-json", '{"customer_id": "a"}'.encode("utf-16"), JSON),
    "byte order mark": (400, "malformed-json", b"\xef\xbb\xbf{}", JSON),
    "deep": (400, "malformed-json", DEEP.encode(), JSON),
    "1e400": (422, "invalid-request", b'{"customer_id": "c", "value": 1e400}', JSON),
    "-1e400": (422, "invalid-request", b'{"customer_id": "c", "value": -1e400}', JSON),
    "many values": (413, "body-too-large", b"[" + b"[]," * 30_000 + b"[]]", JSON),
    "too large": (413, "body-too-large", b" " * 200_001, JSON),
    "form": (
        415,
        "unsupported-media-type",
        b"a=1",
        {"Content-Type": "application/x-www-form-urlencoded"},
    ),
    "no type": (415, "unsupported-media-type", b"{}", {}),
    "text": (415, "unsupported-media-type", b"{}", {"Content-Type": "text/json"}),
    "latin-1": (
        415,
        "unsupported-media-type",
        b"{}",
        {"Content-Type": "application/json; charset=latin-1"},
    ),
    "compressed": (415, "unsupported-media-type", b"{}", {**JSON, "Content-Encoding": "gzip"}),
}


@pytest.mark.parametrize("path", ["/v1/score", "/v1/scores"])
@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_is_no_json_is_refused(client, name, path):
    status, kind, body, headers = BODIES[name]
    response = client.post(path, content=body, headers=headers)
    assert (response.status_code, response.json()["type"]) == (
        status,
        f"urn:ebbtide:problem:{kind}",
    )
    assert response.json()["detail"].endswith(("again.", ".", "once."))


def test_a_body_is_bounded_though_its_length_is_not_declared(client):
    response = client.post("/v1/score", content=iter([b" " * 100_000] * 3), headers={**JSON})
    assert response.status_code == 413


# name: (body, pointer, got_kind)
BATCHES = {
    "no rows": ({}, "/rows", "nothing"),
    "rows null": ({"rows": None}, "/rows", "null"),
    "rows an object": ({"rows": {}}, "/rows", "object"),
    "rows empty": ({"rows": []}, "/rows", "empty array"),
    "1,001 rows": ({"rows": [{}] * 1001}, "/rows", "too many rows"),
    "an array": ([{}], "", "array"),
    "other member": ({"rows": [{}], "row": 1}, "", "unknown name"),
}


@pytest.mark.parametrize("name", BATCHES)
def test_a_batch_that_is_none_is_refused(client, name):
    body, pointer, got_kind = BATCHES[name]
    response = client.post("/v1/scores", json=body)
    assert response.status_code == 422
    (fault,) = response.json()["errors"]
    assert (fault["pointer"], fault["got_kind"]) == (pointer, got_kind)


@pytest.mark.parametrize("number", [1e15, -1e15, 1e300])
@pytest.mark.parametrize(
    ("table", "column", "event"),
    [
        ("transactions", "quantity", {"occurred_at": DATE, "amount": 1.0}),
        ("activity", "value", {"occurred_at": DATE}),
        ("balances", "value", {"measured_at": DATE, "name": "seats"}),
    ],
)
def test_numbers_beyond_what_can_be_summed_are_refused(client, table, column, event, number):
    body = row(events={table: [{**event, column: number}]})
    response = client.post("/v1/score", json=body)
    assert response.status_code == 422
    assert response.json()["type"] == "urn:ebbtide:problem:invalid-request"
    assert [fault["pointer"] for fault in response.json()["errors"]] == [
        f"/events/{table}/0/{column}"
    ]


def test_sums_beyond_the_arithmetic_are_a_fault_of_their_row_only(client, monkeypatch):
    compute = answering.features_of_events

    def beside_a_sum(events, **given):
        spent = sum(each["amount"] for each in events["transactions"])
        as_decimal(Column(np.array([30.0 * spent])), 4)  # as the price of a month
        return compute(events, **given)

    monkeypatch.setattr(answering, "features_of_events", beside_a_sum)
    rows = [
        row(events={"transactions": [{"occurred_at": DATE, "amount": amount}] * 9})
        for amount in (1e12, 1.0)
    ]
    answer = client.post("/v1/scores", json={"rows": rows}).json()
    assert [each["status"] for each in answer["results"]] == ["failed", "scored"]
    alone = client.post("/v1/score", json=rows[0])
    assert alone.status_code == 422
    assert alone.json()["type"] == "urn:ebbtide:problem:invalid-request"


def test_the_events_of_all_rows_are_bounded_together(client, store):
    at = [{"occurred_at": DATE, "amount": 1.0}]
    rows = [{"customer_id": f"c-{n}", "events": {"transactions": at * 50}} for n in range(3)]
    response = client.post("/v1/scores", json={"rows": rows})
    assert response.status_code == 422
    (fault,) = response.json()["errors"]
    assert (fault["pointer"], fault["got_kind"]) == ("/rows", "too many events")
    assert fault["expected"] == "at most 120 events in all rows together"
    assert "Split the rows" in fault["fix"]
    assert client.post("/v1/scores", json={"rows": rows[:2]}).status_code == 200


@pytest.mark.parametrize(
    ("status", "expected", "kind"),
    [
        (400, 400, "bad-request"),
        (403, 400, "bad-request"),
        (404, 404, "not-found"),
        (413, 413, "body-too-large"),
        (415, 415, "unsupported-media-type"),
        (422, 422, "invalid-request"),
        (500, 500, "internal"),
        (502, 500, "internal"),
        (503, 503, "busy"),
    ],
)
def test_what_the_framework_refuses_is_no_malformed_json(status, expected, kind):
    problem = problem_of(HTTPException(status))
    assert (problem.status, problem.kind) == (expected, kind)


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/", 404, "not-found"),
        ("GET", "/v1/nothing", 404, "not-found"),
        ("POST", "/v1/score/", 404, "not-found"),
        ("GET", "/docs", 404, "not-found"),
        ("GET", "/v1/score", 405, "method-not-allowed"),
        ("PUT", "/v1/scores", 405, "method-not-allowed"),
        ("POST", "/v1/model", 405, "method-not-allowed"),
        ("BREW", "/v1/model", 405, "method-not-allowed"),
    ],
)
def test_other_addresses_and_methods_are_problems_too(client, method, path, status, kind):
    response = client.request(method, path)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["type"] == f"urn:ebbtide:problem:{kind}"
    assert ("allow" in response.headers) == (status == 405)


@pytest.mark.parametrize(
    ("body", "fix"),
    [
        (row(featurs={}), "Name number 2 of this object is not known; did you mean 'features'?"),
        (
            features(recency_day=1),
            "Name number 8 of this object is not known; did you mean 'recency_days'?",
        ),
        (features(zzz=1), "Name number 8 of this object is not known; see GET /v1/schema"),
        (bought(amout=2), "Name number 3 of this object is not known; did you mean 'amount'?"),
        (features(recency_days="1"), "Send the number without quotes."),
        (features(recency_days=None), "Send it. Its meaning: Days since the last purchase."),
    ],
)
def test_the_fix_says_what_to_do(client, body, fix):
    assert client.post("/v1/score", json=body).json()["errors"][0]["fix"] == fix


def test_many_faults_are_counted_and_the_first_twenty_listed(client):
    unknown = {f"nonsense_{n}": 1 for n in range(500)}
    problem = client.post("/v1/score", json=features(**unknown)).json()
    assert len(problem["errors"]) == 20
    assert problem["detail"].startswith("500 thing(s) must be mended; the first 20 are listed")


CANARY = "C4N4RY-7f3a"
PLACES = {
    "unknown member": {"customer_id": "c", CANARY: 1},
    "member value": {"customer_id": "c", "as_of": CANARY, "value": CANARY, "features": CANARY},
    "customer": {"customer_id": CANARY, "features": {"recency_days": -1}},
    "feature name": row(features={**GOOD, CANARY: 1}),
    "feature value": features(recency_days=CANARY),
    "table name": row(events={CANARY: []}),
    "table": row(events={"transactions": CANARY}),
    "column name": bought(**{CANARY: 1}),
    "column value": bought(amount=CANARY, occurred_at=CANARY),
    "event customer": bought(customer_id=CANARY),
    "choice": row(events={"surveys": [{"answered_at": DATE, "metric": CANARY, "score": 1}]}),
    "rows": CANARY,
    "unknown customer": {"customer_id": CANARY},
}


@pytest.mark.parametrize("name", PLACES)
def test_what_was_sent_comes_back_in_no_problem_log_or_metric(client, capsys, name):
    body = PLACES[name]
    alone = client.post("/v1/score", json=body)
    batch = client.post("/v1/scores", json={"rows": [body]})
    assert alone.status_code in (404, 422)
    texts = [alone.text, str(alone.headers), batch.text, client.get("/metrics").text]
    texts += [client.post("/v1/score", content=json.dumps(body)[:-1], headers=JSON).text]
    texts += [client.get(f"/{CANARY}").text, client.request(CANARY, "/v1/score").text]
    texts += [client.get("/metrics").text, "".join(capsys.readouterr())]
    assert all(CANARY not in text for text in texts)


def test_an_unexpected_error_shows_nothing_of_itself(app, client, capsys):
    def fail():
        raise RuntimeError(CANARY)

    object.__setattr__(app.state.desk, "now", fail)
    response = client.post("/v1/score", json=features())
    assert response.status_code == 500
    assert response.json()["type"] == "urn:ebbtide:problem:internal"
    assert CANARY not in response.text + "".join(capsys.readouterr())
