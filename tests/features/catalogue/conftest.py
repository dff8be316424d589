"""One customer, whose features a reader can compute by hand.

All instants are days before 2011-03-01 00:00 UTC; ``None`` is a missing value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WHO = {"customer_id": "a"}


@pytest.fixture
def bought(ago) -> Callable[..., dict[str, object]]:
    """A row of the customer's transactions, so many days ago."""

    def row(days: float, amount: object = 10, **more: object) -> dict[str, object]:
        return WHO | {"occurred_at": ago(days), "amount": amount} | more

    return row


@pytest.fixture
def alive(bought) -> list[dict[str, object]]:
    """The purchase of yesterday without which nobody is looked at."""
    return [bought(1)]


@pytest.fixture
def one(features_of) -> Callable[..., dict[str, float | None]]:
    """Compute named features of the customer from rows of tables."""

    def compute(names: Sequence[str], **tables: object) -> dict[str, float | None]:
        return features_of(*names, **tables)["a"]

    return compute


@pytest.fixture
def nearly() -> Callable[..., dict[str, object]]:
    """Name values that a sum of floats may miss by its last bits; None is exactly missing."""

    def named(
        names: Sequence[str], values: Sequence[float | None], **tolerance: float
    ) -> dict[str, object]:
        allowed = tolerance or {"rel": 1e-12, "abs": 1e-12}
        return {
            name: value if value is None else pytest.approx(value, **allowed)
            for name, value in zip(names, values, strict=True)
        }

    return named
