"""A customer's id in logs: the same text for the same customer, and no way back without the key."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from typing import TYPE_CHECKING

from ebbtide.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

_LENGTH = 32
_KEY_BYTES = 32


def pseudonym(customer_id: str, *, key: bytes) -> str:
    """Return the pseudonym of a customer.

    Parameters
    ----------
    customer_id : the id in the company's systems.
    key : secret of this installation; who knows it can test a guess, nobody else can.

    Returns
    -------
    str
        32 hexadecimal characters: the first half of HMAC-SHA256.

    References
    ----------
    .. [1] RFC 2104, HMAC: Keyed-Hashing for Message Authentication.

    Examples
    --------
    >>> pseudonym("c-1", key=b"k") == pseudonym("c-1", key=b"k") != pseudonym("c-1", key=b"other")
    True
    >>> len(pseudonym("c-1", key=b"k"))
    32
    """
    return hmac.new(key, customer_id.encode(), hashlib.sha256).hexdigest()[:_LENGTH]


def installation_key(path: Path) -> bytes:
    """Return the key of this installation; made once, readable by its owner only.

    Parameters
    ----------
    path : the file that holds it.

    Raises
    ------
    SettingsError
        If the file cannot be read or made, or holds no key.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            key = bytes.fromhex(path.read_text(encoding="ascii").strip())
        else:
            key = secrets.token_bytes(_KEY_BYTES)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(key.hex() + "\n")
                file.flush()
                os.fsync(file.fileno())
    except (OSError, ValueError) as err:
        raise SettingsError(
            f"Expected {path.name} to hold the key of pseudonyms in hexadecimal, or a folder to "
            f"make it in; got {type(err).__name__}. Restore the file from a backup: without it "
            f"earlier erasures cannot be recognised."
        ) from err
    if len(key) < _KEY_BYTES:
        raise SettingsError(
            f"Expected {path.name} to hold {_KEY_BYTES} bytes in hexadecimal, got {len(key)}. "
            f"Restore the file from a backup: without it earlier erasures cannot be recognised."
        )
    return key
