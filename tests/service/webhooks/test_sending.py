"""The client that webhooks are sent with: one connection for one message, and no way round."""

from __future__ import annotations

import base64
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ebbtide.store.webhooks import Due, Webhook
from service.webhooks.sending import Sender, web_client
from small_model import NOW

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.server.heard.append((self.client_address[1], self.headers["host"], self.path))
        if self.path == "/trickles":
            self._trickle()
            return
        self.send_response(307 if self.path == "/moved" else 200)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _trickle(self):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        with suppress(OSError):
            for _ in range(3_000):
                self.wfile.write(b"a")
                time.sleep(0.02)
        self.close_connection = True

    def log_message(self, *_args):
        pass


@pytest.fixture
def server():
    made = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    made.heard = []
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.fixture
def send(server):
    """Send a message to a path of a host; all hosts have one address."""
    with web_client() as client:
        sender = Sender(
            client=client,
            allow_private=True,
            resolve=lambda *_: ["127.0.0.1"],
            deadline_seconds=0.3,
        )

        def send(host, path="/hook"):
            webhook = Webhook(
                webhook_id="w",
                url=f"http://{host}:{server.server_port}{path}",
                kinds=(),
                description="",
                secret=SECRET,
                old_secret=None,
                old_secret_until=None,
                is_enabled=True,
                disabled_because=None,
                failing_since=None,
                created_at=NOW,
            )
            return sender.send(
                Due(webhook=webhook, message_id="m", body=b"{}", attempts=0), now=NOW
            )

        yield send


def test_no_message_goes_through_the_connection_of_another_host(server, send):
    """Whose certificate was checked is the other one: they may be strangers at one address."""
    for host in ("a.example", "b.example"):
        assert send(host).error is None
    assert len({port for port, _, _ in server.heard}) == 2


def test_an_answer_that_trickles_in_holds_nobody_up(send):
    began = time.monotonic()
    outcome = send("a.example", "/trickles")
    assert (outcome.status, outcome.error) == (None, "timeout")
    assert time.monotonic() - began < 20  # all of it would take a minute


def test_no_redirect_is_followed(server, send):
    assert send("a.example", "/moved").status == 307
    assert [path for _, _, path in server.heard] == ["/moved"]


def test_no_proxy_of_the_environment_is_used(server, send, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with web_client() as client:
        assert client.post(f"http://127.0.0.1:{server.server_port}/hook").status_code == 200
