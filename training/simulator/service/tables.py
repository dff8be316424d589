"""From the lives of contracts to Arrow tables with the columns of the table contracts.

Only what the service could know at the end of its log is kept; contracts that had ended before the
log began are not in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from training.simulator.arrow import ids, instants, money, words
from training.simulator.service.hazards import PERIOD_DAYS
from training.simulator.service.lives import CAUSES
from training.simulator.service.subscribers import PLANS, PRICES_CENTS, REGIONS, SEGMENTS
from training.simulator.service.usage import KINDS

if TYPE_CHECKING:
    from training.simulator.grid import Flags, Ints
    from training.simulator.service.calendar import Calendar
    from training.simulator.service.lives import Contracts, Dues
    from training.simulator.service.subscribers import Subscribers
    from training.simulator.service.truth import Truth
    from training.simulator.service.usage import Usage


def subscriptions_table(contracts: Contracts, *, calendar: Calendar) -> Any:
    """Return contracts; ``ended_at`` and ``end_reason`` are null while one runs."""
    kept = _by_customer(_recorded(contracts, calendar), contracts.customer, contracts.started)
    runs = contracts.ended[kept] >= calendar.log_ends
    started = instants(calendar.microseconds(contracts.started[kept]))
    plan = contracts.plan[kept]
    cause = np.where(runs, len(CAUSES), contracts.cause[kept])
    return pa.table(
        {
            "customer_id": ids(contracts.customer[kept]),
            "started_at": started,
            "ended_at": instants(
                calendar.microseconds(np.where(runs, 0, contracts.ended[kept])), is_null=runs
            ),
            "end_reason": pc.if_else(
                pa.array(runs), pa.scalar(None, pa.string()), words([*CAUSES, ""], cause)
            ),
            "plan": words(PLANS, plan),
            "price": money(PRICES_CENTS[plan]),
            "period_days": pa.array(np.full(len(plan), float(PERIOD_DAYS))),
            "known_at": started,
        }
    )


def payments_table(dues: Dues, *, calendar: Calendar) -> Any:
    """Return prices that fell due; ``paid_at`` is null while unpaid."""
    within = (dues.due >= calendar.log_starts) & (dues.due < calendar.log_ends)
    kept = _by_customer(within, dues.customer, dues.due)
    unpaid = dues.paid[kept] >= calendar.log_ends
    status = np.where(dues.failed[kept], np.where(unpaid, 2, 1), np.where(unpaid, 3, 0))
    due = instants(calendar.microseconds(dues.due[kept]))
    return pa.table(
        {
            "customer_id": ids(dues.customer[kept]),
            "due_at": due,
            "paid_at": instants(
                calendar.microseconds(np.where(unpaid, 0, dues.paid[kept])), is_null=unpaid
            ),
            "amount": money(PRICES_CENTS[dues.plan[kept]]),
            "status": words(("paid", "paid_late", "failed", "open"), status),
            "known_at": due,
        }
    )


def activity_table(usage: Usage, *, calendar: Calendar) -> Any:
    """Return visits."""
    at = instants(calendar.microseconds(usage.at))
    return pa.table(
        {
            "customer_id": ids(usage.customer),
            "occurred_at": at,
            "kind": words(KINDS, usage.kind),
            "value": pa.array(usage.minutes),
            "known_at": at,
        }
    )


def customers_table(people: Subscribers, contracts: Contracts, *, calendar: Calendar) -> Any:
    """Return what the service knows of those who had a contract in its log."""
    who = np.unique(contracts.customer[_recorded(contracts, calendar)])
    signed_up = instants(calendar.microseconds(people.signup[who]))
    return pa.table(
        {
            "customer_id": ids(who),
            "signed_up_at": signed_up,
            "segment": words(SEGMENTS, people.segment[who]),
            "region": words(REGIONS, people.region[who]),
            "known_at": signed_up,
        }
    )


def truth_table(truth: Truth, *, calendar: Calendar) -> Any:
    """Return the truth at one instant."""
    at = calendar.microseconds(np.full(len(truth.customer), truth.at))
    cause = words([*CAUSES, ""], np.where(truth.churned, truth.cause, len(CAUSES)))
    return pa.table(
        {
            "customer_id": ids(truth.customer),
            "as_of": instants(at),
            "true_risk": pa.array(truth.true_risk),
            "risk_voluntary": pa.array(truth.risk_voluntary),
            "risk_payment": pa.array(truth.risk_payment),
            "churned": pa.array(truth.churned),
            "churn_cause": pc.if_else(pa.array(truth.churned), cause, pa.scalar(None, pa.string())),
        }
    )


def _recorded(contracts: Contracts, calendar: Calendar) -> Flags:
    begun = contracts.started < calendar.log_ends
    return np.asarray(begun & (contracts.ended >= calendar.log_starts))


def _by_customer(kept: Flags, customer: Ints, at: Ints) -> Ints:
    places = np.flatnonzero(kept)
    return np.asarray(places[np.lexsort((at[places], customer[places]))])
