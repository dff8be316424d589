"""Heads and addresses: cursors, queries, media types, languages, keys, and where webhooks go."""

from __future__ import annotations

import base64
import ipaddress
import json
from datetime import datetime
from urllib.parse import unquote_to_bytes, urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request

from fuzz.target import Target
from service.access.credentials import KEY_HEADER, UnclearCredentialsError, credential_of
from service.customer_id import _customer_id
from service.idempotency import HEADER, _key
from service.language import negotiate
from service.looking_up.asked import check_query, checked_action, checked_instant
from service.media_type import is_plain_json_wanted, quality_of
from service.paging import read_cursor
from service.problems import ProblemError
from service.webhooks.addresses import ForbiddenAddress, is_public, parse_target

_KINDS: tuple[tuple[type, ...], ...] = ((int, str), (datetime, str), (str,), ())
_KNOWN = ("band", "updated_since", "cursor", "limit", "action")


def _cursor(data: bytes) -> None:
    kinds = _KINDS[data[0] % len(_KINDS)] if data else ()
    place = read_cursor(data[1:].decode("latin-1"), "scores", kinds=kinds)
    assert place is not None
    assert len(place) == len(kinds)
    assert all(isinstance(each, kind) for each, kind in zip(place, kinds, strict=True))


def _cursor_inside(data: bytes) -> None:
    kinds = _KINDS[data[0] % len(_KINDS)] if data else ()
    read_cursor(base64.urlsafe_b64encode(data[1:]).decode().rstrip("="), "scores", kinds=kinds)


def _request(query: bytes = b"", **headers: bytes) -> Request:
    given = [(name.replace("_", "-").encode(), value) for name, value in headers.items()]
    return Request({"type": "http", "query_string": query, "headers": given, "method": "GET"})


def _query(data: bytes) -> None:
    request = _request(data)
    check_query(request, _KNOWN)
    checked_instant("updated_since", request.query_params.get("updated_since"))
    checked_action(request.query_params.get("action"))


def _customer(data: bytes) -> None:
    path = b"/v1/customers/" + data
    request = Request({"type": "http", "raw_path": path, "headers": [], "method": "GET"})
    told = _customer_id(request, unquote_to_bytes(data).decode("utf-8", errors="surrogateescape"))
    assert told.encode() == unquote_to_bytes(data)
    assert "\0" not in told


def _heads(data: bytes) -> None:
    text = data.decode("latin-1")
    for media_type in ("application/json", "text/csv"):
        assert 0.0 <= quality_of(media_type, accept=text) <= 1.0
    is_plain_json_wanted(text)
    assert negotiate(text) in ("en", "zh")


def _credentials(data: bytes) -> None:
    one, _, other = data.partition(b"\n")
    found = credential_of(
        Headers(
            raw=[(b"authorization", one), (KEY_HEADER.lower().encode(), other)][: 1 + bool(other)]
        )
    )
    assert found is not None
    assert found.isascii()
    assert found.isprintable()


def _idempotency(data: bytes) -> None:
    key = _key(_request(**{HEADER.lower().replace("-", "_"): data}))
    assert key is not None
    assert 1 <= len(key) <= 255


def _webhook(data: bytes) -> None:
    url = data[1:].decode("utf-8", errors="surrogateescape")
    target = parse_target(url, allow_private=bool(data and data[0] & 1))
    target.host_header.encode("ascii")
    split = urlsplit(target.at("192.0.2.7"))
    assert (split.hostname, split.port, split.username) == ("192.0.2.7", target.port, None)
    if not data[0] & 1:
        assert target.scheme == "https"
        try:
            address = ipaddress.ip_address(target.host)
        except ValueError:
            return
        assert is_public(address)


_BEFORE = json.dumps(["scores", 7, "c-1"]).encode()
_LATER = json.dumps(["scores", "2026-01-01T00:00:00+00:00", "c-1"]).encode()


def targets() -> dict[str, Target]:
    """Return the targets of this module by name."""
    return {
        "cursors": Target(
            feed=_cursor,
            seeds=tuple(
                bytes([kinds]) + base64.urlsafe_b64encode(each)
                for kinds, each in enumerate((_BEFORE, _LATER))
            ),
            expected=(ProblemError,),
            max_bytes=512,
        ),
        "within cursors": Target(
            feed=_cursor_inside,
            seeds=(b"\0" + _BEFORE, b"\1" + _LATER),
            expected=(ProblemError,),
            max_bytes=400,
        ),
        "queries": Target(
            feed=_query,
            seeds=(
                b"band=high&updated_since=2026-01-01T00%3A00%3A00Z&limit=5",
                b"action=call&cursor=x",
            ),
            expected=(ProblemError,),
            words=(b"updated_since=", b"action=", b"%00", b"%ed%a0%80", b"+"),
        ),
        "customers": Target(
            feed=_customer, seeds=(b"c-1", "é".encode()), expected=(ProblemError,), max_bytes=256
        ),
        "media types and languages": Target(
            feed=_heads,
            seeds=(b"text/html, application/*;q=0.5, */*;q=0.1", b"zh-CN,zh;q=0.9,en;q=0.8,*"),
            words=(b"q=", b"application/", b"problem+json", b"inf", b"nan", b"1e999", b"*"),
            max_bytes=65_536,
        ),
        "credentials": Target(
            feed=_credentials,
            seeds=(b"Bearer abc", b"Bearer abc\nabc", b"bearer\tabc"),
            expected=(UnclearCredentialsError,),
        ),
        "idempotency keys": Target(
            feed=_idempotency, seeds=(b"a-key", b"\xff", b" "), expected=(ProblemError,)
        ),
        "webhook addresses": Target(
            feed=_webhook,
            seeds=(
                b"\0https://crm.example:8443/hook?a=1",
                b"\1http://10.0.0.1/",
                b"\0https://[2001:db8::1]:443/",
                b"\0https://0x7f.1/",
            ),
            expected=(ForbiddenAddress,),
            words=(b"https://", b"@", b"[::ffff:", b"%2e", b"localhost", b"127.0.0.1", b"\\"),
        ),
    }
