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
_OTHERWISE = "While there is no key only this machine is answered (demo mode)."
_OTHER_HOST = (
    f"{_OTHERWISE} Expected the header Host to be localhost, 127.0.0.1 or [::1], got another, or "
    "several. Ask http://localhost at the same port, or make a key with `ebbtide keys create`."
)
_FORWARDED = (
    f"{_OTHERWISE} Expected a request that nobody passed on, got one with a header of a proxy "
    "(Forwarded, X-Forwarded-..., X-Real-IP or Via). Ask directly, or make a key with `ebbtide "
    "keys create`."
)


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
    is_of_tests = (_peer(request), *_hosts(request)) == _OF_TESTS
    is_asked_here = is_of_tests or (is_loopback(_peer(request)) and _is_to_here(request))
    return is_asked_here and not _is_forwarded(request)


def why_not_from_here(request: HTTPConnection) -> str | None:
    """Say what of a request that was sent on this machine keeps demo mode from answering it.

    None if there is no such thing, or if it was sent elsewhere: that is told to nobody.
    """
    if not is_loopback(_peer(request)):
        return None
    if _is_forwarded(request):
        return _FORWARDED
    return None if _is_to_here(request) else _OTHER_HOST


def _peer(request: HTTPConnection) -> str:
    return request.client.host if request.client else ""


def _hosts(request: HTTPConnection) -> list[str]:
    return [_without_port(host.lower()) for host in request.headers.getlist("host")]


def _is_to_here(request: HTTPConnection) -> bool:
    hosts = _hosts(request)
    return len(hosts) == 1 and hosts[0] in _LOCAL_NAMES


def _is_forwarded(request: HTTPConnection) -> bool:
    return any(_is_forwarding(name) for name in request.headers)


def _is_forwarding(header: str) -> bool:
    return header in _FORWARDING or header.startswith("x-forwarded")


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdecimal() else host
