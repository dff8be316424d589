"""Counts and sums over spans of age, such as ``sum(amount) FILTER (age_day < 90)``.

Rows of a group mostly lie in time. Those of a span then lie beside each other, and running sums
that all spans share answer each of them with two look-ups. Other filters are not answered here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from sqlglot import exp

if TYPE_CHECKING:
    from collections.abc import Callable

    from features.arrays.column import Array, Column
    from features.arrays.frame import Frame, Groups


@dataclass(frozen=True, slots=True)
class Span:
    """Rows whose column lies in ``[low, high)``; from the smallest on if ``low`` is None."""

    column: str
    low: int | None
    high: int


def span_of(condition: exp.Expr) -> Span | None:
    """Return the span that a condition asks for, or None if it asks for something else.

    Examples
    --------
    >>> import sqlglot
    >>> span_of(sqlglot.condition("age_day BETWEEN 90 AND 179"))
    Span(column='age_day', low=90, high=180)
    >>> span_of(sqlglot.condition("age_day < 30 AND weekday > 5")) is None
    True
    """
    held = condition.this
    if not isinstance(held, exp.Column):
        return None
    if isinstance(condition, exp.LT):
        low, high, last = None, condition.expression, 0
    elif isinstance(condition, exp.Between):
        low, high, last = condition.args["low"], condition.args["high"], 1
    else:
        return None
    bounds = [each for each in (low, high) if each is not None]
    if not all(isinstance(each, exp.Literal) and each.is_int for each in bounds):
        return None
    return Span(held.name, None if low is None else int(low.name), int(high.name) + last)


@dataclass(slots=True)
class Spans:
    """Where the spans of each group begin and end, and running sums; all kept once computed."""

    rows: Frame
    groups: Groups
    _places: dict[tuple[str, int], Array | None] = field(default_factory=dict)
    _running: dict[str, Array | None] = field(default_factory=dict)

    def ends(self, span: Span) -> tuple[Array, Array] | None:
        """Return the first row of a span in each group, and the first one after it.

        None if the rows do not lie in the order of the column, from the greatest down.
        """
        begin = self._first_below(span.column, span.high)
        if begin is None:
            return None
        if span.low is None:
            return begin, self.groups.last + 1
        end = self._first_below(span.column, span.low)
        assert end is not None, "the order does not depend on the span"
        return begin, np.maximum(begin, end)

    def total(
        self, ends: tuple[Array, Array], name: str, values: Callable[[], Array | None]
    ) -> Array | None:
        """Return sums over a span.

        Parameters
        ----------
        ends : of the span, as :meth:`ends` returns them.
        name : what is summed; its running sums are kept under it.
        values : whole numbers; None if they cannot be summed like this, which is the result then.
        """
        if name not in self._running:
            held, sums = values(), None
            if held is not None:
                sums = np.zeros(self.groups.n_rows + 1, dtype=np.int64)
                np.cumsum(held.astype(np.int64, copy=False), dtype=np.int64, out=sums[1:])
            self._running[name] = sums
        running = self._running[name]
        return None if running is None else running.take(ends[1]) - running.take(ends[0])

    def _first_below(self, name: str, value: int) -> Array | None:
        """Return where the values of each group first lie below one; None if they do not fall."""
        key = (name, value)
        if key not in self._places:
            held = self.rows.column(name)
            places = None
            if self._falls(held):
                n_below = self.groups.total(held.values < value)
                places = self.groups.last + 1 - n_below
            self._places[key] = places
        return self._places[key]

    def _falls(self, held: Column) -> bool:
        if self.groups.order is not None or held.valid is not None:
            return False
        return self.groups.is_monotone(held.values[:-1] >= held.values[1:])
