"""Where webhooks may be sent: to https addresses of the open internet, and nowhere near ourselves.

A name is resolved here, its address is checked, and the connection goes to that very address. Were
the name resolved again by whoever connects, it could say another address by then (DNS rebinding).
"""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MAX_URL_LENGTH = 2000
_NAME = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9-]{1,63}\Z")
_NUMERIC = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)\Z")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_TLS_PORT = 443
_LOWEST_OTHER_PORT = 1024

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class ForbiddenAddress(Exception):
    """The address is none that webhooks may be sent to; the text says what was expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A URL taken apart.

    Parameters
    ----------
    scheme : https, or http where private addresses are allowed.
    host : name or address, lower case, without brackets.
    port : 1 to 65535.
    path : with the query, beginning with a slash.
    """

    scheme: str
    host: str
    port: int
    path: str

    @property
    def host_header(self) -> str:
        """What the header ``Host`` says."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        usual = _TLS_PORT if self.scheme == "https" else 80
        return name if self.port == usual else f"{name}:{self.port}"

    def at(self, address: str) -> str:
        """Return the URL with an address in place of the name."""
        name = f"[{address}]" if ":" in address else address
        return f"{self.scheme}://{name}:{self.port}{self.path}"


def parse_target(url: str, *, allow_private: bool) -> Target:
    """Take a URL apart; no name is resolved.

    Parameters
    ----------
    url : where to send.
    allow_private : whether http and any port will do, for systems within the company.

    Raises
    ------
    ForbiddenAddress
        If it is no URL that webhooks may be sent to.

    Examples
    --------
    >>> parse_target("https://crm.example:8443/hook?a=1", allow_private=False).host_header
    'crm.example:8443'
    """
    if len(url) > MAX_URL_LENGTH or not url.isascii() or not url.isprintable() or " " in url:
        raise ForbiddenAddress(f"a URL of at most {MAX_URL_LENGTH} printable ASCII characters")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError as err:
        raise ForbiddenAddress("a URL") from err
    schemes = ("https", "http") if allow_private else ("https",)
    if parts.scheme not in schemes or not url.lower().startswith(f"{parts.scheme}://"):
        raise ForbiddenAddress(f"a URL that begins with {' or '.join(s + '://' for s in schemes)}")
    if parts.username is not None or parts.password is not None or parts.fragment or "\\" in url:
        raise ForbiddenAddress("a URL without user name, password, fragment and backslash")
    port = port if port is not None else (_TLS_PORT if parts.scheme == "https" else 80)
    if port == 0 or not (allow_private or port == _TLS_PORT or port >= _LOWEST_OTHER_PORT):
        raise ForbiddenAddress(f"port {_TLS_PORT}, or one from {_LOWEST_OTHER_PORT} on")
    _check_host(host, allow_private=allow_private)
    query = f"?{parts.query}" if parts.query else ""
    return Target(scheme=parts.scheme, host=host, port=port, path=(parts.path or "/") + query)


def checked_address(
    target: Target, *, allow_private: bool, resolve: Callable[[str, int], Iterable[str]]
) -> str:
    """Resolve the name of a target, and return the address to connect to.

    Parameters
    ----------
    target : where to send.
    allow_private : whether addresses that are not of the open internet will do.
    resolve : returns the addresses of a name.

    Raises
    ------
    ForbiddenAddress
        If the name has no address, or any of its addresses is not of the open internet: who names
        one of ours beside one of his own means no good.
    """
    literal = _literal(target.host)
    found = [str(literal)] if literal else list(resolve(target.host, target.port))
    if not found:
        raise ForbiddenAddress("a name that has an address")
    if not allow_private and not all(is_public(ipaddress.ip_address(each)) for each in found):
        raise ForbiddenAddress("a name whose addresses are all of the open internet")
    return found[0]


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses that the system's resolver has for a name; none if it has none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found))


def is_public(address: Address) -> bool:
    """Return whether an address is of the open internet, and so is the one within it, if any.

    Examples
    --------
    >>> texts = ("8.8.8.8", "10.0.0.1", "169.254.169.254", "::ffff:127.0.0.1", "64:ff9b::a00:1")
    >>> [is_public(ipaddress.ip_address(text)) for text in texts]
    [True, False, False, False, False]
    """
    if isinstance(address, ipaddress.IPv6Address):
        inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if address in _NAT64:
            inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if int(address) >> 32 == 0:  # written with an IPv4 address at its end (RFC 4291, 2.5.5.1)
            return False
        if address.is_site_local:  # of companies, from before there was fc00::/7 (RFC 3879)
            return False
        if not all(is_public(each) for each in inner if each is not None):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _check_host(host: str, *, allow_private: bool) -> None:
    if _literal(host) is not None:
        if not allow_private and not is_public(ipaddress.ip_address(host)):
            raise ForbiddenAddress("an address of the open internet")
        return
    labels = host.removesuffix(".").split(".")
    if not _NAME.match(host.removesuffix(".")) or _NUMERIC.match(labels[-1]):
        raise ForbiddenAddress("a host name, or an address in its usual form")
    is_local = len(labels) == 1 or labels[-1] in ("localhost", "local", "internal")
    if is_local and not allow_private:
        raise ForbiddenAddress("a name of the open internet")


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
