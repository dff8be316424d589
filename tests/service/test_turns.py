"""Turns: bounded at once, bounded in waiting, given back whatever happens."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack

import pytest

from service.problems import ProblemError
from service.turns import Turns


def test_a_turn_is_given_back_after_an_error():
    turns = Turns(at_once=1, wait_seconds=0)
    for _ in range(10):
        with pytest.raises(ValueError, match="mine"), turns.turn():
            raise ValueError("mine")
    with turns.turn():
        pass


def test_one_waits_for_its_turn_and_too_many_are_sent_away_at_once():
    turns = Turns(at_once=1, wait_seconds=10)
    got = []

    def wait():
        with turns.turn():
            got.append(1)

    waiting = [threading.Thread(target=wait) for _ in range(4)]
    with ExitStack() as held:
        held.enter_context(turns.turn())
        for thread in waiting:
            thread.start()
        deadline = time.monotonic() + 10
        while turns._present._value:
            assert time.monotonic() < deadline, "the others never came to wait"
            time.sleep(0.001)
        with pytest.raises(ProblemError, match="busy"), turns.turn():
            pass
        assert got == []
    for thread in waiting:
        thread.join()
    assert len(got) == 4
