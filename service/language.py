"""Which language an answer speaks, after ``Accept-Language`` (RFC 9110, 12.5.4)."""

from __future__ import annotations

from ebbtide.words import LANGUAGES, Language

_MAX_RANGES = 20


def headers_in(language: Language) -> dict[str, str]:
    """Return the headers of an answer whose texts are in a language that was negotiated.

    Examples
    --------
    >>> headers_in("zh")
    {'Content-Language': 'zh', 'Vary': 'Accept-Language'}
    """
    return {"Content-Language": language, "Vary": "Accept-Language"}


def negotiate(header: str | None) -> Language:
    """Return the language that suits best; English where none does or the header is broken.

    Examples
    --------
    >>> negotiate("zh-CN,zh;q=0.9,en;q=0.8"), negotiate("fr, en;q=0.5"), negotiate("en;q=0, *")
    ('zh', 'en', 'zh')
    """
    weights: dict[Language, tuple[float, int]] = {}
    for place, part in enumerate((header or "").split(",")[:_MAX_RANGES]):
        tag, _, parameters = part.strip().partition(";")
        quality = _quality(parameters)
        primary = tag.strip().lower().partition("-")[0]
        for language in LANGUAGES:
            named = primary == language
            if named or (primary == "*" and language not in weights):
                weights[language] = max(weights.get(language, (quality, -place)), (quality, -place))
    wanted = {language: weight for language, weight in weights.items() if weight[0] > 0}
    return max(wanted, key=lambda language: wanted[language]) if wanted else "en"


def _quality(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, value = parameter.strip().partition("=")
        if name.strip().lower() == "q":
            try:
                quality = float(value)
            except ValueError:
                return 0.0
            return quality if 0 <= quality <= 1 else 0.0
    return 1.0
