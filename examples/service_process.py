"""The service as a process of its own: started on a free port, waited for, always stopped."""

from __future__ import annotations

import socket
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

HOST = "127.0.0.1"
GRACE_SECONDS = 10.0
"""How long the service may take to finish what it is doing before it is killed."""


class ServiceError(Exception):
    """The service did not become ready; the message ends with what it last said."""


@contextmanager
def running_service(
    program: Path,
    config: Path,
    *,
    log: Path,
    environment: Mapping[str, str],
    patience_seconds: float = 60,
) -> Iterator[str]:
    """Start ``ebbtide serve``, yield its address once it is ready, and stop it in any case.

    Parameters
    ----------
    program : the ``ebbtide`` command.
    config : the project file.
    log : file for everything that the service says.
    environment : variables the service starts with.
    patience_seconds : how long it may take to become ready.

    Raises
    ------
    ServiceError
        If it ends or is not ready in time.
    """
    port = _free_port()
    address = f"http://{HOST}:{port}"
    options = ["--config", str(config), "--host", HOST, "--port", str(port)]
    with log.open("wb") as file:
        # A session of its own, so that Ctrl-C reaches this program first and the service is
        # stopped in order.
        process = subprocess.Popen(
            [str(program), "serve", *options],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            start_new_session=True,
        )
    try:
        _wait_until_ready(process, address, log=log, patience_seconds=patience_seconds)
        yield address
    finally:
        _stop(process)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


def _wait_until_ready(
    process: subprocess.Popen[bytes], address: str, *, log: Path, patience_seconds: float
) -> None:
    deadline = time.monotonic() + patience_seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ServiceError(
                f"The service ended with exit code {process.returncode} before it was ready. "
                f"Its last words:\n{_tail(log)}"
            )
        if _is_ready(address):
            return
        time.sleep(0.1)
    raise ServiceError(
        f"The service was not ready after {patience_seconds:.0f} s. Its last words:\n{_tail(log)}"
    )


def _is_ready(address: str) -> bool:
    try:
        return httpx.get(f"{address}/readyz", timeout=2).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])
