"""From raw data to ten customers scored over HTTP: what ``make demo`` runs.

Only does what a user could type: every step is the ``ebbtide`` command or one HTTP request. Imports
nothing of Ebbtide.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pyarrow.parquet as pq
from fetch import FETCHERS, FetchError
from outcome import end_of_log, spread_over_risk, table_of_scores, true_risks
from rich.console import Console
from service_process import ServiceError, running_service

if TYPE_CHECKING:
    from types import FrameType

EXAMPLES = Path(__file__).resolve().parent
EBBTIDE = Path(sys.executable).with_name("ebbtide")
SHOPS = ("simulated", *FETCHERS)
CUSTOMERS_SHOWN = 10


class StepFailed(Exception):
    """A command of the demo did not succeed; it has said why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """One run: where it happens, and how its steps are shown."""

    data: str
    folder: Path
    customers: int
    console: Console
    steps: list[str] = field(default_factory=list)

    @property
    def config(self) -> Path:
        """The project file."""
        return self.folder / "ebbtide.toml"

    @property
    def results(self) -> Path:
        """Where features, scores and the log of the service go."""
        return self.folder / "results"

    def headline(self, text: str) -> None:
        """Say which step begins."""
        self.steps.append(text)
        self.console.print(f"\n[bold cyan]{len(self.steps)}. {text}")

    def ebbtide(self, verb: str, *options: str) -> None:
        """Run one verb of the command line, its output shown as it comes."""
        command = [str(EBBTIDE), verb, *options]
        typed = shlex.join(["ebbtide", verb, *options])
        self.console.print(f"[dim]$ {typed}", highlight=False, soft_wrap=True)
        start = time.monotonic()
        done = subprocess.run(command, env=own_environment(), check=False)
        if done.returncode:
            raise StepFailed(f"'{typed}' ended with exit code {done.returncode}.")
        self.console.print(f"[dim]{time.monotonic() - start:.1f} s", highlight=False)


def own_environment() -> dict[str, str]:
    """Return the environment without the address of a tracking server.

    The demo's models belong into the demo's folder, not beside the real ones of whoever runs it.
    """
    return {name: value for name, value in os.environ.items() if name != "MLFLOW_TRACKING_URI"}


def prepare(demo: Demo) -> None:
    """Put data and project file into the folder, and forget what an earlier demo made."""
    for made in (demo.folder / ".ebbtide", demo.results):
        shutil.rmtree(made, ignore_errors=True)
    demo.folder.mkdir(parents=True, exist_ok=True)
    if demo.data == "simulated":
        demo.headline(f"Simulate a shop with {demo.customers:,} customers")
        size = ("--customers", str(demo.customers), "--seed", "7")
        demo.ebbtide("simulate", "--out", str(demo.folder), *size)
    else:
        demo.headline(f"Fetch the data of {demo.data}")
        place = FETCHERS[demo.data](demo.folder).resolve()
        text = (EXAMPLES / f"{demo.data}.toml").read_text(encoding="utf-8")
        is_beside = place == demo.folder.resolve()
        where = "${PROJECT_DIR}" if is_beside else place.as_posix()
        filled = text.replace("${EBBTIDE_DATA_DIR}", where)
        demo.config.write_text(filled, encoding="utf-8")
        demo.console.print(f"The data are in {place}", highlight=False, soft_wrap=True)


def build(demo: Demo, as_of: str) -> Path:
    """Go from data to published scores, and return the file of scores."""
    config = ("--config", str(demo.config))
    demo.results.mkdir()
    scores = demo.results / "scores.parquet"
    features = demo.results / "features.parquet"
    demo.headline("Check the data")
    demo.ebbtide("check-data", *config)
    demo.headline(f"Features of every living customer, as known before {as_of}")
    demo.ebbtide("features", *config, "--as-of", as_of, "--out", str(features))
    demo.headline("Train the candidates on past snapshots and register the best")
    demo.ebbtide("train", *config)
    demo.ebbtide("models", *config)
    demo.headline("Promote it to champion")
    demo.ebbtide("promote", *config, "--why", "first model")
    demo.headline("Score everybody")
    demo.ebbtide("score", *config, "--as-of", as_of, "--out", str(scores), "--publish")
    return scores


def ask(demo: Demo, address: str, customers: list[str]) -> list[dict[str, object]]:
    """Ask the service about customers by their ids alone."""
    rows = [{"customer_id": customer} for customer in customers]
    start = time.monotonic()
    answer = httpx.post(f"{address}/v1/scores", json={"rows": rows}, timeout=30)
    if answer.status_code != httpx.codes.OK:
        raise StepFailed(f"POST /v1/scores answered {answer.status_code}: {answer.text}")
    took_ms = 1000 * (time.monotonic() - start)
    demo.console.print(f"[dim]POST {address}/v1/scores: {took_ms:.0f} ms", highlight=False)
    results: list[dict[str, object]] = answer.json()["results"]
    if not any(result["status"] == "scored" for result in results):
        raise StepFailed(f"POST /v1/scores scored nobody; it answered: {answer.text}")
    return results


def say_what_next(demo: Demo, customer: str) -> None:
    """Name the next things to try."""
    body = f'{{"customer_id": "{customer}"}}'
    chosen = f" DATA={demo.data}" if demo.data != "simulated" else ""
    lines = [
        "",
        "What to try next",
        f"  make serve{chosen}",
        f"  curl -s http://127.0.0.1:8000/v1/score -H 'Content-Type: application/json' -d '{body}'",
        "  read docs/api.md for the other questions that the service answers",
        f"  read {demo.config}, and put your own tables into one like it",
    ]
    for line in lines:
        demo.console.print(line, highlight=False, markup=False, soft_wrap=True)


def run(demo: Demo, *, keep_serving: bool) -> None:
    """Run every step."""
    start = time.monotonic()
    prepare(demo)
    as_of = end_of_log(demo.data, demo.folder)
    chosen = spread_over_risk(pq.read_table(build(demo, as_of)), CUSTOMERS_SHOWN)
    demo.headline(f"Start the service and ask it about {len(chosen)} customers")
    log = demo.results / "service.log"
    with running_service(EBBTIDE, demo.config, log=log, environment=own_environment()) as address:
        results = ask(demo, address, chosen)
        truth = true_risks(demo.folder, as_of)
        demo.console.print(table_of_scores(results, truth=truth))
        demo.console.print(f"Done in {time.monotonic() - start:.0f} s.", highlight=False)
        if keep_serving:
            demo.console.print(f"The service keeps running on {address}; Ctrl-C stops it.")
            signal.pause()
    demo.console.print("The service is stopped.")
    say_what_next(demo, chosen[0])


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="From raw data to ten customers scored over HTTP")
    parser.add_argument("--data", choices=SHOPS, default="simulated", help="which shop")
    parser.add_argument("--folder", type=Path, default=Path("demo"), help="where it all goes")
    parser.add_argument("--customers", type=int, default=3000, help="size of the simulated shop")
    parser.add_argument("--keep-serving", action="store_true", help="go on until Ctrl-C")
    return parser.parse_args()


def main() -> int:
    """Run the demo and return its exit code."""
    signal.signal(signal.SIGTERM, _leave)
    asked = arguments()
    wide = None if sys.stdout.isatty() else 140
    demo = Demo(
        data=asked.data,
        folder=asked.folder / asked.data,
        customers=asked.customers,
        console=Console(width=wide),
    )
    try:
        run(demo, keep_serving=asked.keep_serving)
    except KeyboardInterrupt:
        demo.console.print("\nStopped.")
        return 130
    except (FetchError, ServiceError, StepFailed, httpx.HTTPError) as err:
        said = str(err) or type(err).__name__
        Console(stderr=True).print(said, style="red", markup=False, soft_wrap=True)
        return 1
    return 0


def _leave(number: int, frame: FrameType | None) -> None:
    """Turn a polite request to end into an exit that still cleans up."""
    raise SystemExit(128 + number)


if __name__ == "__main__":
    raise SystemExit(main())
