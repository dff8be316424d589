"""What is asked about n customers, as columns: of questions, or of customers asked about alike."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.answer.answer import Question
    from ebbtide.grouped import BoolArray
    from ebbtide.scorer.scores import FloatArray


class CustomerIds(Protocol):
    """Ids of n customers, by their place."""

    def __len__(self) -> int:
        """How many there are."""

    def __getitem__(self, place: int, /) -> str:
        """Return that of one."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Asked:
    """What decides the answers about n customers, apart from feature values.

    Parameters
    ----------
    customer_ids : who.
    given : margin at stake where it was sent, currency, NaN elsewhere, shape (n,).
    is_alive, has_history, profiling_opt_out, contact_opt_out, with_reasons : as in
        :class:`~ebbtide.answer.answer.Question`, shape (n,).
    """

    customer_ids: CustomerIds
    given: FloatArray
    is_alive: BoolArray
    has_history: BoolArray
    profiling_opt_out: BoolArray
    contact_opt_out: BoolArray
    with_reasons: BoolArray

    @classmethod
    def of(cls, questions: Sequence[Question]) -> Asked:
        """Take the columns of questions."""
        return cls(
            customer_ids=[q.customer_id for q in questions],
            given=np.array([math.nan if q.value is None else q.value for q in questions]),
            is_alive=np.array([q.is_alive for q in questions], dtype=np.bool_),
            has_history=np.array([q.has_history for q in questions], dtype=np.bool_),
            profiling_opt_out=np.array([q.profiling_opt_out for q in questions], dtype=np.bool_),
            contact_opt_out=np.array([q.contact_opt_out for q in questions], dtype=np.bool_),
            with_reasons=np.array([q.with_reasons for q in questions], dtype=np.bool_),
        )

    @classmethod
    def alike(
        cls,
        customer_ids: CustomerIds,
        *,
        given: FloatArray | None = None,
        with_reasons: bool = True,
    ) -> Asked:
        """Ask the same about customers who are alive and have opted out of nothing.

        Parameters
        ----------
        customer_ids : who.
        given : margin at stake, currency, NaN where unknown, shape (n,); None for all unknown.
        with_reasons : whether reasons are wanted.
        """
        count = len(customer_ids)
        no, yes = np.zeros(count, dtype=np.bool_), np.ones(count, dtype=np.bool_)
        return cls(
            customer_ids=customer_ids,
            given=np.full(count, np.nan) if given is None else given,
            is_alive=yes,
            has_history=yes,
            profiling_opt_out=no,
            contact_opt_out=no,
            with_reasons=yes if with_reasons else no,
        )
