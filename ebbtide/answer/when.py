"""When customers leave, as their answers say it: from curves of many to the days of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ebbtide.answer.answer import RiskOnDay

if TYPE_CHECKING:
    from ebbtide.scorer.horizons import RiskCurves

    When = tuple[tuple[RiskOnDay, ...], float | None]


def when_each_leaves(curves: RiskCurves | None, *, count: int) -> list[When]:
    """Return for each customer the risk by each day, and the expected days until they leave.

    Parameters
    ----------
    curves : of the customers; None where the model has not learned when they leave.
    count : how many customers there are.

    Examples
    --------
    >>> import numpy as np
    >>> from ebbtide.scorer.horizons import RiskCurves
    >>> curves = RiskCurves(days=(0, 30), probability=np.array([[0.5, 0.75]]))
    >>> [(days, expected)] = when_each_leaves(curves, count=1)
    >>> [(each.day, each.probability) for each in days], expected
    ([(0, 0.5), (30, 0.75)], 11.2)
    >>> when_each_leaves(None, count=1)
    [((), None)]
    """
    if curves is None:
        return [((), None)] * count
    probability = curves.probability.tolist()
    expected_days = curves.expected_days.tolist()
    if not curves.by_cause:
        return [
            (
                tuple(
                    [
                        RiskOnDay(day=day, probability=p)
                        for day, p in zip(curves.days, row, strict=True)
                    ]
                ),
                round(expected, 1),
            )
            for row, expected in zip(probability, expected_days, strict=True)
        ]
    causes = {name: each.tolist() for name, each in curves.by_cause.items()}
    return [
        (
            tuple(
                RiskOnDay(
                    day=day,
                    probability=probability[row][column],
                    **{name: each[row][column] for name, each in causes.items()},
                )
                for column, day in enumerate(curves.days)
            ),
            round(expected, 1),
        )
        for row, expected in enumerate(expected_days)
    ]
