"""What a schema says of a value in a file that a person wrote, in our words; no value is told.

Which key is meant by an unknown one is said beside the schema of the file.
"""

from __future__ import annotations

from datetime import date, time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_WANTED: dict[str, tuple[str, str]] = {
    "string_type": ("a text", "write it in quotes"),
    "int_type": ("a whole number", "write digits without quotes, such as 30"),
    "float_type": ("a number", "write it without quotes, such as 0.5"),
    "bool_type": ("true or false", "write it without quotes"),
    "list_type": ("a list", "write it in brackets, with commas between"),
    "dict_type": ("a section", "write its keys below [{where}]"),
    "model_type": ("a section", "write its keys below [{where}]"),
    "literal_error": ("{expected}", "choose one of them"),
    "greater_than_equal": ("{ge:g} or more", "change it"),
    "greater_than": ("more than {gt:g}", "change it"),
    "less_than_equal": ("{le:g} or less", "change it"),
    "less_than": ("less than {lt:g}", "change it"),
    "finite_number": ("a finite number", "change it"),
    "too_short": ("at least {min_length} item(s)", "add what is lacking"),
    "too_long": ("at most {max_length} item(s)", "leave some out"),
    "string_too_short": ("at least {min_length} character(s)", "write a longer text"),
    "string_too_long": ("at most {max_length} characters", "write a shorter text"),
    "string_pattern_mismatch": ("{form}", "change it"),
}
"""What each kind of fault wanted, and what to do."""

_OF_OTHER_KIND = frozenset(name for name in _WANTED if name.endswith("_type"))

PATTERNS_IN_WORDS = {
    r"^[A-Z]{3}$": "three capital letters, such as EUR",
    r"^[a-z0-9][a-z0-9-]{0,62}$": (
        "1 to 63 small letters, digits and hyphens, the first no hyphen"
    ),
    r"^[a-z][a-z0-9_]{1,39}$": (
        "2 to 40 small letters, digits and underscores, the first a letter"
    ),
    r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$": (
        "1 to 32 letters, digits, dots, underscores and hyphens, the first a letter or digit"
    ),
}
"""What each pattern of a schema asks for."""

_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "true or false"),
    (int, "a whole number"),
    (float, "a number"),
    (str, "a text"),
    (list, "a list"),
    (dict, "a section"),
    ((date, time), "a date or time"),
)


def fault_in_words(where: str, fault: Mapping[str, Any]) -> str:
    """Return what is wrong with the value of a key: what was expected, what came, what to do.

    Parameters
    ----------
    where : the key, with its sections.
    fault : as pydantic tells it: ``type``, ``msg``, ``input`` and, of some, ``ctx``.

    Examples
    --------
    >>> fault_in_words("churn.gap_days", {"type": "int_type", "msg": "...", "input": "7"})
    'expected a whole number, got a text; write digits without quotes, such as 30'
    """
    kind = fault["type"]
    if kind == "missing":
        return "expected, and not there; add it"
    if kind not in _WANTED:
        return str(fault["msg"]).removeprefix("Value error, ")
    facts = {"where": where, **fault.get("ctx", {})}
    facts["form"] = PATTERNS_IN_WORDS.get(facts.get("pattern", ""))
    wanted, to_do = (words.format(**facts) for words in _WANTED[kind])
    got = _kind_of(fault["input"])
    if kind not in _OF_OTHER_KIND:
        got = f"{got} that is not so"
    return f"expected {wanted}, got {got}; {to_do}"


def _kind_of(value: object) -> str:
    return next((words for kind, words in _KINDS if isinstance(value, kind)), "something else")
