"""No error ends a thread that works beside the requests; what it holds is in no log."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from service.access.uses import KeyUses
from service.janitor import Janitor
from service.webhooks.announcer import Announcer
from service.webhooks.dispatcher import Dispatcher
from small_model import NOW


@dataclass
class Deed:
    """Fails the first time, with what a customer sent in its text."""

    tried: int = 0
    done: threading.Event = field(default_factory=threading.Event)

    def __call__(self):
        self.tried += 1
        if self.tried == 1:
            raise ValueError("canary-1")
        self.done.set()
        return {}


def dispatcher(desk):
    return Dispatcher(
        database=desk.store.database,
        sender=None,
        now=lambda: NOW,
        poll_seconds=0.01,
        random=lambda: 0.0,
    )


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda desk: Janitor(desk, pause_seconds=0.01), "tidy"),
        (lambda desk: Announcer(desk, poll_seconds=0.01), "look"),
        (dispatcher, "take"),
        (lambda desk: KeyUses(desk.gate, pause_seconds=0.01), "note"),
    ],
    ids=["janitor", "announcer", "dispatcher", "key uses"],
)
def test_an_error_ends_no_thread(app, monkeypatch, make, name):
    part, deed = make(app.state.desk), Deed()
    monkeypatch.setattr(part, name, deed)
    ended = []
    monkeypatch.setattr(threading, "excepthook", ended.append)
    with capture_logs() as logged:
        thread = threading.Thread(target=part._run)
        thread.start()
        deed.done.wait(5)
        part._stopping.set()
        thread.join()
    assert (deed.tried >= 2, ended) == (True, [])
    assert [each["error"] for each in logged if each["log_level"] == "error"] == ["ValueError"]
    assert "canary-1" not in str(logged)


def test_uses_of_keys_are_written_a_last_time_when_the_service_ends():
    noted = []
    part = KeyUses(SimpleNamespace(note_uses=lambda: noted.append(1)))
    part.start()
    part.stop()
    assert noted == [1]
