"""What a model said in a window of time, counted: each customer once, by the newest answer.

It keeps counts and customer ids, no values, so that it stays small whatever the log holds.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ebbtide.bundle.contents import Reference
    from ebbtide.drift.spread import Counts
    from ebbtide.scorer.scores import FloatArray
    from ebbtide.store.prediction_window import LogPart

MAX_CUSTOMERS = 100_000
MAX_ANSWERS = 500_000
ANSWERS_READ = 10_000
"""How many customers are counted, how many answers are looked at to find them, and of how many
customers the whole answer is read, each time the newest."""


class _Said(msgspec.Struct):
    code: str


class _Answer(msgspec.Struct):
    abstain_code: str | None = None
    warnings: tuple[_Said, ...] = ()


@dataclass(slots=True)
class Window:
    """Counts of a window.

    Parameters
    ----------
    reference : of the model, whose bins are used.
    names : names of its features, in the order of the reference.
    features, scores : counts by bin.
    missing : missing values by feature.
    answers : how many answers were looked at; ``by_status`` how many of each status.
    customers : who was counted; ``scored`` how many of them by a score.
    answers_read : customers whose whole answer was read, and ``warned`` and ``abstained`` how many
        of those carried a warning or a reason to abstain, by code.
    is_cut : whether the window holds more than was looked at.
    """

    reference: Reference
    names: tuple[str, ...]
    features: list[Counts]
    scores: Counts
    missing: Counts
    answers: int = 0
    by_status: Counter[str] = field(default_factory=Counter)
    customers: set[str] = field(default_factory=set)
    scored: int = 0
    answers_read: int = 0
    warned: Counter[str] = field(default_factory=Counter)
    abstained: Counter[str] = field(default_factory=Counter)
    is_cut: bool = False

    @classmethod
    def empty(cls, reference: Reference, names: Sequence[str]) -> Window:
        """Return a window in which nothing was said."""
        return cls(
            reference=reference,
            names=tuple(names),
            features=[np.zeros(len(each.counts), dtype=np.int64) for each in reference.features],
            scores=np.zeros(len(reference.scores.counts), dtype=np.int64),
            missing=np.zeros(len(reference.features), dtype=np.int64),
        )

    def take_in(self, parts: Iterable[LogPart]) -> None:
        """Count parts of the log, the newest first, until there is enough."""
        for part in parts:
            if part.customer_ids:
                self._take_in(part)
            if len(self.customers) >= MAX_CUSTOMERS or self.answers >= MAX_ANSWERS:
                self.is_cut = True
                return

    def _take_in(self, part: LogPart) -> None:
        self.answers += len(part.customer_ids)
        self.by_status.update(part.statuses)
        is_new = np.zeros(len(part.customer_ids), dtype=bool)
        for place, customer in enumerate(part.customer_ids):
            if customer not in self.customers:
                self.customers.add(customer)
                is_new[place] = True
        if part.answers and self.answers_read < ANSWERS_READ:
            self._read([part.answers[place] for place in np.flatnonzero(is_new).tolist()])
        is_counted = is_new & (np.asarray(part.statuses) == "scored")
        if not is_counted.any():
            return
        self.scored += int(is_counted.sum())
        self.scores += self.reference.scores.count(part.p_churn[is_counted])
        for names, (places, rows) in part.values.items():
            counted = is_counted[np.asarray(places)]
            self._count(names, rows[counted])

    def _count(self, names: tuple[str, ...], rows: FloatArray) -> None:
        at = {name: column for column, name in enumerate(names)}
        for column, (name, spread) in enumerate(
            zip(self.names, self.reference.features, strict=True)
        ):
            if name not in at:
                continue
            values = rows[:, at[name]]
            self.features[column] += spread.count(values)
            self.missing[column] += int(np.isnan(values).sum())

    def _read(self, answers: Sequence[str]) -> None:
        for written in answers:
            answer = msgspec.json.decode(written, type=_Answer)
            self.warned.update({each.code for each in answer.warnings})
            if answer.abstain_code is not None:
                self.abstained[answer.abstain_code] += 1
        self.answers_read += len(answers)
