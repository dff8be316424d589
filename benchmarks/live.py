"""Time of the whole catalogue for one customer's raw events: ``python -m benchmarks.live``.

Events of every table, spread over a year; the median and the slowest of twenty of many requests, in
wall time and in processor time. Kept in ``benchmarks/results/live.md``.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import statistics
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from ebbtide.definition import ChurnDefinition
from features.btyd.beta_geometric import BetaGeometric
from features.btyd.gamma_gamma import GammaGamma
from features.btyd.maximum_likelihood import Fit
from features.btyd.parameters import BuyTillYouDie
from features.catalogue.catalogue import CATALOGUE
from features.live import features_of_events

if TYPE_CHECKING:
    from collections.abc import Iterator

RESULTS = Path(__file__).resolve().parent / "results"

BUYING = BuyTillYouDie(
    purchases=BetaGeometric(kind="mbg_nbd", r=0.8, alpha=40.0, a=0.9, b=2.5),
    purchases_fit=Fit(customers=500, log_likelihood=-1000.0, evaluations=30),
    spend=GammaGamma(p=6.0, q=4.0, gamma=15.0),
    spend_fit=Fit(customers=200, log_likelihood=-900.0, evaluations=30),
)
"""A buying model, as a bundle would bring it."""

AS_OF = datetime(2025, 1, 1, tzinfo=UTC)
SHARES = {
    "transactions": 0.50,
    "activity": 0.30,
    "complaints": 0.04,
    "surveys": 0.04,
    "payments": 0.06,
    "balances": 0.05,
    "subscriptions": 0.01,
}
"""How the events of a customer spread over the tables."""


def events_of_a_customer(n_events: int, *, seed: int) -> dict[str, list[dict[str, object]]]:
    """Make the events of one customer, every column filled."""
    rng = random.Random(seed)

    def moment(days: float = 364.0) -> datetime:
        return AS_OF - timedelta(days=days * rng.random(), seconds=1)

    makers = {
        "transactions": lambda: {
            "occurred_at": moment(),
            "amount": round(rng.gauss(20, 15), 2),
            "order_id": f"o{rng.randrange(n_events)}",
            "product_id": f"p{rng.randrange(50)}",
            "category": f"k{rng.randrange(8)}",
            "channel": rng.choice(["web", "shop"]),
            "quantity": 1.0 + rng.randrange(4),
            "discount": 0.5,
        },
        "activity": lambda: {"occurred_at": moment(), "kind": rng.choice(["login", "visit"])},
        "complaints": lambda: {
            "opened_at": moment(),
            "resolved_at": moment(9),
            "severity": 1.0 + rng.randrange(5),
            "reopened": rng.random() < 0.1,
        },
        "surveys": lambda: {"answered_at": moment(), "metric": "csat", "score": 4.0},
        "payments": lambda: {"due_at": moment(), "paid_at": moment(9), "amount": 9.0},
        "balances": lambda: {"measured_at": moment(), "name": "account", "value": rng.random()},
        "subscriptions": lambda: {
            "started_at": moment(),
            "plan": "basic",
            "price": 9.0,
            "period_days": 30.0,
        },
    }
    return {
        name: [makers[name]() for _ in range(max(1, round(share * n_events)))]
        for name, share in SHARES.items()
    } | {"customers": [{"signed_up_at": AS_OF - timedelta(days=700)}]}


def main() -> None:
    """Measure customers of several sizes in one run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=200)
    requests = parser.parse_args().requests
    lines = list(report(requests))
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "live.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


def report(requests: int) -> Iterator[str]:
    """Yield the result as lines of Markdown."""
    definition = ChurnDefinition(horizon_days=90, gap_days=0, active_within_days=365)
    names = [feature.name for feature in CATALOGUE]
    yield f"# The {len(names)} features of one customer from raw events, {requests} requests each"
    yield ""
    yield (
        f"{datetime.now(UTC).date()}, {os.cpu_count()} cores, {platform.machine()}, "
        f"Python {platform.python_version()}."
    )
    yield ""
    yield "| events | median, ms | 95 of 100 within, ms | processor, median, ms |"
    yield "|---|---|---|---|"
    for n_events in (50, 500, 5000):
        wall, processor = [], []
        for seed in range(requests):
            events = events_of_a_customer(n_events, seed=seed)
            started, spent = time.perf_counter(), time.process_time()
            features_of_events(
                events,
                customer_id="c",
                as_of=AS_OF,
                names=names,
                lookback_days=365,
                definition=definition,
                expectations=BUYING,
            )
            wall.append(1e3 * (time.perf_counter() - started))
            processor.append(1e3 * (time.process_time() - spent))
        slow = sorted(wall)[requests * 19 // 20]
        yield (
            f"| {n_events} | {statistics.median(wall):.1f} | {slow:.1f} "
            f"| {statistics.median(processor):.1f} |"
        )


if __name__ == "__main__":
    main()
