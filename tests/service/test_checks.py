"""What is wrong with a number comes with the limits that hold for it."""

from __future__ import annotations

import pytest

from service.scoring.checks import Faults, check_number


@pytest.mark.parametrize(
    ("low", "high", "fix"),
    [
        (None, None, "Send a number between -1e+15 and 1e+15."),
        (0.0, None, "Send a number between 0 and 1e+15."),
        (-1e12, 1e12, "Send a number between -1e+12 and 1e+12."),
        (0.0, 1e18, "Send a number between 0 and 1e+15."),
    ],
    ids=["no-limits", "at-least", "both", "beyond-what-is-taken"],
)
def test_a_number_beyond_range_is_told_the_limits_that_hold(low, high, fix) -> None:
    faults = Faults()
    read = check_number(1e400, pointer="/value", unit="EUR", low=low, high=high, faults=faults)
    assert read is None
    assert [fault.fix for fault in faults.found] == [fix]
