"""Ctrl-C waits until a thing is whole, and is not lost."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from training.interruptions import interruption_waits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def handled_by(handler: Callable[..., object] | int) -> Iterator[None]:
    """Have Ctrl-C handled so, whoever (Spark does) left a handler of his own in this process."""
    usual = signal.signal(signal.SIGINT, handler)
    try:
        yield
        assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler if usual is None else usual)


def make(done: list[str]) -> None:
    with interruption_waits():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        done.append("whole")


def test_what_was_begun_is_done_and_the_interruption_raised_then() -> None:
    done: list[str] = []
    with handled_by(signal.default_int_handler), pytest.raises(KeyboardInterrupt):
        make(done)
    assert done == ["whole"]


def test_a_handler_of_somebody_elses_is_called_once_and_then() -> None:
    done: list[str] = []
    with handled_by(lambda _number, _frame: done.append("told")):
        make(done)
    assert done == ["whole", "told"]


def test_an_error_of_what_was_begun_is_told_with_the_interruption() -> None:
    def fail() -> None:
        with interruption_waits():
            signal.raise_signal(signal.SIGINT)
            raise ValueError("half made")

    with handled_by(signal.default_int_handler), pytest.raises(KeyboardInterrupt) as raised:
        fail()
    assert str(raised.value.__context__) == "half made"


def test_an_interruption_that_is_ignored_stays_so() -> None:
    done: list[str] = []
    with handled_by(signal.SIG_IGN):
        make(done)
    assert done == ["whole"]


def test_without_an_interruption_nothing_happens_in_any_thread() -> None:
    done = []

    def work() -> None:
        with interruption_waits():
            done.append(threading.current_thread())

    with handled_by(signal.default_int_handler):
        work()
        other = threading.Thread(target=work)
        other.start()
        other.join()
    assert len(done) == 2
