"""The text of an API key: made, taken apart, hashed; nothing of who may use it.

``ebb_<id>_<secret><checksum>``: 12, 43 and 6 letters and digits, so that a double click marks all
of it and a scanner of leaked secrets can find it. The secret is 256 random bits. The checksum tells
a mistyped key without the database; it protects nothing.
"""

from __future__ import annotations

import hashlib
import secrets
import string
import zlib
from dataclasses import dataclass, field

PREFIX = "ebb_"
ID_LENGTH = 12
_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_SECRET_BITS = 256
_SECRET_LENGTH = 43  # 62 ** 43 > 2 ** 256
_CHECK_LENGTH = 6  # 62 ** 6 > 2 ** 32


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyText:
    """A key taken apart; the secret is in no ``repr``."""

    key_id: str
    secret: str = field(repr=False)

    @property
    def secret_hash(self) -> str:
        """What is kept of the secret: SHA-256, hexadecimal.

        A slow hash would only help against guessing what people choose; nobody guesses 256 random
        bits, and a slow hash on each request would be a way to keep the service busy.
        """
        return hashlib.sha256(self.secret.encode()).hexdigest()

    @property
    def text(self) -> str:
        """The key as its owner gets it, once."""
        return f"{PREFIX}{self.key_id}_{self.secret}{_checksum(self.key_id + self.secret)}"


def new_key() -> KeyText:
    """Return a new random key.

    Examples
    --------
    >>> key = new_key()
    >>> read_key(key.text) == key, len(key.text)
    (True, 66)
    """
    return KeyText(
        key_id="".join(secrets.choice(_ALPHABET) for _ in range(ID_LENGTH)),
        secret=_base62(secrets.randbits(_SECRET_BITS), _SECRET_LENGTH),
    )


def read_key(text: str) -> KeyText | None:
    """Take a key apart; None if it is none, or was mistyped.

    Examples
    --------
    >>> read_key("ebb_mistyped") is None
    True
    """
    key_id, _, rest = text.removeprefix(PREFIX).partition("_")
    secret, check = rest[:_SECRET_LENGTH], rest[_SECRET_LENGTH:]
    is_whole = (
        text.startswith(PREFIX)
        and len(key_id) == ID_LENGTH
        and len(secret) == _SECRET_LENGTH
        and set(key_id + rest) <= set(_ALPHABET)
        and check == _checksum(key_id + secret)
    )
    return KeyText(key_id=key_id, secret=secret) if is_whole else None


def _checksum(text: str) -> str:
    return _base62(zlib.crc32(text.encode()), _CHECK_LENGTH)


def _base62(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))
