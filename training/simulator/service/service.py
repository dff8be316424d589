"""The entry point: from a seed to a folder with a service's tables, project file and truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from ebbtide.errors import SettingsError
from training.simulator import write
from training.simulator.service import tables
from training.simulator.service.calendar import Calendar
from training.simulator.service.lives import live
from training.simulator.service.subscribers import draw_subscribers
from training.simulator.service.truth import DEFINITION, truth_at, truth_seconds
from training.simulator.service.usage import draw_usage

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

FEWEST_DAYS = 365
MOST_DAYS = 3650
MOST_CUSTOMERS = 1_000_000
TABLE_NAMES = ("subscriptions", "payments", "activity", "customers")


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedService:
    """What was written, in a few numbers."""

    folder: Path
    project_file: Path
    truth_file: Path
    log_ends_at: datetime
    """First instant that the log no longer holds."""
    customers: int
    rows: dict[str, int]
    """Rows by table."""
    alive_customers: int
    """Customers with a running contract at the end of the log."""
    churn_share: float
    """Their mean true risk; NaN if there are none."""


def simulate_service(
    out: Path,
    *,
    customers: int,
    seed: int,
    days: int = 730,
    policy_text: str | None = None,
    progress: Callable[[str], None] | None = None,
) -> SimulatedService:
    """Write a simulated service with monthly contracts, whose true risks by cause are known.

    The same arguments give the same bytes. How it works: ``docs/simulator.md``.

    Parameters
    ----------
    out : folder to write to; made if absent, an earlier simulated service in it is replaced.
    customers : how many sign up before the end of the log, 1 to 1,000,000.
    seed : >= 0; another seed gives another service.
    days : length of the log, 365 to 3650; it always ends with the year 2024.
    policy_text : written to ``policy.toml`` unless None.
    progress : called with a line of text before each step.

    Raises
    ------
    SettingsError
        If an argument is out of its range, or the folder holds other files.
    """
    _check(customers=customers, seed=seed, days=days)
    say = progress or (lambda _: None)
    write.prepare_folder(out, TABLE_NAMES)
    calendar = Calendar(log_days=days)
    say(f"Drawing {customers} subscribers and what becomes of their contracts")
    people = draw_subscribers(customers, calendar=calendar, seed=seed)
    lives = live(people, calendar=calendar, seed=seed)
    say("Drawing visits")
    usage = draw_usage(people, lives.contracts, calendar=calendar, seed=seed)
    say("Writing the tables")
    made = {
        "subscriptions": tables.subscriptions_table(lives.contracts, calendar=calendar),
        "payments": tables.payments_table(lives.dues, calendar=calendar),
        "activity": tables.activity_table(usage, calendar=calendar),
        "customers": tables.customers_table(people, lives.contracts, calendar=calendar),
    }
    rows = {name: write.write_table(made[name], out / f"{name}.parquet") for name in TABLE_NAMES}
    say("Writing the truth")
    known = [truth_at(people, lives, at=at) for at in truth_seconds(calendar)]
    parts = [tables.truth_table(truth, calendar=calendar) for truth in known]
    write.write_table(pa.concat_tables(parts), out / write.TRUTH_FILE)
    text = write.project_text(
        DEFINITION,
        name="simulated-service",
        tables=TABLE_NAMES,
        names_policy=policy_text is not None,
    )
    (out / write.PROJECT_FILE).write_text(text, encoding="utf-8")
    if policy_text is not None:
        (out / write.POLICY_FILE).write_text(policy_text, encoding="utf-8")
    risks = known[-1].true_risk
    return SimulatedService(
        folder=out,
        project_file=out / write.PROJECT_FILE,
        truth_file=out / write.TRUTH_FILE,
        log_ends_at=calendar.instant(calendar.log_ends),
        customers=customers,
        rows=rows,
        alive_customers=len(risks),
        churn_share=float(risks.mean()) if len(risks) else float("nan"),
    )


def _check(*, customers: int, seed: int, days: int) -> None:
    problems = [
        f"{name}: expected {expected}, got {given!r}"
        for name, given, expected, is_fine in (
            (
                "customers",
                customers,
                f"a whole number from 1 to {MOST_CUSTOMERS}",
                1 <= customers <= MOST_CUSTOMERS,
            ),
            ("seed", seed, "a whole number from 0", seed >= 0),
            (
                "days",
                days,
                f"a whole number from {FEWEST_DAYS} to {MOST_DAYS}",
                FEWEST_DAYS <= days <= MOST_DAYS,
            ),
        )
        if not is_fine
    ]
    if problems:
        raise SettingsError(f"The service cannot be simulated. {'; '.join(problems)}.")
