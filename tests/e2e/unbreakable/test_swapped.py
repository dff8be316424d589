"""The champion is swapped under load: nothing is dropped, each answer names the one it is of."""

from __future__ import annotations

import pytest

from durable_service import served

pytestmark = pytest.mark.e2e


def test_a_swap_under_load_drops_nothing_and_each_answer_names_one_version(project, load):
    with served(project):
        project.wait_until(lambda said: said["state"] == "ready")
        with load:
            for number in range(4):
                load.wait_for(10)
                project.serve_version((number + 1) % 2, f"{number + 2}@1")
            load.wait_for(10)
    assert load.wrong == []
    assert set(load.tally.verdicts) == {"right"}
