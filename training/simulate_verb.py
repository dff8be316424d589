"""The verb ``ebbtide simulate``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path  # noqa: TC003  typer reads it from the signature
from typing import Annotated

import typer

from ebbtide.console import progress_shown


class SimulatedKind(StrEnum):
    """What is simulated."""

    shop = "shop"
    subscriptions = "subscriptions"


def simulate(
    out: Annotated[Path, typer.Option(help="Folder to write; made if absent.")],
    customers: Annotated[int, typer.Option(help="How many customers.")] = 10_000,
    seed: Annotated[int, typer.Option(help="Equal seeds give equal files.")] = 0,
    drift: Annotated[float, typer.Option(help="How far the last quarter drifts, 0 to 3.")] = 0.0,
    kind: Annotated[SimulatedKind, typer.Option(help="A shop, or a service with contracts.")] = (
        SimulatedKind.shop
    ),
) -> None:
    """Simulate a company whose true risks are known: tables, project file, policy, and truth."""
    from ebbtide.project import STARTER_POLICY
    from training.simulator.shop import simulate as simulate_shop

    if kind is SimulatedKind.subscriptions:
        _simulate_service(out, customers=customers, seed=seed, drift=drift)
        return
    with progress_shown("Simulating") as progress:
        shop = simulate_shop(
            out,
            customers=customers,
            seed=seed,
            drift=drift,
            policy_text=STARTER_POLICY.read_text(encoding="utf-8"),
            progress=progress,
        )
    rows = ", ".join(f"{name} {n:,}" for name, n in shop.rows.items())
    typer.echo(f"{shop.customers:,} customers ({rows}).")
    typer.echo(f"Project file: {shop.project_file}. The truth, for checks only: {shop.truth_file}.")


def _simulate_service(out: Path, *, customers: int, seed: int, drift: float) -> None:
    from ebbtide.errors import SettingsError
    from ebbtide.project import STARTER_POLICY
    from training.simulator.service.service import simulate_service

    if drift:
        raise SettingsError("--drift goes with --kind shop; contracts do not drift.")
    with progress_shown("Simulating") as progress:
        service = simulate_service(
            out,
            customers=customers,
            seed=seed,
            policy_text=STARTER_POLICY.read_text(encoding="utf-8"),
            progress=progress,
        )
    rows = ", ".join(f"{name} {n:,}" for name, n in service.rows.items())
    typer.echo(f"{service.customers:,} customers ({rows}).")
    typer.echo(
        f"Project file: {service.project_file}. The truth, for checks only: {service.truth_file}."
    )
