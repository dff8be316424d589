"""The gate says what to bring in words that hold for events and for a flat table."""

from __future__ import annotations

import pytest

from ebbtide.errors import NotReady
from training.gate import judge, require_passed


def test_what_is_to_be_brought_may_be_columns_of_a_flat_table() -> None:
    verdict = judge({"auc": 0.61}, 0.70)
    with pytest.raises(NotReady, match="does not beat the best simple rule") as refused:
        require_passed(verdict, version="3")
    assert "columns and tables" in str(refused.value)
    assert "events" not in str(refused.value)
