"""One customer to be asked about, and how it is written as JSON."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ebbtide.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One customer. Give features or events, or neither for what is stored.

    Parameters
    ----------
    customer_id : id in your systems.
    as_of : instant of the question, aware; None is now, or the instant of the stored snapshot.
    value : margin at stake, currency; None to have it estimated.
    contact_opt_out : whether the customer does not wish to be contacted.
    interval : whether to answer how sure the probability is.
    reasons : whether to give reasons; False is faster, and the same in all else.
    features : values by feature name; NaN counts as null.
    events : raw rows by table; instants aware.

    Examples
    --------
    >>> Row(customer_id="c-1", features={"recency_days": 12, "spend_365d": float("nan")}).to_json()
    {'customer_id': 'c-1', 'features': {'recency_days': 12, 'spend_365d': None}}
    """

    customer_id: str
    as_of: datetime | None = None
    value: float | None = None
    contact_opt_out: bool | None = None
    interval: bool | None = None
    reasons: bool | None = None
    features: Mapping[str, Any] | None = None
    events: Mapping[str, Sequence[Mapping[str, Any]]] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the row as it is sent; what is None is left out."""
        given = {name: getattr(self, name) for name in self.__slots__}
        return {name: plain(value) for name, value in given.items() if value is not None}


def plain(value: Any) -> Any:
    """Return a value as JSON knows it.

    Numbers of numpy and Decimal become numbers, NaN becomes None, instants become text.

    Raises
    ------
    ContractError
        If an instant has no offset, or a value is of a type that JSON does not know.

    Examples
    --------
    >>> from datetime import UTC
    >>> plain({"at": datetime(2026, 3, 1, tzinfo=UTC), "amount": Decimal("9.50")})
    {'at': '2026-03-01T00:00:00+00:00', 'amount': 9.5}
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float | Decimal):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, datetime):
        return _instant(value)
    if hasattr(value, "items"):
        return {str(name): plain(each) for name, each in value.items()}
    if hasattr(value, "tolist"):  # numbers and arrays of numpy
        return plain(value.tolist())
    if isinstance(value, date) or not hasattr(value, "__iter__"):
        raise ContractError(
            f"Expected numbers, texts, instants, lists or mappings, got {type(value).__name__!r}. "
            f"Make a text or number of it; of a date, an instant with its offset."
        )
    return [plain(each) for each in value]


def _instant(value: datetime) -> str | None:
    if value != value:  # pandas.NaT is no instant
        return None
    if value.tzinfo is None:
        raise ContractError(
            "Expected instants with an offset, got one without. Give it its time zone, such as "
            "datetime(2026, 3, 1, tzinfo=UTC)."
        )
    return value.isoformat()
