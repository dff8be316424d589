"""More requests than a service can bear, at a rate of their own: a process that sends and counts.

``python -m benchmarks.fault_kinds.flood HOST PORT REQUESTS_A_SECOND SECONDS CONNECTIONS``. Requests
are sent when they are due, whether those before were answered or not: on a kept connection that is
idle, or else on a new one. ``CONNECTIONS`` is how many may be open; what finds none is counted as
unsent. A rate of 0 sends on each of so many connections as soon as it is answered, which measures
what the service can bear. Prints one JSON object. It uses no more of the machine than it must:
bytes that were made before, and one wait for whatever comes.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time
from collections import Counter

import numpy as np

ROWS = 100
PATIENCE_SECONDS = 10.0
"""How long what was sent may take to be answered when no more is sent."""

_FEATURES = {
    "recency_days": 143,
    "spend_365d": 840.5,
    "purchase_days_90d": 0,
    "discount_share_365d": 0.25,
    "complaints_90d": 2,
    "complaint_open_days": None,
    "payments_overdue": 0,
}
_SCORED = b'"status":"scored"'
_REFUSED = (429, 503)
_READ_BYTES = 1 << 18


def request() -> bytes:
    """Return a request of a hundred rows."""
    rows = [{"customer_id": f"f{number}", "features": _FEATURES} for number in range(ROWS)]
    body = json.dumps({"rows": rows}).encode()
    head = (
        "POST /v1/scores HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class _Client:
    """A connection with at most one request on it."""

    __slots__ = ("due", "received", "socket", "unsent")

    def __init__(self, made: socket.socket) -> None:
        self.socket = made
        self.received, self.unsent = b"", b""
        self.due = 0.0


class Flood:
    """Sends, and counts what comes back.

    Parameters
    ----------
    address : host and port.
    connections : how many may be open at once.
    """

    def __init__(self, address: tuple[str, int], connections: int) -> None:
        self.statuses: Counter[int] = Counter()
        self.refused_seconds: list[float] = []
        self.without_retry = self.unscored = 0
        self.sent = self.unsent = self.cut = self.unanswered = self.most_open = 0
        self._address = address
        self._connections = connections
        self._request = request()
        self._poll = select.epoll()
        self._all: dict[int, _Client] = {}
        self._idle: list[_Client] = []

    def send_at(self, rate: float, seconds: float) -> None:
        """Send so many requests a second, evenly, and wait for what is still to come."""
        began = time.perf_counter()
        count = 0
        while (now := time.perf_counter()) < began + seconds:
            while (due := began + count / rate) <= now:
                count += 1
                self._ask(due)
            self._look(due - now)
        self._wait_for_all(PATIENCE_SECONDS)

    def send_in_turn(self, seconds: float) -> None:
        """Send on each connection as soon as it is answered."""
        ends_at = time.perf_counter() + seconds
        while (now := time.perf_counter()) < ends_at:
            while self._idle or len(self._all) < self._connections:
                self._ask(now)
            self._look(ends_at - now)

    def _wait_for_all(self, seconds: float) -> None:
        """Wait until all is answered, but no longer than that."""
        ends_at = time.perf_counter() + seconds
        while len(self._all) > len(self._idle) and time.perf_counter() < ends_at:
            self._look(0.1)
        self.unanswered = len(self._all) - len(self._idle)

    def to_json(self, seconds: float) -> dict[str, object]:
        """Return the figures of so many seconds."""
        refused = self.refused_seconds
        return {
            "seconds": seconds,
            "sent": self.sent,
            "unsent": self.unsent,
            "cut": self.cut,
            "unanswered": self.unanswered,
            "most_open": self.most_open,
            "statuses": dict(self.statuses),
            "unscored": self.unscored,
            "without_retry": self.without_retry,
            "refused_p50_ms": float(np.quantile(refused, 0.5)) * 1000 if refused else None,
            "refused_p99_ms": float(np.quantile(refused, 0.99)) * 1000 if refused else None,
        }

    def _ask(self, due: float) -> None:
        if not self._idle and not self._opened():
            self.unsent += 1
            return
        client = self._idle.pop()
        client.received, client.unsent, client.due = b"", self._request, due
        self.sent += 1
        self._write(client)

    def _opened(self) -> bool:
        if len(self._all) >= self._connections:
            return False
        made = socket.socket()
        made.setblocking(False)
        made.connect_ex(self._address)  # to this machine: it is open, or refused, when it is used
        self._poll.register(made, select.EPOLLIN)
        client = self._all[made.fileno()] = _Client(made)
        self._idle.append(client)
        self.most_open = max(self.most_open, len(self._all))
        return True

    def _look(self, seconds: float) -> None:
        """Take what comes, and wait for it for so long at the most."""
        for descriptor, event in self._poll.poll(max(seconds, 0.0)):
            client = self._all[descriptor]
            if event & select.EPOLLOUT:
                self._write(client)
            if event & ~select.EPOLLOUT:
                self._read(client)

    def _write(self, client: _Client) -> None:
        try:
            client.unsent = client.unsent[client.socket.send(client.unsent) :]
        except BlockingIOError:
            pass
        except OSError:
            self._poll.modify(client.socket, select.EPOLLIN)  # to read says that it is over
            return
        wanted = select.EPOLLIN | (select.EPOLLOUT if client.unsent else 0)
        self._poll.modify(client.socket, wanted)

    def _read(self, client: _Client) -> None:
        try:
            data = client.socket.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._forget(client)
            return
        client.received += data
        head, end, body = client.received.partition(b"\r\n\r\n")
        if end and len(body) >= _length(head):
            self._note(client, head.lower(), body)

    def _note(self, client: _Client, head: bytes, body: bytes) -> None:
        status = int(head[9:12])
        self.statuses[status] += 1
        if status in _REFUSED:
            self.refused_seconds.append(time.perf_counter() - client.due)
            self.without_retry += b"\r\nretry-after: " not in head
        else:
            self.unscored += body.count(_SCORED) != ROWS
        self._idle.append(client)
        if b"\r\nconnection: close" in head:
            self._forget(client)

    def _forget(self, client: _Client) -> None:
        if client in self._idle:
            self._idle.remove(client)
        else:
            self.cut += 1
        del self._all[client.socket.fileno()]
        client.socket.close()


def _length(head: bytes) -> int:
    return int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])


def main(host: str, port: str, rate: str, seconds: str, connections: str) -> None:
    """Send, and print what came back."""
    flood = Flood((host, int(port)), int(connections))
    began = time.perf_counter()
    if float(rate):
        flood.send_at(float(rate), float(seconds))
    else:
        flood.send_in_turn(float(seconds))
    print(json.dumps(flood.to_json(min(time.perf_counter() - began, float(seconds)))))


if __name__ == "__main__":
    main(*sys.argv[1:6])
