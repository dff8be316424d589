"""Named values, checked against the model's contracts: ``features`` of a row, and ``changes``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from service.scoring.checks import (
    Faults,
    Hints,
    check_category,
    check_names,
    check_number,
    kind_of,
    pointer_part,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.contracts.feature import FeatureContract
    from ebbtide.scorer.scores import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureValues:
    """Values in the order of the model's features, and the names of those that were not sent."""

    values: FloatArray
    missing: tuple[str, ...]


def check_features(
    given: object,
    *,
    pointer: str,
    contracts: Sequence[FeatureContract],
    faults: Faults,
    hints: Hints,
) -> FeatureValues | None:
    """Return the values, or None if there are faults."""
    if not isinstance(given, dict):
        fix = "Send an object of feature names with values; GET /v1/schema lists the names."
        faults.add(pointer, expected="an object", got_kind=kind_of(given), fix=fix)
        return None
    known = {contract.name: contract for contract in contracts}
    check_names(given, known, pointer=pointer, where="GET /v1/schema", faults=faults, hints=hints)
    values = np.full(len(contracts), np.nan)
    missing = []
    for column, contract in enumerate(contracts):
        value = given.get(contract.name)
        place = f"{pointer}/{pointer_part(contract.name)}"
        if value is None and not contract.is_nullable:
            faults.add(
                place,
                expected=f"a number ({contract.unit}); this feature is never missing",
                got_kind="null" if contract.name in given else "nothing",
                fix=f"Send it. Its meaning: {contract.meaning}",
            )
        elif value is None and contract.name not in given:
            missing.append(contract.name)
        values[column] = _checked(value, contract, pointer=place, faults=faults)
    return None if faults else FeatureValues(values=values, missing=tuple(missing))


def check_changes(
    given: object,
    *,
    pointer: str,
    contracts: Sequence[FeatureContract],
    faults: Faults,
    hints: Hints,
) -> dict[int, float] | None:
    """Return the new values of some features by column, or None if there are faults."""
    if not isinstance(given, dict) or not given:
        got = "empty object" if given == {} else kind_of(given)
        fix = "Send an object of the features to change, with their new values."
        faults.add(pointer, expected="an object of one feature or more", got_kind=got, fix=fix)
        return None
    known = {contract.name: column for column, contract in enumerate(contracts)}
    check_names(given, known, pointer=pointer, where="GET /v1/schema", faults=faults, hints=hints)
    changed = {}
    for name, value in given.items():
        if name not in known:
            continue
        contract, place = contracts[known[name]], f"{pointer}/{pointer_part(name)}"
        if value is None and not contract.is_nullable:
            faults.add(
                place,
                expected=f"a number ({contract.unit}); this feature is never missing",
                got_kind="null",
                fix=f"Send a value, or leave it out. Its meaning: {contract.meaning}",
            )
        changed[known[name]] = _checked(value, contract, pointer=place, faults=faults)
    return None if faults else changed


def _checked(value: object, contract: FeatureContract, *, pointer: str, faults: Faults) -> float:
    """Return one value as the model reads it; NaN where it is null, or where there is a fault."""
    if value is None:
        return np.nan
    if contract.learned is not None and contract.is_categorical:
        return check_category(value, pointer=pointer, learned=contract.learned, faults=faults)
    number = check_number(
        value,
        pointer=pointer,
        unit=contract.unit,
        low=contract.low,
        high=contract.high,
        faults=faults,
    )
    return np.nan if number is None else number
