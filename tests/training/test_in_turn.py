"""Parts are worked on by threads, and their results come in order."""

from __future__ import annotations

import pytest

from training.in_turn import in_turn


def test_results_come_in_the_order_of_the_parts():
    assert list(in_turn(lambda part: part * part, range(50))) == [n * n for n in range(50)]


def test_parts_are_taken_as_results_are_wanted():
    taken = []

    def parts():
        for part in range(1000):
            taken.append(part)
            yield part

    results = in_turn(str, parts())
    assert next(results) == "0"
    assert len(taken) < 10
    results.close()


def test_what_a_part_raises_is_raised():
    with pytest.raises(ZeroDivisionError):
        list(in_turn(lambda part: 1 // part, [1, 0]))
