"""What is taken from outside as a number or as an id, the same by the service and from files.

What a single column or feature may hold is said by its contract.
"""

from __future__ import annotations

from unicodedata import category

MAX_NUMBER = 1e15
"""Largest size of a number that is taken; beyond it money is none and arithmetic overflows."""

MAX_ID_LENGTH = 128
"""Most characters of the id of a customer or an event; the store keeps no longer ones."""


def is_clean(text: str) -> bool:
    r"""Whether a text is free of control characters, line breaks and unpaired surrogates.

    Examples
    --------
    >>> is_clean("c 1"), is_clean("c\n1"), is_clean("\ud800")
    (True, False, False)
    """
    return text.isprintable() or not any(category(letter) in ("Cc", "Cs") for letter in text)
