"""The clients send again what may be sent again, wait as they are asked to, and read what comes."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime

import httpx
import pytest

from ebbtide.client import (
    NEVER,
    AsyncClient,
    Client,
    Conflicting,
    InvalidRequest,
    NotAllowed,
    NotFound,
    Retries,
    Row,
    TooMany,
    Unavailable,
    Unreachable,
    UnreadableAnswer,
)
from ebbtide.client.exchange import Exchange
from service.scoring.examples import ANSWER

URL = "https://churn.example.com"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BUSY = {
    "type": "urn:ebbtide:problem:busy",
    "title": "Too much at once",
    "status": 503,
    "detail": "Try again.",
    "errors": [],
}


class Service:
    """Gives the prepared answers in turn, and keeps what was asked and how long was waited."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []
        self.waits = []

    def __call__(self, request):
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def ask(service, call, *, is_async, retries=None, **given):
    """Do one call with either client, without waiting and without chance."""
    keys = iter(f"key-{n}" for n in range(9))
    exchange = Exchange(
        base_url=URL,
        retries=retries or Retries(),
        now=lambda: NOW,
        draw=lambda: 0.5,
        new_key=lambda: next(keys),
        **given,
    )
    transport = httpx.MockTransport(service)
    if not is_async:
        with Client(
            URL, exchange=exchange, transport=transport, sleep=service.waits.append
        ) as client:
            return call(client)

    async def sleep(seconds):
        service.waits.append(seconds)

    async def main():
        client = AsyncClient(URL, exchange=exchange, transport=transport, sleep=sleep)
        async with client:
            return await call(client)

    return asyncio.run(main())


both = pytest.mark.parametrize("is_async", [False, True], ids=["blocking", "async"])


def good(content=ANSWER):
    return httpx.Response(200, json=content)


def busy(**headers):
    return httpx.Response(503, json=BUSY, headers=headers)


@both
def test_an_answer_is_typed(is_async):
    service = Service(good())
    answer = ask(service, lambda c: c.score("17850", value=10.0), is_async=is_async)
    assert answer.churn_probability == 0.3964
    assert answer.as_of == datetime(2026, 3, 1, tzinfo=UTC)
    assert answer.reasons[0].feature == "recency_days"
    (request,) = service.requests
    assert json.loads(request.content) == {"customer_id": "17850", "value": 10.0}
    assert (request.method, str(request.url)) == ("POST", f"{URL}/v1/score")


@both
def test_what_fails_for_a_while_is_sent_again_under_the_same_key(is_async):
    service = Service(busy(), httpx.ConnectError("refused"), httpx.ReadTimeout("late"), good())
    answer = ask(service, lambda c: c.score("17850"), is_async=is_async)
    assert answer.status == "scored"
    assert {request.headers["Idempotency-Key"] for request in service.requests} == {"key-0"}
    assert service.waits == [0.25, 0.5, 1.0]


@both
def test_it_waits_as_long_as_the_service_asks_for(is_async):
    at = "Sun, 01 Mar 2026 12:00:09 GMT"
    service = Service(busy(**{"Retry-After": "7"}), busy(**{"Retry-After": at}), good())
    ask(service, lambda c: c.score("17850"), is_async=is_async)
    assert service.waits == [7.0, 9.0]


@both
def test_a_service_that_asks_for_too_long_a_wait_is_not_waited_for(is_async):
    service = Service(busy(**{"Retry-After": "3600"}))
    with pytest.raises(Unavailable) as caught:
        ask(service, lambda c: c.score("17850"), is_async=is_async)
    assert caught.value.retry_after_seconds == 3600
    assert service.waits == []


@both
def test_it_gives_up_in_the_end(is_async):
    service = Service(*[busy() for _ in range(3)])
    with pytest.raises(Unavailable, match="503 Too much at once"):
        ask(service, lambda c: c.model(), is_async=is_async, retries=Retries(most=2))
    assert len(service.requests) == 3


@both
def test_no_answer_at_all_says_what_to_check(is_async):
    service = Service(httpx.ConnectTimeout("late"))
    with pytest.raises(Unreachable, match=r"1 attempt.*ConnectTimeout.*Check"):
        ask(service, lambda c: c.model(), is_async=is_async, retries=NEVER)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, InvalidRequest),
        (401, NotAllowed),
        (403, NotAllowed),
        (404, NotFound),
        (409, Conflicting),
        (413, InvalidRequest),
        (422, InvalidRequest),
        (500, Unavailable),
    ],
)
@both
def test_what_waiting_does_not_mend_is_sent_once(is_async, status, error):
    fault = {"pointer": "/value", "expected": "a number", "got_kind": "string", "fix": "Send one."}
    problem = {**BUSY, "type": "urn:ebbtide:problem:some-kind", "errors": [fault]}
    service = Service(httpx.Response(status, json=problem))
    with pytest.raises(error, match=r"expected a number\. Send one\.") as caught:
        ask(service, lambda c: c.score("17850"), is_async=is_async)
    assert caught.value.problem.kind == "some-kind"
    assert caught.value.problem.status == status
    assert caught.value.problem.errors[0].pointer == "/value"
    assert service.waits == []


@both
def test_too_many_requests_are_waited_for(is_async):
    service = Service(httpx.Response(429, headers={"Retry-After": "1"}), good())
    ask(service, lambda c: c.score("17850"), is_async=is_async)
    assert service.waits == [1.0]
    with pytest.raises(TooMany):
        ask(Service(httpx.Response(429)), lambda c: c.model(), is_async=is_async, retries=NEVER)


@both
def test_a_gateway_that_speaks_no_json_is_an_error_like_others(is_async):
    service = Service(httpx.Response(502, text="<html>"))
    with pytest.raises(Unavailable) as caught:
        ask(service, lambda c: c.model(), is_async=is_async, retries=NEVER)
    assert (caught.value.problem.kind, caught.value.problem.status) == ("unknown", 502)


@both
@pytest.mark.parametrize(
    "content",
    ["<html>", [], {"results": []}, {**ANSWER, "as_of": "yesterday"}, {"status": "scored"}],
    ids=["html", "list", "other", "no instant", "fields missing"],
)
def test_an_answer_that_is_none_is_refused(is_async, content):
    response = httpx.Response(200, text=content) if isinstance(content, str) else good(content)
    with pytest.raises(UnreadableAnswer):
        ask(Service(response), lambda c: c.score("17850"), is_async=is_async)


@both
def test_fields_of_a_newer_service_are_passed_over(is_async):
    newer = {**ANSWER, "mood": "good", "reasons": [{**ANSWER["reasons"][0], "mood": "good"}]}
    answer = ask(Service(good(newer)), lambda c: c.score("17850"), is_async=is_async)
    assert answer.reasons[0].value == 143.0


@both
def test_each_row_has_its_own_answer_or_problem(is_async):
    failed = {"status": "failed", "problem": {**BUSY, "status": 422}}
    service = Service(good({"results": [ANSWER, failed]}))
    rows = [Row(customer_id="a"), Row(customer_id="b")]
    answer, problem = ask(service, lambda c: c.scores(rows), is_async=is_async)
    assert answer.customer_id == "17850"
    assert (problem.kind, problem.status) == ("busy", 422)


def test_many_rows_are_asked_about_some_at_a_time():
    rows = [Row(customer_id=f"c-{n}") for n in range(5)]
    service = Service(*[good({"results": [ANSWER] * n}) for n in (2, 2, 1)])
    found = ask(service, lambda c: list(c.score_each(iter(rows), batch_size=2)), is_async=False)
    assert [row for row, _ in found] == rows
    assert len({request.headers["Idempotency-Key"] for request in service.requests}) == 3

    async def every(client):
        return [row async for row, _ in client.score_each(rows, batch_size=2)]

    service = Service(*[good({"results": [ANSWER] * n}) for n in (2, 2, 1)])
    assert ask(service, every, is_async=True) == rows


@both
def test_results_that_are_not_one_for_each_row_are_refused(is_async):
    service = Service(good({"results": [ANSWER]}))
    rows = [Row(customer_id="a"), Row(customer_id="b")]
    with pytest.raises(UnreadableAnswer, match="2 results"):
        ask(service, lambda c: c.scores(rows), is_async=is_async)


@pytest.mark.parametrize(
    ("given", "name", "value"),
    [
        ({"api_key": "ebb_1_s"}, "X-Api-Key", "ebb_1_s"),
        ({"token": "abc"}, "Authorization", "Bearer abc"),
        ({"language": "zh"}, "Accept-Language", "zh"),
    ],
)
def test_headers_say_who_asks_and_in_which_language(given, name, value):
    service = Service(good())
    ask(service, lambda c: c.score("17850"), is_async=False, **given)
    assert service.requests[0].headers[name] == value


def test_a_key_is_never_shown():
    exchange = Exchange(base_url=URL, api_key="ebb_1_secret", token="secret")
    assert "secret" not in repr(exchange)
    assert "secret" not in repr(Client(URL, api_key="ebb_1_secret"))


def test_the_address_may_end_with_a_slash_and_lie_below_a_path():
    exchange = Exchange(base_url=f"{URL}/churn/")
    from ebbtide.client.asked import model

    assert str(exchange.request(model()).url) == f"{URL}/churn/v1/model"
