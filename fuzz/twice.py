"""The same row read in both ways: what the fast one takes, the ordinary one takes as the same."""

from __future__ import annotations

import json
import math
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np

from fuzz.bodies import FEATURES, ROW, WORDS, row_of
from fuzz.small_world import MAX_VALUES, NOW, contracts
from fuzz.target import Target
from service.fast.reading import RowReader
from service.problems import ProblemError

_SHARED = ("customer_id", "as_of", "value", "contact_opt_out", "with_interval", "with_reasons")


@cache
def _reader() -> RowReader:
    scorer = SimpleNamespace(features=contracts(), kernel="compiled")
    bundle: Any = SimpleNamespace(scorer=scorer, definition=None)
    return RowReader(bundle, max_values=MAX_VALUES)


def _same(data: bytes) -> None:
    reader = _reader()
    fast = reader.read(data, now=NOW)
    if fast is None:
        return
    values = np.array([[math.nan if v is None else v for v in fast.values]], dtype=np.float64)
    is_unfit = reader.unfit(values) is not None
    try:
        slow = row_of(data)
    except ProblemError as err:
        raise AssertionError(f"only the fast way reads it: {err.problem.kind}") from err
    assert is_unfit == (slow is None), "one way finds a fault, and the other does not"
    if slow is None:
        return
    assert slow.features is not None
    assert all(getattr(fast, name) == getattr(slow, name) for name in _SHARED)
    assert np.array_equal(values[0], np.asarray(slow.features.values), equal_nan=True)
    assert tuple(fast.missing) == tuple(slow.features.missing)


def targets() -> dict[str, Target]:
    """Return the targets of this module by name."""
    return {
        "both ways": Target(
            feed=_same,
            seeds=(
                json.dumps(ROW).encode(),
                json.dumps({**ROW, "reasons": False, "interval": True}).encode(),
                json.dumps({"customer_id": "c:1", "features": FEATURES}).encode(),
            ),
            words=WORDS,
        ),
    }
