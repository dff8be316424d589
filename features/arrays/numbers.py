"""The numbers of SQL as constants, so that texts which differ in nothing else are compiled once.

The features of a buying model are long, and say the same at each instant but for its parameters.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from features.arrays.column import constant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from features.arrays.column import Column
    from features.catalogue.feature import Feature

_DOUBLE = re.compile(r"'[^']*'|(?<![\w.])\d+(?:\.\d+)?e[+-]?\d+(?![\w.])")
"""A double as ``features.btyd.sql`` writes it; or a text, in which digits are no number."""


def lifted(features: Sequence[Feature]) -> tuple[list[Feature], dict[str, Column]]:
    """Return features that name their doubles, and the constants of these names.

    Numbers that are written alike have one name, in whichever features they stand.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from features.catalogue.catalogue import features_named
    >>> [recency] = features_named(["recency_days"])
    >>> [named], numbers = lifted([replace(recency, sql="2.5e0 * purchases + 1e-05 - 2.5e0")])
    >>> named.sql
    '$number_0 * purchases + $number_1 - $number_0'
    >>> {name: float(number.values) for name, number in numbers.items()}
    {'number_0': 2.5, 'number_1': 1e-05}
    >>> lifted([replace(recency, sql="x_2e3 + a1e5 + (kind = '2e3')")])[0][0].sql
    "x_2e3 + a1e5 + (kind = '2e3')"
    """
    names: dict[str, str] = {}

    def name_of(found: re.Match[str]) -> str:
        if found[0].startswith("'"):
            return found[0]
        return f"${names.setdefault(found[0], f'number_{len(names)}')}"

    named = [replace(each, sql=_DOUBLE.sub(name_of, each.sql)) for each in features]
    return named, {name: constant(float(text)) for text, name in names.items()}
