"""Sign what webhooks carry, and verify it, after the Standard Webhooks specification.

Only signatures with a shared secret (``v1``) are written and read.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import TYPE_CHECKING

from ebbtide.errors import ContractError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

ID_HEADER = "webhook-id"
TIMESTAMP_HEADER = "webhook-timestamp"
SIGNATURE_HEADER = "webhook-signature"
SECRET_PREFIX = "whsec_"
_VERSION = "v1"
_TOLERANCE_SECONDS = 300.0
_SECRET_BYTES = (24, 64)


def signed_headers(
    body: bytes, *, message_id: str, sent_at: datetime, secrets: Sequence[str]
) -> dict[str, str]:
    """Return the three headers that go with a message.

    Parameters
    ----------
    body : the bytes that are sent.
    message_id : the same at every attempt.
    sent_at : instant of this attempt, aware.
    secrets : each signs; two while one is being replaced by the other.

    Raises
    ------
    SettingsError
        If a secret is none.

    References
    ----------
    .. [1] Standard Webhooks, https://github.com/standard-webhooks/standard-webhooks, section
       "Signature scheme".

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> signed_headers(
    ...     b"{}",
    ...     message_id="m1",
    ...     sent_at=datetime(2026, 3, 1, tzinfo=UTC),
    ...     secrets=["whsec_" + "QUFB" * 8],
    ... )["webhook-timestamp"]
    '1772323200'
    """
    timestamp = str(int(sent_at.timestamp()))
    signatures = [
        f"{_VERSION},{_signature(body, message_id, timestamp, secret)}" for secret in secrets
    ]
    return {
        ID_HEADER: message_id,
        TIMESTAMP_HEADER: timestamp,
        SIGNATURE_HEADER: " ".join(signatures),
    }


def verify(
    body: bytes,
    headers: Mapping[str, str],
    *,
    secret: str,
    now: datetime,
    tolerance_seconds: float = _TOLERANCE_SECONDS,
) -> None:
    """Return if a message was signed with the secret, and lately.

    Parameters
    ----------
    body : the bytes as they came, before any parsing.
    headers : of the request; names in any case.
    secret : ``whsec_...``, as it was shown when the webhook was made.
    now : the present, aware.
    tolerance_seconds : how far the sender's clock may be off, seconds; older ones are replays.

    Raises
    ------
    ContractError
        If a header is missing, the time is too far off, or no signature fits.
    SettingsError
        If the secret is none.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> now, secret = datetime(2026, 3, 1, tzinfo=UTC), "whsec_" + "QUFB" * 8
    >>> headers = signed_headers(b"{}", message_id="m1", sent_at=now, secrets=[secret])
    >>> verify(b"{}", headers, secret=secret, now=now)
    >>> verify(b"{ }", headers, secret=secret, now=now)
    Traceback (most recent call last):
        ...
    ebbtide.errors.ContractError: Expected a signature made with this secret, ...
    """
    present = {name.lower(): value for name, value in headers.items()}
    try:
        message_id = present[ID_HEADER]
        timestamp = present[TIMESTAMP_HEADER]
        given = present[SIGNATURE_HEADER]
    except KeyError as err:
        raise ContractError(
            f"Expected the headers {ID_HEADER}, {TIMESTAMP_HEADER} and {SIGNATURE_HEADER}; one is "
            f"missing. Pass on the headers of the request as they came."
        ) from err
    is_number = timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12
    if not is_number or abs(now.timestamp() - int(timestamp)) > tolerance_seconds:
        raise ContractError(
            f"Expected a message of the last {tolerance_seconds:g} seconds, got an older, later or "
            f"undated one. Refuse it, and check this machine's clock."
        )
    right = f"{_VERSION},{_signature(body, message_id, timestamp, secret)}".encode()
    fits = [hmac.compare_digest(right, each.encode()) for each in given.split(" ")]
    if not any(fits):
        raise ContractError(
            "Expected a signature made with this secret, got none. Refuse the message; verify the "
            "bytes of the body before they are parsed, and check the secret."
        )


def _signature(body: bytes, message_id: str, timestamp: str, secret: str) -> str:
    signed = f"{message_id}.{timestamp}.".encode() + body
    return base64.b64encode(hmac.digest(_key(secret), signed, hashlib.sha256)).decode()


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    low, high = _SECRET_BYTES
    if not low <= len(key) <= high:
        raise SettingsError(
            f"Expected a webhook secret of {low} to {high} bytes in base64 after {SECRET_PREFIX}, "
            f"got another text. Copy it as it was shown."
        )
    return key
