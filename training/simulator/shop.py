"""The entry point: from a seed to a folder with a shop's tables, project file and truth."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from ebbtide.definition import ChurnDefinition
from ebbtide.errors import SettingsError
from training.simulator import tables, write
from training.simulator.complaints import dissatisfaction, draw_complaints
from training.simulator.customers import draw_customers
from training.simulator.effects import draw_responses
from training.simulator.episodes import draw_episodes, engagement
from training.simulator.grid import Floats, Grid, window_weights
from training.simulator.history import History, World, live
from training.simulator.intensity import intensity
from training.simulator.orders import draw_lines
from training.simulator.payments import draw_payments
from training.simulator.signals import LEAD_WEEKS, draw_activity, draw_surveys
from training.simulator.truth import Truth, truth_weeks, truths

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

DEFINITION = ChurnDefinition(horizon_days=60, gap_days=0, active_within_days=365)
"""What churn means in a simulated shop."""
FEWEST_DAYS = 365
MOST_DAYS = 3650
MOST_CUSTOMERS = 2_000_000
LARGEST_DRIFT = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedShop:
    """What was written, in a few numbers."""

    folder: Path
    project_file: Path
    truth_file: Path
    log_starts_at: datetime
    log_ends_at: datetime
    """First instant that the log no longer holds."""
    customers: int
    rows: dict[str, int]
    """Rows by table."""
    alive_customers: int
    """Customers alive at the end of the log."""
    churn_share: float
    """Mean true risk of those alive at the end of the log; NaN if there are none."""


def simulate(
    out: Path,
    *,
    customers: int,
    seed: int,
    drift: float = 0.0,
    days: int = 730,
    policy_text: str | None = None,
    progress: Callable[[str], None] | None = None,
) -> SimulatedShop:
    """Write a simulated shop whose true risks, causes and effects are known.

    The same arguments give the same bytes. How the shop works: ``docs/simulator.md``.

    Parameters
    ----------
    out : folder to write to; made if absent, an earlier simulated shop in it is replaced.
    customers : how many sign up before the end of the log, >= 1.
    seed : >= 0; another seed gives another shop.
    drift : change in the last quarter of the log: prices rise by this share and intensities fall;
        0 is none, at most 3.
    days : length of the log, 365 to 3650; it always ends with the year 2024.
    policy_text : written to ``policy.toml`` unless None.
    progress : called with a line of text before each step.

    Raises
    ------
    SettingsError
        If an argument is out of its range, or the folder holds other files.
    """
    _check(customers=customers, seed=seed, drift=drift, days=days)
    say = progress or _say_nothing
    write.prepare_folder(out)
    weeks = window_weights(gap_days=DEFINITION.gap_days, horizon_days=DEFINITION.horizon_days)
    grid = Grid(log_days=days, future_weeks=len(weeks))
    rows: dict[str, int] = {}

    say(f"Drawing {customers} customers and what becomes of them")
    world, engaged = draw_world(customers, grid=grid, seed=seed, drift=drift)
    say(f"Living through {grid.log_weeks} weeks of orders and campaigns")
    history = live(world, standing_weeks=truth_weeks(grid))
    say("Writing transactions")
    lines = draw_lines(world, history.orders, drift=drift)
    rows["transactions"] = _write(out, "transactions", tables.transactions_table(lines, grid=grid))
    del lines
    say("Writing activity")
    activity = draw_activity(world.customers, engaged, world.displeasure, grid=grid, seed=seed)
    rows["activity"] = _write(out, "activity", tables.activity_table(activity, grid=grid))
    del activity
    say("Writing the other tables")
    surveys = draw_surveys(world.customers, engaged, world.displeasure, grid=grid, seed=seed)
    rest = {
        "complaints": tables.complaints_table(world.complaints, grid=grid),
        "surveys": tables.surveys_table(surveys, grid=grid),
        "payments": tables.payments_table(world.payments, grid=grid),
        "customers": tables.customers_table(world.customers, grid=grid),
        "treatments": tables.treatments_table(history, grid=grid),
    }
    rows |= {name: _write(out, name, table) for name, table in rest.items()}
    say("Writing the truth")
    last = _write_truth(out, world, history)
    text = write.project_text(DEFINITION, names_policy=policy_text is not None)
    (out / write.PROJECT_FILE).write_text(text, encoding="utf-8")
    if policy_text is not None:
        (out / write.POLICY_FILE).write_text(policy_text, encoding="utf-8")
    risks = last.true_risk[last.is_alive]
    return SimulatedShop(
        folder=out,
        project_file=out / write.PROJECT_FILE,
        truth_file=out / write.TRUTH_FILE,
        log_starts_at=grid.instant(grid.first_day),
        log_ends_at=grid.instant(grid.end_day),
        customers=customers,
        rows={name: rows[name] for name in write.TABLE_NAMES},
        alive_customers=len(risks),
        churn_share=float(risks.mean()) if len(risks) else float("nan"),
    )


def draw_world(count: int, *, grid: Grid, seed: int, drift: float) -> tuple[World, Floats]:
    """Draw all that is settled before the first order; return it with the engagement.

    Parameters
    ----------
    count : number of customers.
    grid : the weeks of the simulation.
    seed : seed of the shop.
    drift : change in the last quarter of the log.
    """
    people = draw_customers(count, grid=grid, seed=seed)
    episodes = draw_episodes(people, seed=seed)
    engaged = engagement(episodes, grid=grid, lead_weeks=LEAD_WEEKS)
    orders = intensity(people, engaged, grid=grid, drift=0.0)
    complaints = draw_complaints(people, orders, grid=grid, seed=seed)
    payments = draw_payments(people, episodes, orders, grid=grid, seed=seed)
    displeasure = dissatisfaction(complaints, weeks=grid.weeks, customers=count)
    path = intensity(people, engaged, grid=grid, drift=drift) if drift else orders
    world = World(
        grid=grid,
        definition=DEFINITION,
        seed=seed,
        customers=people,
        episodes=episodes,
        path=path * np.exp(-displeasure),
        displeasure=displeasure,
        complaints=complaints,
        payments=payments,
        responses=draw_responses(people, seed=seed),
    )
    return world, engaged


def _check(*, customers: int, seed: int, drift: float, days: int) -> None:
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
                "drift",
                drift,
                f"a number from 0 to {LARGEST_DRIFT:g}",
                math.isfinite(drift) and 0 <= drift <= LARGEST_DRIFT,
            ),
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
        raise SettingsError(f"The shop cannot be simulated. {'; '.join(problems)}.")


def _write(out: Path, name: str, table: pa.Table) -> int:
    return write.write_table(table, out / f"{name}.parquet")


def _write_truth(out: Path, world: World, history: History) -> Truth:
    """Write the truth and return that of the end of the log."""
    known = truths(world, history)
    parts = [tables.truth_table(truth, grid=world.grid) for truth in known]
    write.write_table(pa.concat_tables(parts), out / write.TRUTH_FILE)
    return known[-1]


def _say_nothing(_line: str) -> None:
    """Take the place of a progress display."""
