"""Ctrl-C waits until a thing is whole, and is not lost."""

from __future__ import annotations

import signal
import threading

import pytest

from training.interruptions import interruption_waits


def test_what_was_begun_is_done_and_the_interruption_raised_then() -> None:
    usual, done = signal.getsignal(signal.SIGINT), []

    def make() -> None:
        with interruption_waits():
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            done.append("whole")

    with pytest.raises(KeyboardInterrupt):
        make()
    assert done == ["whole"]
    assert signal.getsignal(signal.SIGINT) is usual


def test_an_error_of_what_was_begun_goes_first() -> None:
    usual = signal.getsignal(signal.SIGINT)

    def make() -> None:
        with interruption_waits():
            signal.raise_signal(signal.SIGINT)
            raise ValueError("half made")

    with pytest.raises(ValueError, match="half made"):
        make()
    assert signal.getsignal(signal.SIGINT) is usual


def test_an_interruption_that_is_ignored_stays_so() -> None:
    usual, done = signal.signal(signal.SIGINT, signal.SIG_IGN), []
    try:
        with interruption_waits():
            signal.raise_signal(signal.SIGINT)
            done.append("whole")
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, usual)
    assert done == ["whole"]


def test_without_an_interruption_nothing_happens_in_any_thread() -> None:
    done = []

    def work() -> None:
        with interruption_waits():
            done.append(threading.current_thread())

    work()
    other = threading.Thread(target=work)
    other.start()
    other.join()
    assert len(done) == 2
