"""One row of a request, checked: who is asked about, when, and where the features come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ebbtide.contracts.taken import MAX_ID_LENGTH
from service.scoring.checks import (
    Faults,
    Hints,
    check_flag,
    check_instant,
    check_names,
    check_number,
    check_text,
    kind_of,
)
from service.scoring.events import check_events
from service.scoring.feature_values import check_features

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ebbtide.contracts.feature import FeatureContract
    from service.scoring.events import Events
    from service.scoring.feature_values import FeatureValues

FLAGS = ("contact_opt_out", "interval", "reasons")
ROW_NAMES = ("customer_id", "as_of", "value", *FLAGS, "features", "events")
MAX_VALUE = 1e12


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one row asks. With neither features nor events the stored snapshot is meant."""

    customer_id: str
    as_of: datetime | None
    value: float | None
    contact_opt_out: bool
    profiling_opt_out: bool = False
    with_interval: bool
    with_reasons: bool = True
    features: FeatureValues | None
    events: Events | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowContract:
    """What rows are checked against; the same for all rows of a request.

    Parameters
    ----------
    features : the features of the model.
    now : the present; nothing may be asked about the future.
    max_events : most events of one row.
    """

    features: Sequence[FeatureContract]
    now: datetime
    max_events: int


def check_row(
    row: object, *, pointer: str, contract: RowContract, faults: Faults, hints: Hints
) -> Row | None:
    """Return the row, or None if there are faults."""
    if not isinstance(row, dict):
        fix = "Send an object with customer_id, and features, events or neither."
        faults.add(pointer, expected="an object", got_kind=kind_of(row), fix=fix)
        return None
    check_names(row, ROW_NAMES, pointer=pointer, where="POST /v1/score", faults=faults, hints=hints)
    customer_id = _customer_id(row, pointer=pointer, faults=faults)
    as_of = _as_of(row, pointer=pointer, now=contract.now, faults=faults)
    value = _optional(row, "value") and check_number(
        row["value"],
        pointer=f"{pointer}/value",
        unit="currency",
        low=0.0,
        high=MAX_VALUE,
        faults=faults,
    )
    opt_out, interval, reasons = (
        _flag(row, name, pointer=pointer, faults=faults) for name in FLAGS
    )
    features, events = None, None
    if _optional(row, "features") and _optional(row, "events"):
        fix = "Send features or events, not both; or neither for the stored snapshot."
        faults.add(pointer, expected="features or events", got_kind="both", fix=fix)
    elif _optional(row, "features"):
        features = check_features(
            row["features"],
            pointer=f"{pointer}/features",
            contracts=contract.features,
            faults=faults,
            hints=hints,
        )
    elif _optional(row, "events"):
        events = check_events(
            row["events"],
            pointer=f"{pointer}/events",
            customer_id=customer_id,
            max_events=contract.max_events,
            faults=faults,
            hints=hints,
        )
    if faults or customer_id is None:
        return None
    return Row(
        customer_id=customer_id,
        as_of=as_of,
        value=value if isinstance(value, float) else None,
        contact_opt_out=opt_out is True,
        with_interval=interval is True,
        with_reasons=reasons is not False,
        features=features,
        events=events,
    )


def _optional(row: dict[str, Any], name: str) -> bool:
    return row.get(name) is not None


def _flag(row: dict[str, Any], name: str, *, pointer: str, faults: Faults) -> bool | None:
    """Return a flag; None where it was not sent, or is none."""
    if not _optional(row, name):
        return None
    return check_flag(row[name], pointer=f"{pointer}/{name}", faults=faults)


def _customer_id(row: dict[str, Any], *, pointer: str, faults: Faults) -> str | None:
    if "customer_id" not in row:
        fix = "Send the customer's id in your systems."
        faults.add(
            f"{pointer}/customer_id",
            expected=f"a string of 1 to {MAX_ID_LENGTH} printable characters",
            got_kind="nothing",
            fix=fix,
        )
        return None
    return check_text(
        row["customer_id"],
        pointer=f"{pointer}/customer_id",
        max_length=MAX_ID_LENGTH,
        faults=faults,
    )


def _as_of(row: dict[str, Any], *, pointer: str, now: datetime, faults: Faults) -> datetime | None:
    if not _optional(row, "as_of"):
        return None
    as_of = check_instant(row["as_of"], pointer=f"{pointer}/as_of", faults=faults)
    if as_of is not None and as_of > now:
        fix = "Leave as_of out to mean now, or send an instant that has passed."
        faults.add(
            f"{pointer}/as_of",
            expected="an instant that is not in the future",
            got_kind="instant in the future",
            fix=fix,
        )
        return None
    return as_of
