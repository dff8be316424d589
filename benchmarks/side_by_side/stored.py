"""Current scores of 100,000 customers in a store, to be looked up.

A few thousand real answers of the model, given to ever new customers: what is read back is as long
and as varied as if each had been scored. Made anew once the answers would no longer hold.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from msgspec.structs import replace

from benchmarks.side_by_side.model import KEY
from benchmarks.side_by_side.names import NAMES
from ebbtide.answer.answer import Question
from ebbtide.answer.compose import answer_rows
from ebbtide.bundle.read import read_bundle
from ebbtide.policy.file import load_policy
from ebbtide.project import load_project
from ebbtide.store.sql import open_store
from ebbtide.store.store import Prediction

if TYPE_CHECKING:
    from benchmarks.side_by_side.model import Made

CUSTOMERS = 100_000
_DIFFERENT = 2_000
_AT_ONCE = 1_000
_GOOD_FOR_SECONDS = 3 * 86_400


def store_scores(made: Made) -> None:
    """Fill the store of the reference project, unless it was filled not long ago."""
    done = made.folder / "stored"
    if done.exists() and time.time() - done.stat().st_mtime < _GOOD_FOR_SECONDS:
        return
    project = load_project(made.project_file)
    for file in project.folder.glob("store.db*"):
        file.unlink()
    bundle = read_bundle(made.bundle, key=KEY.encode())
    rows = made.rows[:_DIFFERENT]
    now = datetime.now(UTC)
    asked = [
        Question(prediction_id="", customer_id="", as_of=now - timedelta(seconds=1)) for _ in rows
    ]
    answers = answer_rows(
        rows, questions=asked, model=bundle, policy=load_policy(project.policy_path), scored_at=now
    )
    store = open_store(project.database_url, folder=project.folder)
    for start in range(0, CUSTOMERS, _AT_ONCE):
        entries = []
        for number in range(start, start + _AT_ONCE):
            at = number % len(rows)
            own = {"prediction_id": uuid4().hex, "customer_id": customer(number)}
            entries.append(
                Prediction(answer=replace(answers[at], **own), names=NAMES, values=rows[at])
            )
        store.record_predictions(entries)
    store.close()
    done.touch()


def customer(number: int) -> str:
    """Return the id of a customer who is stored, or of whom scores are asked."""
    return f"c-{number:06}"
