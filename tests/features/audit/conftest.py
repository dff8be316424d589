"""A company with every table, whose rows are written out: seen, later, known late, open."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from ebbtide.definition import ChurnDefinition
from features.catalogue.catalogue import features_present
from features.snapshot import build_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from features.tables import Tables

YEAR = ChurnDefinition(horizon_days=90, gap_days=0, active_within_days=365)


@pytest.fixture
def whole_company(ago) -> dict[str, list[dict[str, object]]]:
    """Forty customers; every third row lies after the instant at which tests look."""
    who = [f"c{number}" for number in range(40)]
    rows: dict[str, list[dict[str, object]]] = {
        name: []
        for name in (
            "transactions",
            "complaints",
            "activity",
            "surveys",
            "subscriptions",
            "payments",
            "balances",
            "customers",
            "treatments",
        )
    }
    for number, customer in enumerate(who):
        rows["customers"].append(
            {"customer_id": customer, "signed_up_at": ago(400 - number), "segment": "s1"}
        )
        for step in range(6):
            at = ago(150.5 + number - 45 * step)
            mine = {"customer_id": customer}
            rows["transactions"].append(
                mine
                | {
                    "occurred_at": at,
                    "amount": Decimal(5 + number + step) * (-1 if step == 1 else 1),
                    "order_id": f"o{number}-{step}",
                    "product_id": f"p{step % 3}",
                    "category": f"k{step % 2}",
                    "channel": "web",
                    "quantity": 2.0,
                    "discount": Decimal(step),
                }
            )
            rows["complaints"].append(
                mine
                | {
                    "opened_at": at,
                    "resolved_at": None if step == 2 else ago(140.5 + number - 45 * step),
                    "severity": float(1 + step % 5),
                    "reopened": step % 2 == 0,
                }
            )
            rows["activity"].append(mine | {"occurred_at": at, "kind": "login", "value": 1.0})
            rows["surveys"].append(
                mine | {"answered_at": at, "metric": "csat", "score": float(1 + step % 5)}
            )
            rows["subscriptions"].append(
                mine
                | {
                    "started_at": at,
                    "ended_at": None if step > 2 else ago(110.5 + number - 45 * step),
                    "end_reason": "voluntary",
                    "plan": "basic",
                    "price": Decimal(10),
                    "period_days": 30.0,
                }
            )
            rows["payments"].append(
                mine
                | {
                    "due_at": at,
                    "paid_at": None if step == 2 else ago(145.5 + number - 45 * step),
                    "amount": Decimal(10),
                    "status": "paid",
                }
            )
            rows["balances"].append(
                mine | {"measured_at": at, "name": "seats", "value": float(number + step)}
            )
            rows["treatments"].append(
                mine
                | {
                    "assigned_at": at,
                    "action": "call",
                    "arm": "treated",
                    "propensity": 0.5,
                    "delivered_at": ago(148.5 + number - 45 * step),
                    "cost": Decimal(1),
                }
            )
    return rows


@pytest.fixture
def all_features(ago) -> Callable[[Tables], pa.Table]:
    """Compute the whole catalogue at the instant at which tests look."""

    def compute(tables: Tables) -> pa.Table:
        return build_snapshot(
            tables,
            as_of=ago(0),
            features=features_present(tables.columns),
            lookback_days=365,
            definition=YEAR,
        )

    return compute
