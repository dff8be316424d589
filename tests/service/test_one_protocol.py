"""A request that asks for another protocol has its own body, and nothing after it is run."""

from __future__ import annotations

import httptools
import pytest

from service.one_protocol import OneProtocol

UPGRADES = {
    "h2c": b"Connection: Upgrade\r\nUpgrade: h2c\r\n",
    "as curl sends it": b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
    b"HTTP2-Settings: AAMAAABkAAQAAP__\r\n",
    "websocket": b"Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n",
    "TLS": b"Connection: Upgrade\r\nUpgrade: TLS/1.0\r\n",
}
WITHIN = b"GET /hidden HTTP/1.1\r\nHost: localhost\r\n\r\n"
SIZED = b"Content-Length: %d\r\n\r\n" % len(WITHIN) + WITHIN
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(WITHIN), WITHIN)


class Heard:
    """What a connection would hear: the requests, each with its body and whether it is whole."""

    def __init__(self):
        self.headers, self.requests, self.may_follow = [], [], None
        self.parser = OneProtocol(self)

    def on_message_begin(self):
        self.headers, self.url = [], b""

    def on_url(self, url):
        self.url += url

    def on_header(self, name, value):
        self.headers.append((name.lower(), value))

    def on_headers_complete(self):
        self.may_follow = self.parser.should_keep_alive()
        self.requests.append([self.parser.get_method(), self.url, b"", False])

    def on_body(self, body):
        assert not self.requests[-1][3]
        self.requests[-1][2] += body

    def on_message_complete(self):
        assert not self.requests[-1][3]
        self.requests[-1][3] = True


def heard(*pieces):
    it = Heard()
    for piece in pieces:
        it.parser.feed_data(piece)
    return it


@pytest.mark.parametrize("upgrade", UPGRADES.values(), ids=UPGRADES)
@pytest.mark.parametrize("body", [SIZED, CHUNKED], ids=["sized", "chunked"])
@pytest.mark.parametrize("size", [1, 7, 10_000], ids=["byte by byte", "in pieces", "at once"])
def test_the_body_is_the_body_however_it_comes(upgrade, body, size):
    data = b"POST /a HTTP/1.1\r\nHost: localhost\r\n" + upgrade + body + WITHIN
    it = heard(*(data[at : at + size] for at in range(0, len(data), size)))
    assert it.requests == [[b"POST", b"/a", WITHIN, True]]
    assert not it.may_follow


def test_a_body_in_a_packet_of_its_own_is_no_request():
    head, body = SIZED[: -len(WITHIN)], SIZED[-len(WITHIN) :]
    it = heard(b"POST /a HTTP/1.1\r\n" + UPGRADES["h2c"] + head, body)
    assert it.requests == [[b"POST", b"/a", WITHIN, True]]


@pytest.mark.parametrize("method", [b"GET", b"CONNECT"])
def test_without_a_body_the_request_is_whole_with_its_head(method):
    it = heard(method + b" /a HTTP/1.1\r\n" + UPGRADES["h2c"] + b"\r\n")
    assert it.requests == [[method, b"/a", b"", True]]


def test_nothing_that_follows_is_run_or_refused():
    it = heard(b"GET /a HTTP/1.1\r\n" + UPGRADES["h2c"] + b"\r\n" + WITHIN)
    for later in (WITHIN, b"\0\xff", b"x" * 100_000, b"\r\n", WITHIN):
        it.parser.feed_data(later)
    assert len(it.requests) == 1


def test_a_request_before_it_is_read_as_ever():
    it = heard(WITHIN + b"POST /a HTTP/1.1\r\n" + UPGRADES["h2c"] + SIZED)
    assert it.requests == [[b"GET", b"/hidden", b"", True], [b"POST", b"/a", WITHIN, True]]


@pytest.mark.parametrize("body", [SIZED, CHUNKED], ids=["sized", "chunked"])
def test_without_a_connection_header_it_is_no_upgrade_and_others_may_follow(body):
    it = heard(b"POST /a HTTP/1.1\r\nUpgrade: h2c\r\n" + body + WITHIN)
    assert [each[1] for each in it.requests] == [b"/a", b"/hidden"]
    assert it.may_follow


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
        b"Content-Length: 3\r\nContent-Length: 4\r\n\r\n",
        b"Content-Length: +3\r\n\r\n",
        b"Transfer-Encoding: chunked, identity\r\n\r\n",
        b"Transfer-Encoding: xchunked\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n-3\r\nabc",
    ],
)
def test_what_says_in_two_ways_where_the_body_ends_is_malformed_here_too(framing):
    with pytest.raises(httptools.HttpParserError):
        heard(b"POST /a HTTP/1.1\r\n" + UPGRADES["h2c"] + framing)
