"""Answer usual rows together, and commit their answers: what single rows and lists share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ebbtide.answer.answer import Question
from ebbtide.answer.compose import answer_rows
from ebbtide.answer.written import answer_to_bytes
from ebbtide.store.store import Prediction
from service.scoring.prediction_id import new_prediction_ids

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from ebbtide.words import Language
    from service.desk import Desk
    from service.fast.reading import RowReader, Usual
    from service.metrics import Metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is answered to usual rows.

    Parameters
    ----------
    count : of the rows.
    places : which of the rows are answered, rising; the others are left to the ordinary way.
    entries : of the log, one for each answer.
    scored_at : when they were made, aware.
    """

    count: int
    places: Sequence[int]
    entries: Sequence[Prediction]
    scored_at: datetime

    def contents(self, *, without: frozenset[int] = frozenset()) -> list[bytes | None]:
        """Return the answer of each row as it is sent; None where there is none.

        Parameters
        ----------
        without : entries, by their place among them, that were not committed.
        """
        contents: list[bytes | None] = [None] * self.count
        for number, (place, entry) in enumerate(zip(self.places, self.entries, strict=True)):
            if number not in without:
                contents[place] = entry.written
        return contents

    def note(
        self, metrics: Metrics, *, committed_at: datetime, without: frozenset[int] = frozenset()
    ) -> None:
        """Count the answers, and for how long they were not in the log yet.

        Parameters
        ----------
        metrics : the counters.
        committed_at : the instant of it.
        without : entries, by their place among them, that were not committed: the ordinary way
            answers and counts them.
        """
        noted = [entry for number, entry in enumerate(self.entries) if number not in without]
        if not noted:
            return
        scored = sum(entry.answer.status == "scored" for entry in noted)
        metrics.rows.labels(status="scored").inc(scored)
        if scored < len(noted):
            metrics.rows.labels(status="abstained").inc(len(noted) - scored)
        metrics.committed(len(noted), scored_at=self.scored_at, at=committed_at)


def answer_usual(
    rows: Sequence[Usual], *, reader: RowReader, desk: Desk, language: Language
) -> Told:
    """Answer usual rows; nothing is committed yet.

    Parameters
    ----------
    rows : any number.
    reader : that read them; names the model.
    desk : policy and clock.
    language : of the texts.
    """
    matrix = np.array([row.values for row in rows], dtype=np.float64)
    unfit = reader.unfit(matrix)
    places: Sequence[int] = range(len(rows))
    if unfit is not None:
        places = np.flatnonzero(~unfit).tolist()
        rows, matrix = [rows[place] for place in places], matrix[places]
    now = desk.now()
    answers = answer_rows(
        matrix,
        questions=_questions(rows, reader.alive(matrix).tolist(), now=now),
        model=reader.bundle,
        policy=desk.policy,
        scored_at=now,
        language=language,
    )
    entries = [
        Prediction(
            answer=answer, names=reader.names, values=values, written=answer_to_bytes(answer)
        )
        for answer, values in zip(answers, matrix, strict=True)
    ]
    count = len(rows) if unfit is None else len(unfit)
    return Told(count=count, places=places, entries=entries, scored_at=now)


def keep(connection: Connection, *, told: Told, desk: Desk) -> frozenset[int]:
    """Put answers into the log; return which were not, because their customers have decided.

    What a customer has decided is not looked at before: who has, is answered the ordinary way.

    Parameters
    ----------
    connection : of a unit.
    told : the answers.
    desk : with the store and the clock.
    """
    entries = told.entries
    standing = desk.store.standing(connection, [entry.answer.customer_id for entry in entries])
    overruled: frozenset[int] = frozenset()
    if standing.preferences:
        overruled = frozenset(
            number
            for number, entry in enumerate(entries)
            if entry.answer.customer_id in standing.preferences
        )
        entries = [entry for number, entry in enumerate(entries) if number not in overruled]
    desk.store.add_predictions(connection, entries, at=desk.now(), standing=standing)
    return overruled


def _questions(rows: Sequence[Usual], alive: Sequence[bool], *, now: datetime) -> list[Question]:
    return [
        Question(
            prediction_id=prediction_id,
            customer_id=row.customer_id,
            as_of=row.as_of or now,
            is_alive=is_alive,
            value=row.value,
            contact_opt_out=row.contact_opt_out,
            with_interval=row.with_interval,
            with_reasons=row.with_reasons,
            missing=row.missing,
        )
        for prediction_id, row, is_alive in zip(
            new_prediction_ids(len(rows)), rows, alive, strict=True
        )
    ]
