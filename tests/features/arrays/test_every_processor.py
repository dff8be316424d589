"""Blocks are computed by this thread and others; what was made comes in the order of the blocks."""

from __future__ import annotations

import threading
import time

import pytest

from features.arrays import snapshot
from features.arrays.snapshot import on_every_processor


@pytest.fixture(params=[1, 2, 4])
def n_processors(request, monkeypatch):
    monkeypatch.setattr(snapshot, "processors", lambda: request.param)
    return request.param


@pytest.mark.parametrize("n_blocks", [0, 1, 2, 7])
def test_each_block_is_worked_on_once_and_in_order(n_processors, n_blocks):
    done = []

    def work(block):
        time.sleep(0.001 * (block % 3))
        done.append((block, threading.current_thread()))
        return 10 * block

    assert on_every_processor(work, range(n_blocks)) == [10 * each for each in range(n_blocks)]
    assert sorted(block for block, _ in done) == list(range(n_blocks))
    assert len({thread for _, thread in done}) <= n_processors


def test_this_thread_works_beside_others(n_processors):
    everybody = threading.Barrier(n_processors, timeout=30)
    threads = set()

    def work(_block):
        everybody.wait()  # nobody goes on before all have a block
        threads.add(threading.current_thread())

    on_every_processor(work, range(n_processors))
    assert len(threads) == n_processors
    assert threading.current_thread() in threads


@pytest.mark.parametrize("error", [ValueError("a block failed"), KeyboardInterrupt()])
def test_an_error_in_this_thread_ends_the_work(n_processors, error):
    begun = []

    def work(block):
        begun.append(block)
        if threading.current_thread() is threading.main_thread():
            raise error
        time.sleep(0.01)

    with pytest.raises(type(error)):
        on_every_processor(work, range(1000))
    assert len(begun) < 1000


def test_an_error_in_another_thread_is_raised(monkeypatch):
    monkeypatch.setattr(snapshot, "processors", lambda: 3)

    begun = []

    def work(block):
        begun.append(block)
        time.sleep(0.01)
        if threading.current_thread() is not threading.main_thread():
            raise ValueError("a block failed")

    with pytest.raises(ValueError, match="a block failed"):
        on_every_processor(work, range(1000))
    assert len(begun) < 1000
