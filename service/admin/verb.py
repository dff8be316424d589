"""Run a verb of the command line in a process of its own.

Promotion goes through the gate, which is a part of training; the service never imports training.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMAND = (sys.executable, "-P", "-c", "from ebbtide.cli import main; main()")
_MAX_TEXT = 4_000
_ERROR = "error: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a verb ended.

    Parameters
    ----------
    exit_code : of the process; see ``ebbtide.cli.EXIT_CODES``. None if it was ended for its time.
    text : what it said, without the word "error".
    """

    exit_code: int | None
    text: str


def run_verb(
    arguments: Sequence[str], *, deadline_seconds: float, command: Sequence[str] = COMMAND
) -> Ended:
    """Run a verb and wait for it; what it started is ended with it.

    Parameters
    ----------
    arguments : the verb and its options.
    deadline_seconds : how long it may take, seconds.
    command : what runs verbs.
    """
    process = subprocess.Popen(
        [*command, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
        errors="replace",
    )
    try:
        said, complained = process.communicate(timeout=deadline_seconds)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return Ended(exit_code=None, text="")
    if process.returncode == 0:
        return Ended(exit_code=0, text=said.strip()[:_MAX_TEXT])
    _, _, text = complained.rpartition(_ERROR)
    return Ended(exit_code=process.returncode, text=text.strip()[:_MAX_TEXT])
