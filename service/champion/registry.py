"""Ask the registry which version is champion, through a process that can be ended at any time."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

CHILD = (sys.executable, "-P", "-m", "service.champion.child")
_MAX_ANSWER_BYTES = 64 * 1024
_MAX_FILES = 1_000
_MAX_TEXT = 4_096
_LOOK_SECONDS = 0.2
"""How often the folder is looked at that a child fetches into."""


class RegistryUnreachable(Exception):
    """The registry did not answer, or not in time, or not with sense."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What the registry says.

    Parameters
    ----------
    identity : of the champion's version, equal only for the very same one; None if none is set.
    version : its number in the registry.
    bundle : folder that holds its bundle, fetched; None if it is the known one or too large.
    is_too_large : whether its files take more than may be fetched.
    """

    identity: str | None
    version: str | None
    bundle: Path | None
    is_too_large: bool = False


class Registry(Protocol):
    """Where the champion is looked up."""

    def champion(self, *, known: str | None, staging: Path) -> Offer:
        """Return the champion, its bundle fetched into ``staging`` unless it is the known one.

        Raises
        ------
        RegistryUnreachable
            If there is no answer in time.
        """

    def close(self) -> None:
        """Give up whatever is going on; safe to call from another thread."""


class RegistryProcess:
    """A registry behind a child process with a deadline. A child that fails is ended."""

    def __init__(
        self,
        *,
        tracking_uri: str,
        model_name: str,
        deadline_seconds: float,
        max_bytes: int = 2**29,
        command: Sequence[str] = CHILD,
    ) -> None:
        self._tracking_uri = tracking_uri
        self._model_name = model_name
        self._deadline_seconds = deadline_seconds
        self._max_bytes = max_bytes
        self._command = tuple(command)
        self._child: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()  # guards the child being there
        self._asking = threading.Lock()  # held while a question is going on
        self._closed = False

    def champion(self, *, known: str | None, staging: Path) -> Offer:
        """Ask the child; end it if it does not answer in time."""
        question = {
            "tracking_uri": self._tracking_uri,
            "model_name": self._model_name,
            "known": known,
            "staging": str(staging),
            "max_bytes": self._max_bytes,
        }
        ends_at = time.monotonic() + self._deadline_seconds
        with self._asking:
            try:
                asked = json.dumps(question).encode() + b"\n"
                return _offer(self._exchange(asked, ends_at=ends_at, staging=staging))
            except (OSError, ValueError, KeyError, TypeError) as err:
                self._end_child()
                raise RegistryUnreachable(type(err).__name__) from err
            except RegistryUnreachable:
                self._end_child()
                raise

    def close(self) -> None:
        """End the child for good, and with it the question that is going on."""
        with self._lock:
            self._closed = True
            if self._child is not None:
                self._child.kill()
        with self._asking:  # who asks reads from the pipes, so they are closed after that
            self._end_child()

    def _require_time_and_room(self, left_seconds: float, staging: Path) -> None:
        """Look after a child that is silent: what it fetches may be more than was announced."""
        if not left_seconds:
            raise RegistryUnreachable(f"no answer in {self._deadline_seconds:g} seconds")
        if holds_more_than(self._max_bytes, staging):
            raise RegistryUnreachable("it sends more than it announced")

    def _exchange(self, question: bytes, *, ends_at: float, staging: Path) -> Any:
        child = self._running_child()
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(question)
        child.stdin.flush()
        received = b""
        with selectors.DefaultSelector() as selector:
            selector.register(child.stdout, selectors.EVENT_READ)
            while not received.endswith(b"\n"):
                left_seconds = max(0.0, ends_at - time.monotonic())
                if not selector.select(min(left_seconds, _LOOK_SECONDS)):
                    self._require_time_and_room(left_seconds, staging)
                    continue
                chunk = os.read(child.stdout.fileno(), 65536)
                received += chunk
                if not chunk or len(received) > _MAX_ANSWER_BYTES:
                    raise RegistryUnreachable("the process that asks it ended")
        return json.loads(received)

    def _running_child(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._closed:
                raise RegistryUnreachable("closed")
            if self._child is None:
                self._child = subprocess.Popen(
                    self._command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    bufsize=0,
                    env=_environment(self._deadline_seconds),
                    start_new_session=True,
                )
            return self._child

    def _end_child(self) -> None:
        with self._lock:
            child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                pipe.close()


def _environment(deadline_seconds: float) -> dict[str, str]:
    """Return the child's environment: without our key, and with short patience."""
    kept = {name: value for name, value in os.environ.items() if name != "EBBTIDE_BUNDLE_KEY"}
    return {
        **kept,
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
        "MLFLOW_HTTP_REQUEST_TIMEOUT": str(max(1, int(deadline_seconds / 2))),
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }


def holds_more_than(max_bytes: int, folder: Path) -> bool:
    """Whether the files of a folder take more bytes, or are more than a bundle can have.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as made:
    ...     _ = (Path(made) / "model.lgb").write_bytes(b"x" * 100)
    ...     holds_more_than(100, Path(made)), holds_more_than(99, Path(made))
    (False, True)
    """
    count = total = 0
    for place, folders, names in os.walk(folder):
        count += len(names) + len(folders)
        for name in names:
            with suppress(OSError):  # it is being moved
                total += os.lstat(os.path.join(place, name)).st_size
        if count > _MAX_FILES or total > max_bytes:
            return True
    return False


def _offer(answer: Any) -> Offer:
    if "error" in answer:
        raise RegistryUnreachable(f"the registry's client failed with {answer['error']}")
    identity, version, bundle = (
        _text_or_none(answer[name]) for name in ("identity", "version", "bundle")
    )
    return Offer(
        identity=identity,
        version=version,
        bundle=None if bundle is None else Path(bundle),
        is_too_large=answer.get("is_too_large", False) is True,
    )


def _text_or_none(value: object) -> str | None:
    """Return what the child said as text that may be shown and used as a path."""
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > _MAX_TEXT or not value.isprintable():
        raise ValueError("no short text")
    return value
