"""The Python client and the service understand each other."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from ebbtide.client import AsyncClient, Client, InvalidRequest, NotFound, Row

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
