"""Tokens (JWT) of the identity provider that the operator named: whom they are about, what for.

Only signatures with public keys are taken, by the algorithm that fits the key. What the token says
about where its key is to be found is ignored.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt

from service.access.scopes import SCOPES, Caller

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from service.access.jwks import Jwks

SCOPE_PREFIX = "ebbtide:"
_REQUIRED = ("exp", "iat", "iss", "aud", "sub")
_LONGEST_SUBJECT = 60
_LATEST_SECONDS = 253_402_300_800  # the year 10000; neither NaN nor a number beyond floats is less


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """Tells good tokens from bad ones.

    Parameters
    ----------
    issuer, audience : what ``iss`` and ``aud`` must name.
    jwks : the issuer's public keys.
    leeway_seconds : by how much clocks may differ.
    now : the present.
    """

    issuer: str
    audience: str
    jwks: Jwks
    leeway_seconds: float
    now: Callable[[], datetime]

    def caller_of(self, token: str) -> Caller | None:
        """Return whom a token is about; None if it is not a good one."""
        try:
            head = jwt.get_unverified_header(token)
            key = self.jwks.key_of(head.get("kid"))
            if key is None or head.get("alg") != key.algorithm or "crit" in head:
                return None
            claims = jwt.decode(
                token,
                key=key.public_key,
                algorithms=[key.algorithm],
                issuer=self.issuer,
                audience=self.audience,
                options={  # times are checked below, by the service's own clock
                    "require": list(_REQUIRED),
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except (jwt.PyJWTError, ValueError, TypeError):  # whatever is wrong: it is not a good one
            return None
        subject, scope = claims["sub"], claims.get("scope", "")
        if not self._is_current(claims) or not subject or not isinstance(scope, str):
            return None
        allowed = {word.removeprefix(SCOPE_PREFIX) for word in scope.split() if _is_ours(word)}
        return Caller(name=_name_of(subject), scopes=frozenset(allowed))

    def _is_current(self, claims: Mapping[str, Any]) -> bool:
        times = [claims["exp"], claims["iat"], claims.get("nbf", claims["iat"])]
        if not all(_is_time(time) for time in times):
            return False
        expires, issued, begins = times
        now = self.now().timestamp()
        has_begun = max(issued, begins) <= now + self.leeway_seconds
        return bool(has_begun and expires > now - self.leeway_seconds)


def _is_time(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= _LATEST_SECONDS


def _is_ours(word: str) -> bool:
    return word.startswith(SCOPE_PREFIX) and word.removeprefix(SCOPE_PREFIX) in SCOPES


def _name_of(subject: str) -> str:
    """Return a name that no key can have, short enough for every log."""
    is_plain = len(subject) <= _LONGEST_SUBJECT and subject.isascii() and subject.isprintable()
    return f"jwt:{subject if is_plain else _digest(subject)}"


def _digest(subject: str) -> str:
    written = subject.encode(errors="surrogatepass")  # JSON may bring half a character
    return hashlib.sha256(written).hexdigest()[:32]
