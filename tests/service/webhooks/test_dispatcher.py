"""Deliveries arrive, are tried again, and are given up; one that is stuck holds up no other."""

from __future__ import annotations

import base64
import json
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import httpx
import pytest
from sqlalchemy import select

from ebbtide.store.outbox import enqueue
from ebbtide.store.schema.webhooks import WEBHOOK_DELIVERIES
from ebbtide.store.sql import open_store
from ebbtide.store.webhooks import Webhook, add_webhook, change_webhook, find_webhook
from ebbtide.webhook_signature import verify
from service.webhooks.dispatcher import RETRY_AFTER_SECONDS, Dispatcher
from service.webhooks.sending import Sender

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
OLD = "whsec_" + base64.b64encode(b"o" * 32).decode()
WEBHOOK = Webhook(
    webhook_id="w1",
    url="https://crm.example/hook",
    kinds=("job.finished",),
    description="",
    secret=SECRET,
    old_secret=None,
    old_secret_until=None,
    is_enabled=True,
    disabled_because=None,
    failing_since=None,
    created_at=NOW,
)


class Receiver:
    """The other side: notes what comes, and answers as it is told."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.answer: int | Exception = 200

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return httpx.Response(self.answer, headers={"Location": "https://elsewhere.example/"})


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def receiver():
    return Receiver()


@pytest.fixture
def database(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/s.db")
    store.database.write(partial(add_webhook, webhook=WEBHOOK))
    yield store.database
    store.close()


@pytest.fixture
def dispatcher(database, receiver, clock):
    made = Dispatcher(
        database=database,
        sender=Sender(
            client=httpx.Client(transport=httpx.MockTransport(receiver)),
            allow_private=False,
            resolve=lambda *_: ["203.0.114.1"],
        ),
        now=clock,
        poll_seconds=0.01,
        random=lambda: 0.0,
    )
    yield made
    made.stop()


def tell(database, at=NOW):
    database.write(partial(enqueue, kind="job.finished", data={"job_id": "j"}, at=at))


def tried(dispatcher):
    taken = dispatcher.take()
    for due in taken:
        dispatcher.deliver(due)
    return len(taken)


def delivery(database):
    with database.read() as connection:
        return connection.execute(select(WEBHOOK_DELIVERIES)).one()


def test_a_message_arrives_signed_at_the_checked_address(dispatcher, database, receiver):
    tell(database)
    assert tried(dispatcher) == 1
    (request,) = receiver.requests
    assert str(request.url) == "https://203.0.114.1/hook"
    assert request.headers["host"] == "crm.example"
    assert request.extensions["sni_hostname"] == "crm.example"
    verify(request.content, request.headers, secret=SECRET, now=NOW)
    kept = delivery(database)
    assert (kept.state, kept.attempts, kept.last_status) == ("delivered", 1, 200)
    assert tried(dispatcher) == 0


def test_both_secrets_sign_until_the_old_one_ends(dispatcher, database, receiver, clock):
    changes = {"old_secret": OLD, "old_secret_until": NOW + timedelta(hours=24)}
    database.write(partial(change_webhook, webhook_id="w1", changes=changes))
    tell(database)
    tried(dispatcher)
    clock.now = NOW + timedelta(hours=24)
    tell(database, at=clock.now)
    tried(dispatcher)
    first, second = (request.headers["webhook-signature"] for request in receiver.requests)
    assert (len(first.split()), len(second.split())) == (2, 1)
    verify(receiver.requests[0].content, receiver.requests[0].headers, secret=OLD, now=NOW)


@pytest.mark.parametrize(
    ("answer", "status", "error"),
    [
        (500, 500, "refused"),
        (302, 302, "refused"),
        (httpx.ConnectError("no"), None, "ConnectError"),
        (httpx.ReadTimeout("no"), None, "timeout"),
    ],
)
def test_what_failed_is_tried_again_under_the_same_id(
    dispatcher, database, receiver, clock, answer, status, error
):
    receiver.answer = answer
    tell(database)
    tried(dispatcher)
    kept = delivery(database)
    assert (kept.state, kept.attempts) == ("waiting", 1)
    assert (kept.last_status, kept.last_error) == (status, error)
    assert kept.due_at == NOW + timedelta(seconds=RETRY_AFTER_SECONDS[0])
    assert tried(dispatcher) == 0  # not before its time
    clock.now = kept.due_at
    receiver.answer = 204
    assert tried(dispatcher) == 1
    assert delivery(database).state == "delivered"
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1
    assert len(receiver.requests) == 2  # no redirect was followed


def test_after_the_last_pause_a_delivery_is_given_up(dispatcher, database, receiver, clock):
    receiver.answer = 500
    tell(database)
    for _ in RETRY_AFTER_SECONDS:
        assert tried(dispatcher) == 1
        clock.now = delivery(database).due_at
    assert tried(dispatcher) == 1
    assert delivery(database).state == "dead"
    clock.now += timedelta(days=30)
    assert tried(dispatcher) == 0


def test_who_answers_gone_is_told_nothing_more(dispatcher, database, receiver):
    receiver.answer = 410
    tell(database)
    tried(dispatcher)
    with database.read() as connection:
        webhook = find_webhook(connection, "w1")
    assert (webhook.is_enabled, webhook.disabled_because) == (False, "gone")
    tell(database)
    assert tried(dispatcher) == 0


def test_who_fails_for_five_days_is_told_nothing_more(dispatcher, database, receiver, clock):
    receiver.answer = 500
    tell(database)
    tried(dispatcher)
    clock.now = NOW + timedelta(days=5, seconds=1)
    tried(dispatcher)
    with database.read() as connection:
        webhook = find_webhook(connection, "w1")
    assert (webhook.is_enabled, webhook.disabled_because) == (False, "failing")


def test_one_that_arrives_ends_the_failing(dispatcher, database, receiver, clock):
    receiver.answer = 500
    tell(database)
    tried(dispatcher)
    receiver.answer = 200
    clock.now = delivery(database).due_at
    tried(dispatcher)
    with database.read() as connection:
        assert find_webhook(connection, "w1").failing_since is None


def test_a_webhook_whose_name_moved_to_us_is_not_called(database, receiver, clock, dispatcher):
    object.__setattr__(dispatcher._sender, "resolve", lambda *_: ["127.0.0.1"])
    tell(database)
    tried(dispatcher)
    assert receiver.requests == []
    assert delivery(database).last_error == "forbidden_address"


def test_a_killed_process_sends_again_when_its_lease_ends(dispatcher, database, clock):
    tell(database)
    assert len(dispatcher.take()) == 1  # and then it is killed
    dispatcher._under_way.clear()
    assert dispatcher.take() == []
    clock.now = NOW + timedelta(seconds=61)
    assert tried(dispatcher) == 1
    assert delivery(database).state == "delivered"


def test_a_slow_webhook_holds_up_no_other(dispatcher, database, receiver):
    database.write(partial(add_webhook, webhook=replace(WEBHOOK, webhook_id="w2")))
    tell(database)
    tell(database)
    first = dispatcher.take()
    assert sorted(due.webhook.webhook_id for due in first) == ["w1", "w2"]
    dispatcher.deliver(next(due for due in first if due.webhook.webhook_id == "w2"))
    (again,) = dispatcher.take()  # w1 is still busy with its first one
    assert again.webhook.webhook_id == "w2"


def test_it_delivers_by_itself(dispatcher, database, receiver):
    dispatcher.start()
    tell(database)
    for _ in range(500):
        if receiver.requests:
            break
        threading.Event().wait(0.01)
    assert len(receiver.requests) == 1


def test_many_messages_go_one_after_another_without_a_pause(database, receiver, clock):
    slow_poll = Dispatcher(
        database=database,
        sender=Sender(
            client=httpx.Client(transport=httpx.MockTransport(receiver)),
            allow_private=False,
            resolve=lambda *_: ["203.0.114.1"],
        ),
        now=clock,
        poll_seconds=60,
        random=lambda: 0.0,
    )
    for _ in range(5):
        tell(database)
    slow_poll.start()
    for _ in range(500):
        if len(receiver.requests) == 5:
            break
        threading.Event().wait(0.01)
    slow_poll.stop()
    assert len(receiver.requests) == 5


def test_what_is_about_the_service_goes_before_what_is_about_customers(
    dispatcher, database, receiver
):
    wants = {"kinds": ["risk_band.changed", "job.finished"]}
    database.write(partial(change_webhook, webhook_id="w1", changes=wants))
    band = {"customer_id": "c"}
    early = NOW - timedelta(hours=1)
    database.write(partial(enqueue, kind="risk_band.changed", data=band, at=early))
    tell(database)
    tried(dispatcher)
    assert json.loads(receiver.requests[0].content)["type"] == "job.finished"
