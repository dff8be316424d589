"""Fuzz one target, watched by atheris: ``python -m fuzz.one MODULE NAME SECONDS FOLDER``.

The process ends with another code than 0 at the first finding, and writes its input into FOLDER.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

MOST_BYTES = 2**16
_HANG_SECONDS = 25
_MEMORY_MB = 3_000


def main(module: str, name: str, seconds: int, folder: Path) -> None:
    """Fuzz a target for some seconds."""
    import atheris

    with atheris.instrument_imports(include=["service", "ebbtide"]):
        from fuzz.every import targets_of

        target = targets_of(module)[name]
    from fuzz.bodies import NAMES
    from fuzz.json_mutator import mutated

    logging.disable(logging.CRITICAL)
    seeds = folder / "seeds"
    seeds.mkdir(parents=True, exist_ok=True)
    for place, seed in enumerate(target.seeds):
        (seeds / str(place)).write_bytes(seed)
    words = folder / "words"
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in (*target.words, b'"')))

    def mutator(data: bytes, most: int, seed: int) -> bytes:
        made = mutated(data, names=NAMES, seed=seed) if seed % 4 else None
        return atheris.Mutate(data, most) if made is None or len(made) > most else made

    arguments = [
        *(
            "fuzz",
            f"-max_total_time={seconds}",
            f"-max_len={target.max_bytes}",
            "-print_final_stats=1",
        ),
        *(f"-timeout={_HANG_SECONDS}", f"-rss_limit_mb={_MEMORY_MB}", f"-dict={words}"),
        *(f"-artifact_prefix={folder}/finding-", "-verbosity=1", str(seeds)),
    ]
    atheris.Setup(arguments, target.run, custom_mutator=mutator)
    atheris.Fuzz()


def _escaped(word: bytes) -> str:
    return "".join(
        chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f"\\x{byte:02x}" for byte in word
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
