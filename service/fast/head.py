"""The head of a request on the fast way: whether it is a usual one, and its language."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from service.language import headers_in, negotiate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Scope

    from ebbtide.words import Language

Heads = dict[bytes, bytes]

_JSON = frozenset({b"application/json", b"application/json; charset=utf-8"})
_LANGUAGES_KEPT = 256
_LONGEST_LANGUAGE = 128
"""Longer texts are read each time, so that what is kept stays small."""

_UNUSUAL = frozenset({b"idempotency-key", b"content-encoding", b"x-api-key"})


def heads_of(scope: Scope) -> Heads | None:
    """Return the headers of a request by name; None if one comes twice."""
    given = scope["headers"]
    heads = dict(given)
    return heads if len(heads) == len(given) else None


def is_usual(heads: Heads, *, max_bytes: int) -> bool:
    """Return whether a head asks for nothing but the answer to a JSON body.

    Parameters
    ----------
    heads : the headers.
    max_bytes : of a body.

    Examples
    --------
    >>> is_usual({b"content-type": b"application/json", b"content-length": b"9"}, max_bytes=10)
    True
    >>> is_usual({b"content-type": b"text/plain", b"content-length": b"9"}, max_bytes=10)
    False
    """
    length = heads.get(b"content-length", b"")
    return (
        heads.get(b"content-type") in _JSON
        and _UNUSUAL.isdisjoint(heads)
        and length.isdigit()
        and len(length) < 10
        and int(length) <= max_bytes
    )


def language_of(heads: Mapping[bytes, bytes]) -> Language:
    """Return the language that is answered in."""
    asked = heads.get(b"accept-language")
    if asked is None:
        return "en"
    if len(asked) > _LONGEST_LANGUAGE:
        return negotiate(asked.decode("latin-1"))
    return _negotiated(asked)


def head_of_answer(content: bytes, language: Language) -> list[tuple[bytes, bytes]]:
    """Return the headers of an answer, as the framework writes them on the ordinary way."""
    return [(b"content-length", b"%d" % len(content)), *_SPOKEN[language]]


@lru_cache(maxsize=_LANGUAGES_KEPT)
def _negotiated(asked: bytes) -> Language:
    return negotiate(asked.decode("latin-1"))


def _spoken(language: Language) -> list[tuple[bytes, bytes]]:
    named = headers_in(language).items()
    spoken = [(name.lower().encode(), value.encode()) for name, value in named]
    return [(b"content-type", b"application/json"), *spoken]


_SPOKEN: dict[Language, list[tuple[bytes, bytes]]] = {
    "en": _spoken("en"),
    "zh": _spoken("zh"),
}

LINES: dict[Language, bytes] = {
    language: b"".join(b"%b: %b\r\n" % each for each in spoken)
    for language, spoken in _SPOKEN.items()
}
"""The same headers but for the length, as they stand in a connection."""
