"""More requests than a service can bear, at a rate of their own: a process that sends and counts.

``python -m benchmarks.fault_kinds.flood HOST PORT REQUESTS_A_SECOND SECONDS CONNECTIONS``; a rate
of 0 sends on each connection as soon as it is answered, which measures what the service can bear.
Prints one JSON object. It uses no more of the machine than it must: bytes that were made before.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter, deque

import numpy as np

ROWS = 100
_FEATURES = {"recency_days": 143, "spend_365d": 840.5, "complaints_90d": 2, "payments_overdue": 0}


def request() -> bytes:
    """Return a request of a hundred rows."""
    rows = [{"customer_id": f"f{number}", "features": _FEATURES} for number in range(ROWS)]
    body = json.dumps({"rows": rows}).encode()
    head = (
        "POST /v1/scores HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Flood:
    """What was sent, and what came back."""

    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.refused_seconds: list[float] = []
        self.without_retry = self.sent = self.unsent = self.cut = 0
        self.idle: deque[_Client] = deque()
        self.is_closed_loop = False
        self.request = request()

    def to_json(self, seconds: float) -> dict[str, object]:
        """Return the figures."""
        refused = sorted(self.refused_seconds)
        return {
            "seconds": seconds,
            "sent": self.sent,
            "unsent": self.unsent,
            "cut": self.cut,
            "statuses": dict(self.statuses),
            "without_retry": self.without_retry,
            "refused_p50_ms": float(np.quantile(refused, 0.5)) * 1000 if refused else None,
            "refused_p99_ms": float(np.quantile(refused, 0.99)) * 1000 if refused else None,
        }


class _Client(asyncio.Protocol):
    def __init__(self, flood: Flood) -> None:
        self._flood = flood
        self._received = b""
        self._began = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._flood.idle.append(self)

    def connection_lost(self, _error: Exception | None) -> None:
        self._transport = None
        if self in self._flood.idle:
            self._flood.idle.remove(self)
        else:
            self._flood.cut += 1

    def ask(self) -> None:
        assert self._transport is not None
        self._received, self._began = b"", time.perf_counter()
        self._flood.sent += 1
        self._transport.write(self._flood.request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end or len(body) < _length(head):
            return
        status = int(head[9:12])
        self._flood.statuses[status] += 1
        if status in (429, 503):
            self._flood.refused_seconds.append(time.perf_counter() - self._began)
            self._flood.without_retry += b"retry-after" not in head.lower()
        self._flood.idle.append(self)
        if self._flood.is_closed_loop:
            self._flood.idle.pop().ask()


def _length(head: bytes) -> int:
    return int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])


async def main(host: str, port: int, rate: float, seconds: float, connections: int) -> None:
    """Send, and print what came back."""
    loop, flood = asyncio.get_running_loop(), Flood()
    for _ in range(connections):
        await loop.create_connection(lambda: _Client(flood), host, port)
    began = time.perf_counter()
    if not rate:
        flood.is_closed_loop = True
        while flood.idle:
            flood.idle.popleft().ask()
        await asyncio.sleep(seconds)
    due = 0
    while rate and (passed := time.perf_counter() - began) < seconds:
        while due < passed * rate:
            due += 1
            if flood.idle:
                flood.idle.popleft().ask()
            else:
                flood.unsent += 1
                if flood.cut and flood.unsent % 50 == 0:  # who was cut comes again
                    flood.cut -= 1
                    await loop.create_connection(lambda: _Client(flood), host, port)
        await asyncio.sleep(0.002)
    print(json.dumps(flood.to_json(time.perf_counter() - began)))


if __name__ == "__main__":
    asyncio.run(
        main(sys.argv[1], *map(int, sys.argv[2:3]), *map(float, sys.argv[3:5]), int(sys.argv[5]))
    )
