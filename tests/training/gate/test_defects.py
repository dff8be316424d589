"""Eighteen defects of data or training, each planted beside a healthy champion, are all refused.

Each says where it is refused and by which code; the same training without a defect passes.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest

from by_hand import PRESENT
from ebbtide.errors import ContractError
from ebbtide.gate_settings import GateSettings
from trained_shops import LOG_END
from training import snapshots
from training.gate import judge

if TYPE_CHECKING:
    from collections.abc import Callable

    from ebbtide.bundle.contents import Bundle
    from ebbtide.definition import ChurnDefinition
    from trained_shops import Shop

pytestmark = pytest.mark.e2e

EVERY_TABLE = (
    "transactions",
    "activity",
    "complaints",
    "surveys",
    "payments",
    "customers",
    "treatments",
)
RECENT = "occurred_at >= TIMESTAMPTZ '2024-11-02 00:00+00'"
DEFECTS_OF_DATA: dict[str, tuple[dict[str, str | None], str]] = {
    "leak: visits are kept only where an order followed within 60 days": (
        {
            "activity": "SELECT visit.* FROM FILE AS visit SEMI JOIN "
            "read_parquet('${PROJECT_DIR}/transactions.parquet') AS sale "
            "ON visit.customer_id = sale.customer_id "
            "AND sale.occurred_at BETWEEN visit.occurred_at AND "
            "visit.occurred_at + INTERVAL 60 DAY"
        },
        "too_good",
    ),
    "unit x100 from a date on": (
        {
            "transactions": "SELECT * REPLACE (CASE WHEN "
            f"{RECENT} THEN 100 * amount ELSE amount END AS amount) FROM FILE"
        },
        "feature_moved",
    ),
    "a column filled with a default": (
        {"complaints": "SELECT * REPLACE (3 AS severity) FROM FILE"},
        "feature_constant",
    ),
    "a column emptied": (
        {"complaints": "SELECT * REPLACE (NULL::TIMESTAMPTZ AS resolved_at) FROM FILE"},
        "feature_missing",
    ),
    "a file loaded twice": (
        {"transactions": f"SELECT * FROM FILE UNION ALL SELECT * FROM FILE WHERE {RECENT}"},
        "repeated_rows",
    ),
    "another time zone": (
        {
            "transactions": "SELECT * REPLACE (occurred_at - INTERVAL 8 HOUR AS occurred_at, "
            "known_at - INTERVAL 8 HOUR AS known_at) FROM FILE"
        },
        "shifted_hours",
    ),
    "truncated history": (
        {
            "transactions": "SELECT * FROM FILE WHERE occurred_at >= "
            "TIMESTAMPTZ '2024-03-01 00:00+00'"
        },
        "short_history",
    ),
    "a table missing": ({"complaints": None}, "schema"),
    "a table that was not loaded lately": (
        {"activity": f"SELECT * FROM FILE WHERE NOT ({RECENT})"},
        "stale_table",
    ),
    "most rows of a table lost": (
        {"activity": "SELECT * FROM FILE WHERE hash(occurred_at) % 4 = 0"},
        "lost_rows",
    ),
    "half of the customers lost": (
        dict.fromkeys(EVERY_TABLE, "SELECT * FROM FILE WHERE hash(customer_id) % 2 = 0"),
        "customers",
    ),
    "customers twice, by the channel": (
        {
            "transactions": "SELECT * REPLACE (customer_id || (CASE WHEN channel = 'web' THEN '' "
            "ELSE '-2' END) AS customer_id) FROM FILE"
        },
        "customers",
    ),
    "the last load incomplete": (
        {"transactions": f"SELECT * FROM FILE WHERE NOT ({RECENT}) OR hash(occurred_at) % 8 = 0"},
        "churned_share",
    ),
}


@pytest.fixture(scope="module")
def shop(shop_of: Callable[..., Shop]) -> Shop:
    return shop_of(seed=1)


@pytest.fixture(scope="module")
def champion(shop: Shop) -> Bundle:
    return shop.bundle(as_of=LOG_END - timedelta(days=28))


def codes(challenger: Bundle, champion: Bundle) -> set[str]:
    refusals = judge(challenger, champion, settings=GateSettings(), at=PRESENT)
    return {refusal.code for refusal in refusals}


def test_without_a_defect_the_same_training_passes(shop: Shop, champion: Bundle) -> None:
    assert codes(shop.bundle(), champion) == set()


@pytest.mark.parametrize("defect", DEFECTS_OF_DATA)
def test_a_defect_of_the_data_is_refused_by_the_gate(
    shop: Shop, champion: Bundle, defect: str
) -> None:
    queries, code = DEFECTS_OF_DATA[defect]
    assert code in codes(shop.bundle(shop.with_queries(queries)), champion)


def test_rows_of_the_future_are_refused_before_training(shop: Shop) -> None:
    present = LOG_END - timedelta(days=3)
    with pytest.raises(ContractError, match="lies in the future"):
        shop.bundle(as_of=None, present=present)


def _labelled(change: Callable[[np.ndarray], np.ndarray], monkeypatch: pytest.MonkeyPatch) -> None:
    real = snapshots.label_snapshot

    def told(*args: object, **named: object) -> pa.Table:
        table = real(*args, **named)
        place = table.column_names.index("churned")
        changed = change(np.asarray(table["churned"].to_numpy(), dtype=float))
        return table.set_column(place, "churned", pa.array(changed == 1))

    monkeypatch.setattr(snapshots, "label_snapshot", told)


def test_shuffled_outcomes_are_refused(
    shop: Shop, champion: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    _labelled(np.random.default_rng(0).permutation, monkeypatch)
    assert "chance" in codes(shop.bundle(), champion)


def test_swapped_outcomes_are_refused(
    shop: Shop, champion: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    _labelled(lambda churned: 1 - churned, monkeypatch)
    assert "upside_down" in codes(shop.bundle(), champion)


def test_outcomes_of_a_shorter_window_are_refused(
    shop: Shop, champion: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = snapshots.label_snapshot

    def told(*args: object, definition: ChurnDefinition, **named: object) -> pa.Table:
        return real(*args, definition=replace(definition, horizon_days=20), **named)

    monkeypatch.setattr(snapshots, "label_snapshot", told)
    assert "churned_share" in codes(shop.bundle(), champion)


def test_outcomes_that_have_not_matured_are_refused(shop: Shop, champion: Bundle) -> None:
    healthy = shop.bundle()
    lineage = {**healthy.manifest["lineage"], "snapshots": ["2024-12-12T00:00:00+00:00"]}
    challenger = replace(healthy, manifest={**healthy.manifest, "lineage": lineage})
    assert codes(challenger, champion) == {"immature"}


def test_older_data_are_refused(shop: Shop, champion: Bundle) -> None:
    challenger = shop.bundle(as_of=LOG_END - timedelta(days=58))
    assert codes(challenger, champion) == {"older"}


def test_another_definition_is_refused(shop: Shop, champion: Bundle) -> None:
    project = shop.project
    churn = project.churn.model_copy(update={"horizon_days": 45})
    challenger = shop.bundle(project.model_copy(update={"churn": churn}))
    assert codes(challenger, champion) == {"definition"}
