"""Which media type an answer may have, after ``Accept`` (RFC 9110, 12.5.1)."""

from __future__ import annotations

_MAX_RANGES = 40


def quality_of(media_type: str, *, accept: str | None) -> float:
    """Return how welcome a media type is, 0 to 1; 0 is not acceptable.

    Of the ranges that fit, the most specific one counts. Parameters of ranges other than ``q`` are
    passed over.

    Parameters
    ----------
    media_type : such as ``application/json``.
    accept : the header; None accepts everything.

    Examples
    --------
    >>> quality_of("application/json", accept="text/html, application/*;q=0.5")
    0.5
    >>> quality_of("application/json", accept="application/json;q=0, */*")
    0.0
    >>> quality_of("application/json", accept=None)
    1.0
    """
    if accept is None or not accept.strip():
        return 1.0
    main = media_type.partition("/")[0]
    rank = {media_type: 2, f"{main}/*": 1, "*/*": 0}
    best = (-1, 0.0)
    for part in accept.lower().split(",")[:_MAX_RANGES]:
        name, *parameters = (piece.strip() for piece in part.split(";"))
        if name in rank:
            best = max(best, (rank[name], _quality(parameters)))
    return best[1]


def is_plain_json_wanted(accept: str | None) -> bool:
    """Whether a problem must be sent as plain JSON, because its own type is not acceptable.

    RFC 9457 has ``application/problem+json``, and everybody gets that who accepts it, be it by a
    range such as ``*/*``. Some CRM systems accept ``application/json`` alone and read nothing else.

    Examples
    --------
    >>> is_plain_json_wanted("application/json"), is_plain_json_wanted("application/json, */*")
    (True, False)
    """
    return (
        quality_of("application/problem+json", accept=accept) == 0
        and quality_of("application/json", accept=accept) > 0
    )


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                quality = float(value)
            except ValueError:
                return 0.0
            return quality if 0 <= quality <= 1 else 0.0
    return 1.0
