"""Sign a manifest with a shared key, and check such a signature in constant time."""

from __future__ import annotations

import hashlib
import hmac


def sign(manifest: bytes, key: bytes) -> str:
    """Return the HMAC-SHA256 of a manifest as hex."""
    return hmac.new(key, manifest, hashlib.sha256).hexdigest()


def is_signed_by(manifest: bytes, signature: str, key: bytes) -> bool:
    """Whether a signature was made with a key over exactly these bytes.

    Examples
    --------
    >>> is_signed_by(b"{}", sign(b"{}", b"key"), b"key"), is_signed_by(b"{ }", "00", b"key")
    (True, False)
    """
    return hmac.compare_digest(sign(manifest, key).encode(), signature.strip().encode())
