"""Mutations that keep JSON being JSON: another value, name or order at some place of a body.

Bytes alone would spend most of the time on what is no JSON at all.
"""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 1e300, -0.0, 5e-324, 10**17, 10**18, 10**19, 2**53 + 1, 2**63),
    *(1e15, 1e12, 10**400, 0.1, "", "0", "c-1", "\0", "\ud800", "\u2028", "é", "NaN", "1e400"),
    *("2026-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"),
    *("2026-02-30T00:00:00Z", "2026-01-01T24:00:00Z", "2026-W01-1T00:00:00Z", [], {}, [[]]),
)


def mutated(data: bytes, *, names: Sequence[str], seed: int) -> bytes | None:
    """Return a body with something else at one of its places; None if it is no JSON.

    Parameters
    ----------
    data : a body.
    names : that members may have.
    seed : the same gives the same.
    """
    try:
        read = json.loads(data)
    except (ValueError, RecursionError):
        return None
    chance = random.Random(seed)
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        read = _changed(read, chance, names)
    try:
        text = json.dumps(
            read,
            ensure_ascii=chance.random() < 0.7,
            separators=chance.choice(((",", ":"), (", ", ": "), (" ,", "\t:\n"))),
        )
    except (ValueError, RecursionError):
        return None
    if chance.random() < 0.1:  # a name twice
        text = text.replace("{", '{"' + chance.choice(names) + '":1,', 1)
    return text.encode("utf-8", errors="surrogatepass")


def _changed(node: Any, chance: random.Random, names: Sequence[str]) -> Any:
    is_inner = isinstance(node, dict | list) and len(node) > 0
    if is_inner and chance.random() < 0.8:
        key = chance.choice(list(node) if isinstance(node, dict) else range(len(node)))
        return _with(node, key, chance, names)
    if isinstance(node, str) and chance.random() < 0.5:
        place = chance.randrange(len(node) + 1)
        return node[:place] + chance.choice('\0:,"\\ \n9aZ+é{') + node[place:]
    if isinstance(node, int | float) and not isinstance(node, bool) and chance.random() < 0.5:
        return chance.choice((-node, node * 7, node / 3 if abs(node) < 1e300 else 0, str(node)))
    return chance.choice(VALUES)


def _with(node: Any, key: Any, chance: random.Random, names: Sequence[str]) -> Any:
    made = node.copy()
    what = chance.random()
    if what < 0.6:
        made[key] = _changed(made[key], chance, names)
    elif what < 0.7:
        del made[key]
    elif isinstance(made, list):
        made += [made[key]] * chance.choice((1, 2, 30))
    elif what < 0.9:
        made[chance.choice(names)] = chance.choice((made[key], *VALUES))
    else:
        made = dict(reversed(made.items()))
    return made
