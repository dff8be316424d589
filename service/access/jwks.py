"""The public keys of an identity provider, from a file that is read again when it changes."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from ebbtide.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

_LOG = structlog.get_logger("ebbtide.access")
_SMALLEST_RSA_BITS = 2048
_LARGEST_BYTES = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """A key with the one algorithm that it may be used with."""

    algorithm: str
    public_key: Any


class Jwks:
    """The keys of a file. Safe to use from many threads.

    Parameters
    ----------
    path : a JWK set (RFC 7517): RSA from 2048 bits, EC of P-256, or Ed25519.

    Raises
    ------
    SettingsError
        If it cannot be read or holds no usable key.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._mark = self._mark_of_file()
        self._keys = _keys_of(path)

    def key_of(self, key_id: object) -> PublicKey | None:
        """Return the key of an id; without one, the only key that there is.

        If the file was changed into something unusable, the keys from before stay.
        """
        self._read_if_changed()
        if key_id is None:
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        return self._keys.get(key_id) if isinstance(key_id, str) else None

    def _read_if_changed(self) -> None:
        with self._lock:
            mark = self._mark_of_file()
            if mark == self._mark:
                return
            self._mark = mark
            try:
                self._keys = _keys_of(self._path)
            except SettingsError as err:
                _LOG.error("jwks_refused", detail=str(err))

    def _mark_of_file(self) -> tuple[int, ...]:
        try:
            found = os.stat(self._path)
        except OSError:
            return ()
        return found.st_mtime_ns, found.st_size, found.st_ino


def _keys_of(path: Path) -> dict[str, PublicKey]:
    try:
        with path.open("rb") as file:
            listed = json.loads(file.read(_LARGEST_BYTES))["keys"]
        keys = {str(each.get("kid", "")): _public_key(each) for each in listed}
        is_sound = 0 < len(keys) == len(listed)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, jwt.PyJWTError) as err:
        raise SettingsError(_EXPECTED) from err
    if not is_sound:
        raise SettingsError(_EXPECTED)
    return keys


def _public_key(entry: dict[str, Any]) -> PublicKey:
    algorithm = {"RSA": "RS256", "EC": "ES256", "OKP": "EdDSA"}[entry["kty"]]
    public_key = jwt.PyJWK(entry, algorithm=algorithm).key
    is_strong = (
        (isinstance(public_key, RSAPublicKey) and public_key.key_size >= _SMALLEST_RSA_BITS)
        or (isinstance(public_key, EllipticCurvePublicKey) and _is_p256(public_key))
        or isinstance(public_key, Ed25519PublicKey)
    )
    if not is_strong:
        raise ValueError
    return PublicKey(algorithm=algorithm, public_key=public_key)


def _is_p256(key: EllipticCurvePublicKey) -> bool:
    return isinstance(key.curve, SECP256R1)


_EXPECTED = (
    "Expected in the file that EBBTIDE_JWT_JWKS_FILE names a JWK set of public keys with different "
    "kid, each RSA of 2048 bits or more, EC of P-256, or Ed25519; it is missing or holds something "
    "else. Fetch it from your identity provider."
)
