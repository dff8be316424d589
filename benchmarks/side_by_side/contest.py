"""Who is measured against whom: every server, and what is sent to it."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.side_by_side.load import Sent
from benchmarks.side_by_side.model import KEY, SENT
from benchmarks.side_by_side.names import NAMES
from benchmarks.side_by_side.servers import Server
from benchmarks.side_by_side.stored import CUSTOMERS, customer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import numpy as np

    from benchmarks.side_by_side.model import Made
    from benchmarks.side_by_side.own_champion import OwnChampion

BATCH_ROWS, BATCHES = 1_000, 10
ALL = (1, 8, 32, 64)
_PROGRAM = str(Path(sys.executable).with_name("ebbtide"))
_UVICORN = (sys.executable, "-m", "uvicorn", "--factory", "--host", "127.0.0.1", "--port", "{port}")
_QUIET = ("--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning")


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One line of the table.

    Parameters
    ----------
    name : in the table.
    server : name of the server that does it.
    sent : what is sent.
    connections : at how many connections it is measured.
    told : probabilities of an answer, to be compared with the model's; None where it says none.
    """

    name: str
    server: str
    sent: Sent
    connections: tuple[int, ...] = ALL
    told: Callable[[Any], list[float]] | None = None


MLFLOW = "mlflow models serve"
FRAME, CONTRIBUTIONS = "FastAPI + DataFrame", "FastAPI + DataFrame + contributions"
CONSTANT_FASTAPI, CONSTANT_ASGI = "constant FastAPI", "constant ASGI"
FAST_ROW = "LightGBM fast C API"
EBBTIDE, DEMO, OWN = "Ebbtide", "Ebbtide, demo mode", "Ebbtide, own champion"


def references(made: Made) -> list[Server]:
    """Return what people serve with today, and what bounds any server."""
    apps = {
        FRAME: "frame",
        CONTRIBUTIONS: "frame_with_contributions",
        CONSTANT_FASTAPI: "constant_fastapi",
        CONSTANT_ASGI: "constant_asgi",
        FAST_ROW: "fast_single_row",
    }
    place = {"SIDE_BY_SIDE_MODEL": str(made.folder)}
    started = [
        Server(
            name=name,
            command=(*_UVICORN, *_QUIET, f"benchmarks.side_by_side.references:{app}"),
            environment=place,
        )
        for name, app in apps.items()
    ]
    program = str(Path(sys.executable).with_name("mlflow"))
    how = ("--env-manager", "local", "--workers", "1", "--host", "127.0.0.1", "--port", "{port}")
    served = (program, "models", "serve", "--model-uri", str(made.mlflow_model), *how)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {"PATH": path, "MLFLOW_DISABLE_TELEMETRY": "true"}
    return [
        Server(name=MLFLOW, command=served, ready="/ping", environment=environment),
        *started,
    ]


def ebbtide(name: str, project_file: Path, folder: Path) -> tuple[Server, Path]:
    """Return a server of a copy of a project, and the copy's project file."""
    copied = folder / name.replace(" ", "-").replace(",", "")
    shutil.copytree(project_file.parent, copied)
    config = copied / project_file.name
    command = (_PROGRAM, "serve", "--config", str(config), "--port", "{port}")
    environment = {"EBBTIDE_BUNDLE_KEY": KEY}
    return (
        Server(name=name, command=command, ready="/readyz", environment=environment),
        config,
    )


def new_key(config: Path) -> str:
    """Make an API key with a limit that no load reaches, and return it."""
    limits = ("--scope", "score", "--scope", "read", "--rate-limit", "100000000/second")
    command = [_PROGRAM, "keys", "create", "--name", "load", *limits, "--config", str(config)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def reference_works(made: Made, folder: Path) -> list[Work]:
    """Return what is sent to the references."""
    rows = made.rows
    frames = _lines(folder / "frames", ({"dataframe_split": _split(row)} for row in rows))
    plain = _lines(folder / "plain", (_named(NAMES, row) for row in rows))
    own = Sent(method="POST", path="/predict", lines=plain)
    nothing = _lines(folder / "nothing", [{}])
    return [
        Work(
            name=MLFLOW,
            server=MLFLOW,
            sent=Sent(method="POST", path="/invocations", lines=frames),
            told=lambda answer: answer["predictions"],
        ),
        Work(name=FRAME, server=FRAME, sent=own, told=_probability),
        Work(name=CONTRIBUTIONS, server=CONTRIBUTIONS, sent=own, told=_probability),
        Work(name=FAST_ROW, server=FAST_ROW, sent=own, told=_probability),
        Work(
            name=CONSTANT_FASTAPI,
            server=CONSTANT_FASTAPI,
            sent=Sent(method="GET", path="/constant", lines=nothing),
        ),
        Work(
            name=CONSTANT_ASGI,
            server=CONSTANT_ASGI,
            sent=Sent(method="GET", path="/", lines=nothing),
        ),
    ]


REASONS, NO_REASONS = "Ebbtide, score with reasons and action", "Ebbtide, score without reasons"
BATCH, LOOK_UP = "Ebbtide, batch of 1,000", "Ebbtide, look up a stored score"


def ebbtide_works(made: Made, folder: Path, *, key: str) -> list[Work]:
    """Return what is sent to Ebbtide with a key."""
    full, brief = _score_bodies(folder / "reference", NAMES, made.rows)
    rows = (json.loads(line) for line in full.read_text(encoding="utf-8").splitlines())
    batches = ({"rows": list(islice(rows, BATCH_ROWS))} for _ in range(BATCHES))
    chance = random.Random(0)
    ids = folder / "ids"
    drawn = (customer(chance.randrange(CUSTOMERS)) for _ in range(CUSTOMERS))
    ids.write_text("\n".join(drawn) + "\n", encoding="ascii")
    many = Sent(
        method="POST",
        path="/v1/scores",
        lines=_lines(folder / "batches", batches),
        key=key,
        rows=BATCH_ROWS,
    )
    stored = Sent(method="GET", path="/v1/customers/%s/score", lines=ids, key=key)
    return [
        _score_work(REASONS, EBBTIDE, full, key=key),
        _score_work(NO_REASONS, EBBTIDE, brief, key=key),
        Work(
            name=BATCH,
            server=EBBTIDE,
            sent=many,
            connections=(1, 4),
            told=lambda answer: [each["churn_probability"] for each in answer["results"]],
        ),
        Work(name=LOOK_UP, server=EBBTIDE, sent=stored),
    ]


def demo_works(made: Made, folder: Path) -> list[Work]:
    """Return what is sent to Ebbtide without a key."""
    full, brief = _score_bodies(folder / "reference", NAMES, made.rows)
    name = "Ebbtide without a key, score"
    return [
        _score_work(f"{name} with reasons and action", DEMO, full, connections=(32,)),
        _score_work(f"{name} without reasons", DEMO, brief, connections=(32,)),
    ]


def own_works(own: OwnChampion, folder: Path, *, key: str) -> list[Work]:
    """Return what is sent to Ebbtide with a champion of the size that users have."""
    full, brief = _score_bodies(folder / "own", own.names, own.rows)
    name = f"Ebbtide, own champion ({own.kind}, {len(own.names)} features)"
    works = [
        _score_work(f"{name}, with reasons", OWN, full, key=key, connections=(8, 32)),
        _score_work(f"{name}, without", OWN, brief, key=key, connections=(8, 32)),
    ]
    return [Work(name=w.name, server=OWN, sent=w.sent, connections=(8, 32)) for w in works]


def _score_work(
    name: str,
    server: str,
    lines: Path,
    *,
    key: str | None = None,
    connections: tuple[int, ...] = ALL,
) -> Work:
    sent = Sent(method="POST", path="/v1/score", lines=lines, key=key)
    return Work(name=name, server=server, sent=sent, connections=connections, told=_probability)


def _score_bodies(stem: Path, names: Sequence[str], rows: np.ndarray) -> tuple[Path, Path]:
    """Write a body for each of 10,000 customers, with reasons and without."""
    asked = [
        {"customer_id": customer(number), "features": _named(names, row)}
        for number, row in enumerate(islice(cycle(rows), SENT))
    ]
    full, brief = stem.with_name(f"{stem.name}-full"), stem.with_name(f"{stem.name}-brief")
    _lines(full, asked)
    _lines(brief, ({**row, "reasons": False} for row in asked))
    return full, brief


def _named(names: Sequence[str], row: np.ndarray) -> dict[str, float | None]:
    return dict(zip(names, _numbers(row), strict=True))


def _split(row: np.ndarray) -> dict[str, Any]:
    return {"columns": list(NAMES), "data": [_numbers(row)]}


def _numbers(row: np.ndarray) -> list[float | None]:
    """Return values as a client sends them: whole numbers without a point, null where missing."""
    return [
        None if value != value else int(value) if value.is_integer() else value
        for value in row.tolist()
    ]


def _lines(file: Path, bodies: Iterable[Any]) -> Path:
    with file.open("w", encoding="utf-8") as opened:
        opened.writelines(json.dumps(body, separators=(",", ":")) + "\n" for body in bodies)
    return file


def _probability(answer: Any) -> list[float]:
    return [answer["churn_probability"]]
