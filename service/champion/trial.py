"""Try a bundle in a throw-away process: ``python -m service.champion.trial FOLDER BYTES SECONDS``.

Verifies signature and hashes, parses, and compares the golden rows. If parsing hangs or crashes,
the process is lost and the service is not.
"""

from __future__ import annotations

import math
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ebbtide.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMAND = (sys.executable, "-P", "-m", "service.champion.trial")
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""Each thread reserves address space: on a machine of many cores the limit would be gone before the
bundle is read."""

_GOOD, _REFUSED, _TOO_LARGE = 0, 3, 4


def try_bundle(
    folder: Path,
    *,
    key: bytes | None,
    deadline_seconds: float,
    memory_bytes: int = 4 * 2**30,
    command: Sequence[str] = COMMAND,
) -> None:
    """Return if the bundle is good.

    Parameters
    ----------
    folder : where its files are.
    key : the key that must have signed it; None accepts an unsigned bundle.
    deadline_seconds : how long the trial may take.
    memory_bytes : how much address space it may take.

    Raises
    ------
    BundleError
        If the bundle is refused, or the trial crashes or takes too long.
    """
    try:
        done = subprocess.run(
            [*command, str(folder), str(memory_bytes), str(math.ceil(deadline_seconds))],
            input=b"" if key is None else key,
            capture_output=True,
            timeout=deadline_seconds,
            check=False,
            start_new_session=True,
            env={**os.environ, **_ONE_THREAD},
        )
    except subprocess.TimeoutExpired as err:
        raise BundleError(
            f"Expected the bundle to be read within {deadline_seconds:g} seconds; it was not. "
            f"Train a smaller model, or raise EBBTIDE_TRIAL_DEADLINE_SECONDS."
        ) from err
    if done.returncode == _REFUSED:
        raise BundleError(done.stdout.decode(errors="replace").strip())
    if done.returncode == _TOO_LARGE:
        raise BundleError(
            f"Expected the bundle to be read within {memory_bytes} bytes of memory; it was not. "
            f"Train a smaller model, or raise EBBTIDE_TRIAL_MEMORY_BYTES."
        )
    if done.returncode != _GOOD:
        raise BundleError(
            f"The process that tried the bundle ended with code {done.returncode}. "
            f"The bundle is not used; train again."
        )


def main(folder: Path, memory_bytes: int, seconds: int) -> int:
    """Try the bundle of a folder; the key comes on standard input.

    It ends by itself, too, when it has computed for so many seconds: who started it may be gone.
    """
    from ebbtide.bundle.read import check_golden, read_bundle

    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    key = sys.stdin.buffer.read() or None
    try:
        check_golden(read_bundle(folder, key=key))
    except BundleError as err:
        sys.stdout.write(str(err))
        return _REFUSED
    except MemoryError:
        return _TOO_LARGE
    return _GOOD


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
