"""The end comes: within the grace time, or at the second signal."""

from __future__ import annotations

import signal

import pytest
import uvicorn

from service.ending import EndingServer


class Timer:
    made = None

    def __init__(self, seconds, call, args):
        Timer.made, self.daemon, self.is_started = self, False, False
        self.seconds, self.call, self.args = seconds, call, args

    def start(self):
        self.is_started = True


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr("service.ending.threading.Timer", Timer)
    return EndingServer(uvicorn.Config(lambda: None, log_config=None), grace_seconds=8.0)


def test_requests_under_way_have_three_quarters_of_the_grace_time(server):
    assert server.config.timeout_graceful_shutdown == 6.0


def test_the_first_signal_begins_the_end_and_sets_the_latest(server):
    server.handle_exit(signal.SIGTERM, None)
    assert server.should_exit
    assert (Timer.made.seconds, Timer.made.daemon, Timer.made.is_started) == (8.0, True, True)


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("first", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_of_either_kind_ends_it_at_once(server, monkeypatch, first, second):
    codes = []
    monkeypatch.setattr("service.ending.os._exit", codes.append)
    server.handle_exit(first, None)
    assert codes == []
    server.handle_exit(second, None)
    assert codes == [128 + second]


def test_what_hangs_is_left_at_the_end_of_the_grace_time(server, monkeypatch, capfd):
    codes = []
    monkeypatch.setattr("service.ending.os._exit", codes.append)
    server.handle_exit(signal.SIGTERM, None)
    Timer.made.call(*Timer.made.args)
    assert codes == [128 + signal.SIGTERM]
    assert "not everything ended" in capfd.readouterr().err
