"""What the fast way answers is what the ordinary way answers: status, headers, body and log."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rows_as_sent import BARE, TEXT, UNUSUAL, USUAL

from bad_requests.every import TABLES
from ebbtide.answer.written import answer_to_bytes
from small_model import FEATURES, ROW

ONE, MANY = "/v1/score", "/v1/scores"
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("text", USUAL.values(), ids=USUAL)
def test_a_usual_row_is_answered_alike_and_fast(both, text):
    before = both.taken
    assert both.send("POST", ONE, content=text.encode(), headers=JSON).status_code == 200
    rows = f'{{"rows": [{text}, {text}]}}'
    assert both.send("POST", MANY, content=rows.encode(), headers=JSON).status_code == 200
    assert both.taken == before + 2
    both.logged(json.loads(text)["customer_id"])


@pytest.mark.parametrize("text", UNUSUAL.values(), ids=UNUSUAL)
def test_an_unusual_row_goes_the_ordinary_way(both, text):
    before = both.taken
    content = text.encode("utf-8", "surrogatepass")
    both.send("POST", ONE, content=content, headers=JSON)
    both.send("POST", MANY, content=b'{"rows": [%b]}' % content, headers=JSON)
    both.send("POST", MANY, content=b'{"rows": [%b, %b]}' % (TEXT.encode(), content), headers=JSON)
    assert both.taken == before
    both.logged("c-1")


BODIES = {
    "no rows": '{"rows": []}',
    "too many rows": json.dumps({"rows": [{"customer_id": "c"}] * 21}),
    "rows twice": f'{{"rows": [], "rows": [{TEXT}]}}',
    "rows twice in escapes": f'{{"\\u0072ows": [], "rows": [{TEXT}]}}',
    "more beside rows": f'{{"rows": [{TEXT}], "more": 1}}',
    "one without name": f"[{TEXT}]",
    "bytes that are no letters": '{"rows": [{"customer_id": "\udcff"}]}',
}


@pytest.mark.parametrize("text", BODIES.values(), ids=BODIES)
def test_an_unusual_list_goes_the_ordinary_way(both, text):
    before = both.taken
    content = text.encode("utf-8", "surrogateescape")
    both.send("POST", MANY, content=content, headers=JSON)
    assert both.taken == before


HEADS = {
    "chinese": ({"Accept-Language": "zh-CN, en;q=0.5"}, True),
    "no language that is known": ({"Accept-Language": "fr"}, True),
    "a long list of languages": ({"Accept-Language": "fr, " * 60 + "zh"}, True),
    "a charset": ({"Content-Type": "application/json; charset=utf-8"}, True),
    "another charset": ({"Content-Type": "application/json; charset=utf-16"}, False),
    "another charset in capitals": ({"Content-Type": 'Application/JSON;charset="UTF-8"'}, False),
    "no type": ({"Content-Type": "text/plain"}, False),
    "compressed": ({"Content-Encoding": "gzip"}, False),
    "a key of its own": ({"Idempotency-Key": "k-1"}, False),
    "a bad key of its own": ({"Idempotency-Key": "k" * 256}, False),
    "json accepted only": ({"Accept": "application/json"}, True),
    "nothing accepted": ({"Accept": "text/html;q=0"}, True),
    "no good key": ({"Authorization": "Bearer ebb_nonsense"}, False),
    "no key at all": ({"Authorization": "Basic abc"}, False),
    "forwarded": ({"X-Forwarded-For": "1.2.3.4"}, False),
}


@pytest.mark.parametrize(("headers", "is_usual"), HEADS.values(), ids=HEADS)
@pytest.mark.parametrize(("path", "text"), [(ONE, TEXT), (MANY, f'{{"rows": [{TEXT}]}}')])
def test_heads_are_read_alike(both, path, text, headers, is_usual):
    before = both.taken
    both.send("POST", path, content=text.encode(), headers={**JSON, **headers})
    assert both.taken == before + is_usual


@pytest.mark.parametrize("path", [ONE, MANY])
def test_bodies_in_pieces_and_too_large_ones_are_read_alike(make_both, path):
    services = make_both()
    text = TEXT if path == ONE else f'{{"rows": [{TEXT}]}}'
    pieces = [text[:9].encode(), text[9:].encode()]
    for client in (services.fast, services.ordinary):
        assert client.post(path, content=iter(pieces), headers=JSON).status_code == 200
    services.send("POST", path, content=b" " * 20_001, headers=JSON)
    services.send("POST", path, content=b"," * 3_000, headers=JSON)


@pytest.mark.parametrize(
    "bad",
    [
        bad
        for table in TABLES.values()
        for bad in table
        if (bad.target or bad.route.split()[-1]).startswith((ONE, "/v1/customers"))
    ],
    ids=str,
)
def test_bad_requests_are_refused_alike(both, bad):
    headers = [
        (name.encode(), value if isinstance(value, bytes) else value.encode())
        for name, value in bad.headers.items()
    ]
    both.send(bad.method, bad.path, content=bad.content, headers=headers)


@pytest.mark.parametrize("method", ["GET", "PUT", "OPTIONS", "DELETE"])
def test_other_methods_are_refused_alike(both, method):
    both.send(method, ONE)


json_text = st.text(alphabet='{}[],:"\\ue+-.0123456789 abcdefinorsty_é\n\x00\ud800', max_size=30)


@pytest.mark.property
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([TEXT, BARE]), json_text, st.data())
def test_any_change_of_a_usual_text_is_answered_alike(both, text, changed, data):
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 12)))
    content = (text[:start] + changed + text[end:]).encode("utf-8", "surrogatepass")
    both.send("POST", ONE, content=content, headers=JSON)
    both.send("POST", MANY, content=b'{"rows":[%b]}' % content, headers=JSON)


numbers = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.integers(-(10**25), 10**25).map(str),
    st.from_regex(r"-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,3})?", fullmatch=True),
)


@pytest.mark.property
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(numbers)
def test_every_number_is_read_to_the_same_bits(both, number):
    text = TEXT.replace("840.5", number).replace("c-1", f"number {number}"[:128])
    answer = both.send("POST", ONE, content=text.encode(), headers=JSON)
    if answer.status_code == 200:
        both.logged(f"number {number}"[:128])


@pytest.mark.parametrize("number", [1.6600119e-05, 3e-7, 1e-300, 840.5, 123456789.125, 1e12])
def test_an_answer_is_the_same_bytes_wherever_it_is_said_again(make_both, number):
    services = make_both()
    raising = "purchase_days_90d" if number < 1 else "payments_overdue"
    features = {**FEATURES, raising: number}
    body = {**ROW, "features": features, "value": number}
    for client in (services.fast, services.ordinary):
        for headers in ({"Idempotency-Key": "k-1"}, {}):
            first = client.post("/v1/score", json=body, headers=headers)
            assert first.status_code == 200
            assert number in [reason["value"] for reason in first.json()["reasons"]]
            if headers:
                again = client.post("/v1/score", json=body, headers=headers)
                assert again.headers["idempotency-replayed"] == "true"
                assert again.content == first.content
            assert client.get("/v1/customers/c-1/score").content == first.content
            logged = client.app.state.desk.store.predictions_of("c-1")[-1]
            assert answer_to_bytes(logged) == first.content


def test_an_answer_that_is_adapted_is_the_same_bytes_as_one_that_was_given_so(make_both):
    services = make_both()
    body = {**ROW, "features": {**FEATURES, "purchase_days_90d": 1.6600119e-05}}
    given = services.send("POST", ONE, json=body, headers={"Accept-Language": "zh"})
    services.send("POST", ONE, json=body, headers={"Accept-Language": "en"})
    adapted = services.send("GET", "/v1/customers/c-1/score", headers={"Accept-Language": "zh"})
    assert _without_id(adapted.content) == _without_id(given.content)


def _without_id(content):
    return re.sub(rb'(?<="prediction_id":")[^"]*', b"", content)
