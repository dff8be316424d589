"""The process that tries bundles, many of them forked from one that has imported all it needs.

What runs in each is ``service.champion.trial.main``, as in the real one; only the start of Python
is shared. Some tests use the real command too.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING

import pytest

from service.champion.trial import try_bundle
from small_model import KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_SERVER = """
import io, json, os, signal, socket, sys
from pathlib import Path
import ebbtide.bundle.read
from service.champion import trial

listening = socket.socket(socket.AF_UNIX)
listening.bind(sys.argv[1])
listening.listen(8)
print("ready", flush=True)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
while True:
    connection, _ = listening.accept()
    if os.fork():
        connection.close()
        continue
    signal.alarm(30)
    listening.close()
    with connection, connection.makefile("rwb") as said:
        asked = json.loads(said.readline())
        sys.stdout = io.StringIO()
        sys.stdin = io.TextIOWrapper(io.BytesIO(bytes.fromhex(asked["key"])))
        code = trial.main(Path(asked["folder"]), *asked["limits"])
        said.write(json.dumps([code, sys.stdout.getvalue()]).encode())
    os._exit(0)
"""
_CLIENT = """
import json, socket, sys
connection = socket.socket(socket.AF_UNIX)
connection.connect(sys.argv[1])
key = sys.stdin.buffer.read().hex()
asked = {"folder": sys.argv[2], "limits": list(map(int, sys.argv[3:])), "key": key}
said = connection.makefile("rwb")
said.write(json.dumps(asked).encode() + b"\\n")
said.flush()
answer = said.read()
if not answer:
    sys.exit(99)  # it crashed
code, text = json.loads(answer)
sys.stdout.write(text)
sys.exit(code)
"""


@pytest.fixture(scope="session")
def forked_trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Path], None]]:
    """Try a bundle in a process of its own, which is forked."""
    place = tmp_path_factory.mktemp("t") / "s"
    server = subprocess.Popen(
        [sys.executable, "-P", "-c", _SERVER, str(place)], stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    assert server.stdout.readline() == "ready\n"
    command = (sys.executable, "-I", "-S", "-c", _CLIENT, str(place))
    yield partial(try_bundle, key=KEY, deadline_seconds=30, command=command)
    server.send_signal(signal.SIGTERM)
    server.wait(10)
    server.stdout.close()
