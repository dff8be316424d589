"""Whether a request comes from this very machine: the only kind that demo mode answers.

A web page in a browser on this machine can reach a service at loopback under a name of its own (DNS
rebinding), and a proxy passes strangers on: so the Host header must name loopback, and nothing may
say that the request was forwarded.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
_OF_TESTS = ("testclient", "testserver")
"""Peer and host of Starlette's test client. No peer of a socket is called so."""
_FORWARDING = ("forwarded", "x-real-ip", "via")


def is_loopback(host: str) -> bool:
    """Return whether an address or name to listen at is reached from this machine only.

    Examples
    --------
    >>> [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "shop.example")]
    [True, True, True, False, False]
    """
    if host.lower() == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def is_from_here(request: HTTPConnection) -> bool:
    """Return whether a request was sent on this machine, to this machine, by nobody else's wish."""
    peer = request.client.host if request.client else ""
    hosts = request.headers.getlist("host")
    if len(hosts) != 1 or any(_is_forwarding(name) for name in request.headers):
        return False
    name = _without_port(hosts[0].lower())
    if (peer, name) == _OF_TESTS:
        return True
    return is_loopback(peer) and name in _LOCAL_NAMES


def _is_forwarding(header: str) -> bool:
    return header in _FORWARDING or header.startswith("x-forwarded")


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdecimal() else host
