"""What the fast way answers is what the ordinary way answers: status, headers, body and log."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bad_requests.every import TABLES
from ebbtide.answer.written import answer_to_bytes
from small_model import FEATURES, ROW

ONE, MANY = "/v1/score", "/v1/scores"
JSON = {"Content-Type": "application/json"}
TEXT = json.dumps(ROW)
BARE = json.dumps({**ROW, "features": {n: v for n, v in FEATURES.items() if v is not None}})

USUAL = {
    "plain": TEXT,
    "without reasons": json.dumps({**ROW, "reasons": False}),
    "with an interval": json.dumps({**ROW, "interval": True}),
    "with a value": json.dumps({**ROW, "value": 0}),
    "of the past": json.dumps({**ROW, "as_of": "2026-02-28T23:59:59.999999-08:00"}),
    "not to be contacted": json.dumps({**ROW, "contact_opt_out": True}),
    "nulls": json.dumps({**ROW, "as_of": None, "value": None, "reasons": None, "interval": None}),
    "a nullable name left out": BARE,
    "a colon in the id": json.dumps({**ROW, "customer_id": "a:b::c"}),
    "an id in Chinese": json.dumps({**ROW, "customer_id": "客户:一"}, ensure_ascii=False),
    "an id in escapes": json.dumps({**ROW, "customer_id": "客户:一"}),
    "spaces and lines": json.dumps(ROW, indent=3).replace(":", " :\t"),
    "lost": TEXT.replace("143", "400"),
    "minus nothing": TEXT.replace("840.5", "-0"),
    "minus nothing point nothing": TEXT.replace("840.5", "-0.0"),
    "a whole number of many digits": TEXT.replace("840.5", "123456789012345"),
    "an exponent": TEXT.replace("840.5", "8.405E+2"),
    "many digits": TEXT.replace("840.5", "840.50000000000000000000000000001"),
    "tiny": TEXT.replace("840.5", "4e-324"),
    "next to nothing": TEXT.replace("840.5", "1e-400"),
    "as large as may be": TEXT.replace("840.5", "1e15"),
    **{
        f"{number} as a reason and as the value": json.dumps({**ROW, "value": 1.0})
        .replace('"payments_overdue": 0', f'"payments_overdue": {number}')
        .replace('"purchase_days_90d": 0', f'"purchase_days_90d": {min(number, "1", key=float)}')
        .replace('"value": 1.0', f'"value": {number}')
        for number in ("1.6600119e-05", "3e-7", "1e-300", "123456789.125", "1e12")
    },
}
UNUSUAL = {
    "a name twice": TEXT.replace('"recency_days": 143', '"recency_days": 1, "recency_days": 143'),
    "a name twice and one left out": BARE.replace(
        '"recency_days": 143', '"recency_days": 1, "recency_days": 143'
    ),
    "the id twice": TEXT.replace("{", '{"customer_id": "x", ', 1),
    "the id twice, once in escapes": TEXT.replace("{", r'{"customer_\u0069d": "x", ', 1),
    "a name twice with a colon short": TEXT.replace("{", r'{"customer_id": "a\u003ab", ', 1),
    "the features twice": TEXT[:-1] + ', "features": {}}',
    "an unknown name": TEXT[:-1] + ', "extra": 1}',
    "an unknown feature": TEXT.replace("recency_days", "recency_day"),
    "a boolean": TEXT.replace("840.5", "true"),
    "a text": TEXT.replace("840.5", '"840.5"'),
    "too large": TEXT.replace("840.5", "1.1e15"),
    "beyond range": TEXT.replace("840.5", "1e400"),
    "a very long number": TEXT.replace("840.5", "9" * 400),
    "below its range": TEXT.replace("143", "-1"),
    "null that is never null": TEXT.replace("143", "null"),
    "no number": TEXT.replace("840.5", "NaN"),
    "endless": TEXT.replace("840.5", "-Infinity"),
    "a leading nought": TEXT.replace("840.5", "0840"),
    "a trailing comma": TEXT[:-1] + ",}",
    "behind the end": TEXT + " x",
    "nothing": "",
    "spaces only": " \n",
    "a byte order mark": "\ufeff" + TEXT,
    "half a character": json.dumps({**ROW, "customer_id": "\ud800"}),
    "a line break in the id": json.dumps({**ROW, "customer_id": "a\nb"}),
    "an empty id": json.dumps({**ROW, "customer_id": ""}),
    "a long id": json.dumps({**ROW, "customer_id": "x" * 129}),
    "an id that is a number": json.dumps({**ROW, "customer_id": 17}),
    "the future": json.dumps({**ROW, "as_of": "2026-03-02T12:00:01Z"}),
    "no instant": json.dumps({**ROW, "as_of": ""}),
    "a naive instant": json.dumps({**ROW, "as_of": "2026-03-01T00:00:00"}),
    "a value below nothing": json.dumps({**ROW, "value": -1}),
    "a flag that is none": json.dumps({**ROW, "interval": 1}),
    "events beside": json.dumps({**ROW, "events": {}}),
    "no features": json.dumps({"customer_id": "c-1"}),
    "an array": json.dumps([ROW]),
    "deep": "[" * 5000,
}


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
