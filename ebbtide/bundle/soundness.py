"""Whether what a bundle says can be used as it will be used later, on any request.

Texts become templates, a time zone and fitted parameters become part of a query: what was no such
thing would go wrong, or do harm, only when a customer comes by. Whether parts fit each other is
checked by ``ebbtide.bundle.read``.
"""

from __future__ import annotations

import math
import unicodedata
from string import Formatter
from typing import TYPE_CHECKING, Any

from ebbtide.clock import zone
from ebbtide.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ebbtide.contracts.feature import FeatureContract

MOST_CHARACTERS = 2_000
"""Longest name, sentence or template."""

_IN_REASON = frozenset({"value", "s"})
_PARTS = {"unit", "purchases", "purchases_fit", "spend", "spend_fit"}
_OF_PURCHASES = ("r", "alpha", "a", "b")
_OF_SPEND = ("p", "q", "gamma")
_OF_FIT = {"customers", "log_likelihood", "evaluations", "at_bound"}


def is_template(text: object) -> bool:
    """Whether a text is a sentence in which nothing but the value, and an s, is filled in.

    A width, an attribute or an index would let the text decide what is computed.

    Examples
    --------
    >>> is_template("{value} day{s} since"), is_template("{value:>999999999}")
    (True, False)
    >>> is_template("{value.__class__}"), is_template("{"), is_template(3)
    (False, False, False)
    """
    if not is_text(text):
        return False
    try:
        parts = list(Formatter().parse(str(text)))
    except ValueError:
        return False
    return all(
        name is None or (name in _IN_REASON and not spec and conversion is None)
        for _, name, spec, conversion in parts
    )


def is_text(text: object) -> bool:
    """Whether it is a text of a length that can be shown.

    Examples
    --------
    >>> is_text("tenure"), is_text("x" * 10_000), is_text(None)
    (True, False, False)
    """
    return isinstance(text, str) and len(text) <= MOST_CHARACTERS


def is_name(text: object) -> bool:
    r"""Whether it is a text that may stand in one line: no line breaks, no control characters.

    Examples
    --------
    >>> is_name("recency_days"), is_name("a\nb"), is_name("a\0"), is_name("")
    (True, False, False, False)
    """
    return is_text(text) and text != "" and not any(map(_is_control, str(text)))


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}


def is_time_zone(name: str) -> bool:
    """Whether there is such a zone; its name becomes part of a query.

    Examples
    --------
    >>> is_time_zone("Europe/London"), is_time_zone("UTC') FROM x --")
    (True, False)
    """
    try:
        zone(name)
    except (SettingsError, OSError):  # a folder of zones is an OSError
        return False
    return True


def are_sound(features: Iterable[FeatureContract]) -> bool:
    """Whether every text of features is of its kind, and every limit a number."""
    return all(_is_sound(feature) for feature in features)


def _is_sound(feature: FeatureContract) -> bool:
    texts = [feature.unit, feature.meaning]
    templates = [feature.reason.en, feature.reason.zh]
    if feature.when_null is not None:
        texts += [feature.when_null.en, feature.when_null.zh]
    learned = feature.learned
    limits = [feature.low, feature.high]
    if learned is not None:
        limits += [learned.low, learned.high]
        texts += learned.categories
    return (
        all(map(is_name, (feature.name, feature.family, feature.table, feature.cause)))
        and all(map(is_text, texts))
        and all(map(is_template, templates))
        and all(limit is None or _is_finite(limit) for limit in limits)
    )


def are_expectations(read: Any) -> bool:
    """Whether it is none, or the parameters of a buying model: numbers above zero, by name.

    Examples
    --------
    >>> fit = {"customers": 90, "log_likelihood": -70.5, "evaluations": 30, "at_bound": []}
    >>> rest = {"unit": "days", "purchases_fit": fit, "spend": None, "spend_fit": None}
    >>> rates = {"kind": "mbg_nbd", "r": 0.5, "alpha": 9.0, "a": 0.1, "b": 2.0}
    >>> are_expectations({"purchases": rates, **rest})
    True
    >>> are_expectations({"purchases": {**rates, "r": "1) FROM x"}, **rest})
    False
    """
    if read is None:
        return True
    if not isinstance(read, dict) or read.keys() != _PARTS or read["unit"] != "days":
        return False
    purchases, spend = read["purchases"], read["spend"]
    return (
        _is_fit(read["purchases_fit"])
        and (read["spend_fit"] is None or _is_fit(read["spend_fit"]))
        and _are_parameters(purchases, _OF_PURCHASES, beside={"kind"})
        and purchases["kind"] in ("bg_nbd", "mbg_nbd")
        and (spend is None or _are_parameters(spend, _OF_SPEND, beside=set()))
    )


def _are_parameters(read: Any, names: tuple[str, ...], *, beside: set[str]) -> bool:
    if not isinstance(read, dict):
        return False
    said: Mapping[str, object] = read
    return said.keys() == {*names, *beside} and all(
        _is_finite(said[name]) and said[name] > 0  # type: ignore[operator]  # a number
        for name in names
    )


def _is_fit(read: Any) -> bool:
    if not isinstance(read, dict) or read.keys() != _OF_FIT:
        return False
    numbers, names = (read[name] for name in _OF_FIT - {"at_bound"}), read["at_bound"]
    return all(map(_is_finite, numbers)) and isinstance(names, list) and all(map(is_name, names))


def _is_finite(value: object) -> bool:
    return type(value) in (int, float) and math.isfinite(value)  # type: ignore[arg-type]
