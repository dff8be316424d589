"""Rows that are under way together are answered together, and each as if it were alone."""

from __future__ import annotations

import asyncio
import json
import threading
import time

import httpx
import pytest
from structlog.testing import capture_logs

from ebbtide.bundle.read import read_bundle
from ebbtide.scorer.compiled import choose
from ebbtide.store.preferences import Preferences, keep_preferences
from ebbtide.store.store import StoreBusy, StoreOutcomeUnknown, StoreUnavailable
from service.app import create_app
from service.fast import answering as fast_answering
from service.fast import groups as fast_groups
from service.fast.groups import AT_ONCE, SLOW_AT_ONCE
from service.fast.reading import RowReader
from service.scoring import answering
from small_model import FEATURES, KEY, NOW


def row(customer_id="c-1", **changes):
    return {"customer_id": customer_id, "features": FEATURES, **changes}


ROWS = [
    row("plain"),
    row("bare", reasons=False),
    row("sure", interval=True),
    row("past", as_of="2026-02-01T00:00:00Z"),
    row("lost", features={**FEATURES, "recency_days": 400}),
    row("twice"),
    row("twice", value=1.0),
    row("wrong", features={**FEATURES, "recency_days": -1}),
    row("stored", features=None),
]


def send_all(app, rows, *, languages=("en",)):
    """Send rows at the same time; return their answers, in their order."""

    async def sent():
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await asyncio.gather(
                *(
                    client.post(
                        "/v1/score",
                        json=each,
                        headers={"Accept-Language": languages[place % len(languages)]},
                    )
                    for place, each in enumerate(rows)
                )
            )

    return asyncio.run(sent())


def lasting(response):
    return {name: each for name, each in response.json().items() if name != "prediction_id"}


def sizes(app):
    """Return how many groups were committed, and how many answers were in them."""
    value = app.state.desk.metrics.registry.get_sample_value
    name = "ebbtide_log_group_predictions"
    return value(f"{name}_count"), value(f"{name}_sum")


@pytest.fixture
def crowded(settings, make_app):
    return make_app(settings.model_copy(update={"max_requests": 1000}))


@pytest.fixture
def make_app(bundle, store):
    made = []

    def make(settings, model=bundle):
        made.append(create_app(settings, model=model, store=store, now=lambda: NOW))
        return made[-1]

    yield make
    for app in made:
        app.state.fast.stop()


def test_each_gets_the_answer_that_it_gets_alone(app):
    alone = [send_all(app, [each])[0] for each in ROWS]
    together = send_all(app, ROWS * 3)
    assert [each.status_code for each in together] == [each.status_code for each in alone] * 3
    assert [lasting(each) for each in together] == [lasting(each) for each in alone] * 3


@pytest.fixture
def hold_first(store, monkeypatch):
    """Let the first commit of an app wait until all other rows have come."""

    def hold(app, *, rows):
        real, held = store.add_predictions, []
        value = app.state.desk.metrics.registry.get_sample_value

        def holding(connection, entries, **more):
            ends_at = time.monotonic() + 10
            while not held and value("ebbtide_queue_requests") < rows - len(entries):
                assert time.monotonic() < ends_at
                time.sleep(0.002)
            held.append(True)
            real(connection, entries, **more)

        monkeypatch.setattr(store, "add_predictions", holding)

    return hold


def test_they_are_committed_together_and_each_is_logged(app, store, hold_first):
    rows = [row(f"c-{number}") for number in range(20)]
    hold_first(app, rows=len(rows))
    answers = send_all(app, rows)
    groups, answered = sizes(app)
    assert answered == 20
    assert groups <= 2
    for each, answer in zip(rows, answers, strict=True):
        (logged,) = store.predictions_of(each["customer_id"])
        assert logged.prediction_id == answer.json()["prediction_id"]


def test_groups_are_bounded(crowded):
    send_all(crowded, [row(f"c-{number}") for number in range(2 * AT_ONCE + 1)])
    groups, answered = sizes(crowded)
    assert answered == 2 * AT_ONCE + 1
    assert groups >= 3


def test_each_is_answered_in_its_language(app):
    answers = send_all(app, [row(f"c-{number}") for number in range(6)], languages=("en", "zh"))
    assert [each.headers["content-language"] for each in answers] == ["en", "zh"] * 3
    assert [each.json()["language"] for each in answers] == ["en", "zh"] * 3


def test_of_one_customer_the_later_one_is_current(app, client):
    answers = send_all(app, [row(value=float(value)) for value in range(8)])
    current = client.get("/v1/customers/c-1/score").json()
    newest = client.get("/v1/customers/c-1/history", params={"limit": 1}).json()
    assert newest["results"][0]["answer"]["prediction_id"] == current["prediction_id"]
    assert current["prediction_id"] == max(each.json()["prediction_id"] for each in answers)


def test_who_has_decided_is_answered_so_and_the_others_as_ever(app, store):
    out = Preferences(profiling_opt_out=True, updated_at=NOW)
    store.database.write(
        lambda connection: keep_preferences(connection, "out", out, database=store.database)
    )
    answers = send_all(app, [row("before"), row("out"), row("behind")])
    assert [each.json()["abstain_code"] for each in answers] == [None, "profiling_opt_out", None]
    assert [len(store.predictions_of(each)) for each in ("before", "out", "behind")] == [1, 1, 1]


@pytest.mark.parametrize("others", [[], ["before", "behind"]])
def test_who_has_decided_is_counted_once(app, store, others):
    out = Preferences(contact_opt_out=True, updated_at=NOW)
    store.database.write(
        lambda connection: keep_preferences(connection, "out", out, database=store.database)
    )
    send_all(app, [row(each) for each in [*others, "out"]])
    value = app.state.desk.metrics.registry.get_sample_value
    count = len(others) + 1
    assert value("ebbtide_rows_total", {"status": "scored"}) == count
    assert value("ebbtide_log_lag_seconds_count") == sizes(app)[0]
    assert sizes(app)[1] == count


def test_a_row_that_breaks_everything_breaks_nothing_of_others(app, store, monkeypatch):
    for module in (fast_answering, answering):
        monkeypatch.setattr(module, "answer_rows", _breaking_at("poison", module.answer_rows))
    with capture_logs() as logs:
        answers = send_all(app, [row("a"), row("poison"), row("b")])
    assert [each.status_code for each in answers] == [200, 500, 200]
    assert [len(store.predictions_of(each)) for each in ("a", "poison", "b")] == [1, 0, 1]
    assert "poison" not in str([each for each in logs if each["event"] == "group_failed"])


def _breaking_at(customer_id, real):
    def breaking(rows, *, questions, **given):
        if any(question.customer_id == customer_id for question in questions):
            raise ZeroDivisionError(customer_id)
        return real(rows, questions=questions, **given)

    return breaking


@pytest.mark.parametrize(
    ("error", "kind", "retry_after"),
    [
        (StoreBusy("record it", waited_seconds=1), "store-busy", "2"),
        (StoreUnavailable("record it"), "store-unavailable", "2"),
        (StoreOutcomeUnknown("record it"), "store-outcome-unknown", None),
    ],
)
def test_without_the_log_nobody_is_answered(app, store, monkeypatch, error, kind, retry_after):
    def failing(*_given, **_more):
        raise error

    monkeypatch.setattr(store, "add_predictions", failing)
    answers = send_all(app, ROWS[:3])
    assert [each.status_code for each in answers] == [503] * 3
    assert {each.json()["type"] for each in answers} == {f"urn:ebbtide:problem:{kind}"}
    assert {each.headers.get("retry-after") for each in answers} == {retry_after}
    assert store.predictions_of("plain") == []


def test_where_that_is_allowed_answers_are_kept_beside_the_log(
    settings, make_app, store, monkeypatch
):
    app = make_app(settings.model_copy(update={"log_required": False}))

    def failing(*_given, **_more):
        raise StoreUnavailable("record it")

    monkeypatch.setattr(store, "add_predictions", failing)
    answers = send_all(app, [row(), row("other", reasons=False)])
    assert [each.json()["warning_codes"] for each in answers] == ["log_spooled"] * 2


def test_no_answer_leaves_before_its_commit_and_who_comes_meanwhile_is_next(
    app, store, monkeypatch
):
    committing, released = threading.Event(), threading.Event()
    real = store.add_predictions

    def slowly(*given, **more):
        committing.set()
        assert released.wait(10)
        real(*given, **more)

    monkeypatch.setattr(store, "add_predictions", slowly)

    async def sent():
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            first = asyncio.create_task(client.post("/v1/score", json=row("first")))
            await asyncio.to_thread(committing.wait, 10)
            later = [
                asyncio.create_task(client.post("/v1/score", json=row(f"later-{number}")))
                for number in range(5)
            ]
            value = app.state.desk.metrics.registry.get_sample_value
            async with asyncio.timeout(10):
                while (waiting := value("ebbtide_queue_requests")) < len(later):
                    await asyncio.sleep(0.002)
            are_answered = [task.done() for task in (first, *later)]
            later[0].cancel()  # it gives up; the others do not
            released.set()
            answers = await asyncio.gather(first, *later, return_exceptions=True)
            return waiting, are_answered, answers

    waiting, are_answered, answers = asyncio.run(sent())
    assert (waiting, are_answered) == (5, [False] * 6)
    assert isinstance(answers[1], asyncio.CancelledError)
    assert [each.status_code for each in (answers[0], *answers[2:])] == [200] * 5
    assert sizes(app)[0] == 2
    assert [len(store.predictions_of(f"later-{number}")) for number in range(5)] == [1] * 5


@pytest.mark.parametrize("counter", ["log_lag", "log_group"])
def test_an_error_behind_the_commit_stops_nobody_who_comes_later(app, store, monkeypatch, counter):
    metric = getattr(app.state.desk.metrics, counter)
    real, errors = metric.observe, [ZeroDivisionError("c-1")]

    def failing_once(value):
        if errors:
            raise errors.pop()
        real(value)

    monkeypatch.setattr(metric, "observe", failing_once)
    with capture_logs() as logs:
        statuses = [each.status_code for each in send_in_turn(app, [row("a"), row("b")])]
    assert statuses == [200, 200]
    assert [each["error"] for each in logs if each["event"] == "group_not_told"] == [
        "ZeroDivisionError"
    ]
    assert "c-1" not in str(logs)
    assert [len(store.predictions_of(each)) for each in "ab"] == [1, 1]


def test_who_cannot_be_told_of_the_commit_is_told_so_and_not_answered_twice(
    app, store, monkeypatch
):
    real, errors = fast_answering.Told.contents, [ZeroDivisionError()]

    def failing_once(told, **given):
        if errors:
            raise errors.pop()
        return real(told, **given)

    monkeypatch.setattr(fast_answering.Told, "contents", failing_once)
    lost, answered = send_in_turn(app, [row("a"), row("b")])
    assert [lost.status_code, answered.status_code] == [503, 200]
    assert lost.json()["type"] == "urn:ebbtide:problem:store-outcome-unknown"
    assert [len(store.predictions_of(each)) for each in "ab"] == [1, 1]


@pytest.mark.parametrize("log_required", [True, False])
def test_what_is_committed_after_all_was_not_answered_twice(
    settings, make_app, store, monkeypatch, log_required
):
    changes = {"log_required": log_required, "store_wait_seconds": 0.05}
    app = make_app(settings.model_copy(update=changes))
    released, real = threading.Event(), store.add_predictions

    def hanging(*given, **more):
        assert released.wait(10)
        real(*given, **more)

    monkeypatch.setattr(store, "add_predictions", hanging)
    (refused,) = send_all(app, [row("slow")])
    assert refused.json()["type"] == "urn:ebbtide:problem:store-outcome-unknown"
    released.set()
    app.state.fast.stop()
    assert len(store.predictions_of("slow")) == 1
    assert app.state.desk.spool.waiting == 0


def test_what_is_no_error_of_a_row_stops_nobody_who_comes_later(app, monkeypatch):
    groups = []

    class Ended(BaseException):
        pass

    real = fast_groups.answer_usual

    def ending_once(rows, **given):
        groups.append(len(rows))
        if len(groups) == 1:
            raise Ended
        return real(rows, **given)

    monkeypatch.setattr(fast_groups, "answer_usual", ending_once)
    statuses = [each.status_code for each in send_in_turn(app, [row("a"), row("b")])]
    assert statuses == [503, 200]


@pytest.fixture
def slow_bundle(make_bundle, monkeypatch):
    """The model where no compiler is installed."""
    monkeypatch.setattr(choose, "find_spec", lambda _name: None)
    return read_bundle(make_bundle(), key=KEY)


@pytest.fixture
def answered(monkeypatch):
    """Note how many rows are answered together, and where."""
    found, real = [], fast_groups.answer_usual

    def noting(rows, **given):
        found.append((len(rows), threading.current_thread().name))
        return real(rows, **given)

    monkeypatch.setattr(fast_groups, "answer_usual", noting)
    return found


def test_without_compiled_code_small_groups_are_answered_in_a_thread(
    settings, make_app, slow_bundle, answered, hold_first
):
    rows = [row(f"c-{number}") for number in range(2 * SLOW_AT_ONCE + 1)]
    quick = send_all(make_app(settings), rows)
    assert {thread for _, thread in answered} == {threading.current_thread().name}
    answered.clear()
    app = make_app(settings, slow_bundle)
    hold_first(app, rows=len(rows))
    slow = send_all(app, rows)
    assert [each.status_code for each in slow] == [200] * len(rows)
    for one, other in zip(slow, quick, strict=True):
        assert one.json()["churn_probability"] == pytest.approx(other.json()["churn_probability"])
    assert all(thread.startswith("groups") for _, thread in answered)
    assert sum(count for count, _ in answered) == len(rows)
    assert max(count for count, _ in answered) == SLOW_AT_ONCE


def test_while_a_slow_group_is_scored_the_loop_answers_others(
    settings, make_app, slow_bundle, monkeypatch
):
    app = make_app(settings, slow_bundle)
    is_scoring, released = threading.Event(), threading.Event()
    waits, real = [], fast_groups.answer_usual

    def slowly(rows, **given):
        is_scoring.set()
        waits.append(released.wait(5))
        return real(rows, **given)

    monkeypatch.setattr(fast_groups, "answer_usual", slowly)

    async def sent():
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            scoring = asyncio.create_task(client.post("/v1/score", json=row("a")))
            await asyncio.to_thread(is_scoring.wait, 5)
            alive = await client.get("/livez")
            is_answered = scoring.done()
            released.set()
            return alive, is_answered, await scoring

    alive, is_answered, scored = asyncio.run(sent())
    assert waits == [True]
    assert (alive.status_code, is_answered, scored.status_code) == (200, False, 200)


def test_a_slow_row_that_breaks_everything_breaks_nothing_of_others(
    settings, make_app, slow_bundle, monkeypatch
):
    for module in (fast_answering, answering):
        monkeypatch.setattr(module, "answer_rows", _breaking_at("poison", module.answer_rows))
    answers = send_all(make_app(settings, slow_bundle), [row("a"), row("poison"), row("b")])
    assert [each.status_code for each in answers] == [200, 500, 200]


def test_a_slow_group_that_fails_stops_nobody_who_comes_later(
    settings, make_app, slow_bundle, monkeypatch
):
    for module in (fast_answering, answering):
        monkeypatch.setattr(module, "answer_rows", _breaking_at("poison", module.answer_rows))
    answers = send_in_turn(make_app(settings, slow_bundle), [row("poison"), row("b")])
    assert [each.status_code for each in answers] == [500, 200]


def test_rows_that_ask_two_models_at_the_same_time_are_answered_each_by_its_own(
    app, bundle, make_bundle
):
    other = read_bundle(make_bundle(2.0), key=KEY)
    asked = [bundle, bundle, other, bundle]

    async def answers():
        loop = asyncio.get_running_loop()
        groups = app.state.fast._here(app.state.desk, loop).groups
        readers = {each.version: RowReader(each, max_values=1000) for each in asked}
        futures = [
            groups.ask(
                reader.read(json.dumps(row()).encode(), now=NOW), reader=reader, language="en"
            )
            for reader in (readers[each.version] for each in asked)
        ]
        return [json.loads(each) for each in await asyncio.gather(*futures)]

    said = asyncio.run(answers())
    assert [each["model_version"] for each in said] == [each.version for each in asked]
    assert said[0]["churn_probability"] == said[3]["churn_probability"]
    assert said[0]["churn_probability"] != said[2]["churn_probability"]


def send_in_turn(app, rows):
    """Send rows one after another; each must be answered within seconds."""

    async def sent():
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return [
                await asyncio.wait_for(client.post("/v1/score", json=each), timeout=5)
                for each in rows
            ]

    return asyncio.run(sent())
