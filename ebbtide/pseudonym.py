"""A customer's id in logs: the same text for the same customer, and no way back without the key."""

from __future__ import annotations

import hashlib
import hmac

_LENGTH = 32


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
