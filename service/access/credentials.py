"""The key or token that a request carries; not whether it is any good."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.datastructures import Headers

KEY_HEADER = "X-Api-Key"
_LONGEST = 8192


class UnclearCredentialsError(ValueError):
    """A request carries credentials, but not exactly one that could be read."""


def credential_of(headers: Headers) -> str | None:
    """Return the key or token of a request; None if it carries none.

    Parameters
    ----------
    headers : ``Authorization: Bearer ...`` or ``X-Api-Key: ...``, or both with the same.

    Raises
    ------
    UnclearCredentialsError
        If there are several that differ, or one that is none.

    Examples
    --------
    >>> from starlette.datastructures import Headers
    >>> credential_of(Headers({"Authorization": "Bearer abc"}))
    'abc'
    """
    given = {_bearer(value) for value in headers.getlist("authorization")}
    given |= {_plain(value) for value in headers.getlist(KEY_HEADER)}
    if len(given) > 1:
        raise UnclearCredentialsError
    return given.pop() if given else None


def _bearer(value: str) -> str:
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() != "bearer":
        raise UnclearCredentialsError
    return _plain(rest)


def _plain(value: str) -> str:
    text = value.strip()
    if not (
        0 < len(text) <= _LONGEST and text.isascii() and text.isprintable() and " " not in text
    ):
        raise UnclearCredentialsError
    return text
