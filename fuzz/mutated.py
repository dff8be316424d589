"""Mutations without atheris: from a seed, always the same ones, for tests."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from fuzz.bodies import NAMES
from fuzz.json_mutator import mutated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fuzz.target import Target

_BYTES = (b"\0", b"\xff", b"\n", b'"', b"{", b"[", b"-", b"9" * 40, b"\xed\xa0\x80", b"\r\n")


def inputs(target: Target, *, count: int, seed: int) -> Iterator[bytes]:
    """Yield the seeds of a target, then so many mutations of them.

    Parameters
    ----------
    target : with its seeds and words.
    count : how many mutations.
    seed : the same gives the same.
    """
    yield from target.seeds
    yield b""
    chance = random.Random(seed)
    known = list(target.seeds)
    for _ in range(count):
        data = chance.choice(known)
        changed = mutated(data, names=NAMES, seed=chance.randrange(2**30))
        if changed is None or chance.random() < 0.4:
            changed = data
            for _ in range(chance.choice((1, 1, 2, 5))):
                changed = _spoiled(changed, chance, target.words)
        changed = changed[: target.max_bytes]
        if len(known) < 200:
            known.append(changed)
        yield changed


def _spoiled(data: bytes, chance: random.Random, words: tuple[bytes, ...]) -> bytes:
    start = chance.randrange(len(data) + 1)
    end = min(len(data), start + chance.choice((0, 1, 1, 2, 8, 64)))
    put = chance.choice(
        (b"", data[end : end + 9], *_BYTES, *words[:40], bytes([chance.randrange(256)]))
    )
    return data[:start] + put + data[end:]
