"""What a bundle does not hold is not made up."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ebbtide.definition import ChurnDefinition
from ebbtide.errors import NotReady
from training.pages.from_bundle import report_of


def test_a_model_that_was_not_judged_has_no_report() -> None:
    bundle = SimpleNamespace(
        version="abc",
        manifest={"metrics": {"auc": 0.8}},
        definition=ChurnDefinition(horizon_days=90, gap_days=0, active_within_days=365),
    )
    with pytest.raises(NotReady, match="abc holds none: only the best candidate"):
        report_of(bundle, project="shop", currency="EUR")
