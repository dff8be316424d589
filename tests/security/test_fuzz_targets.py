"""Every target of the fuzz takes its seeds and a few hundred spoiled inputs."""

from __future__ import annotations

import pytest

from fuzz.every import every_target
from fuzz.mutated import inputs

TARGETS = every_target()
FEW = {name: 12 for name in TARGETS if name.startswith(("POST", "PUT", "GET", "bundle", "parquet"))}


@pytest.mark.parametrize("name", TARGETS)
def test_no_spoiled_input_gets_another_answer_than_a_problem(name):
    target = TARGETS[name]
    for data in inputs(target, count=FEW.get(name, 150), seed=1):
        target.run(data)
