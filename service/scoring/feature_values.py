"""The ``features`` of a row: named values, checked against the model's contracts."""

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
        if value is not None and contract.learned is not None and contract.is_categorical:
            values[column] = check_category(
                value, pointer=place, learned=contract.learned, faults=faults
            )
        elif value is not None:
            number = check_number(
                value,
                pointer=place,
                unit=contract.unit,
                low=contract.low,
                high=contract.high,
                faults=faults,
            )
            values[column] = np.nan if number is None else number
        elif not contract.is_nullable:
            faults.add(
                place,
                expected=f"a number ({contract.unit}); this feature is never missing",
                got_kind="null" if contract.name in given else "nothing",
                fix=f"Send it. Its meaning: {contract.meaning}",
            )
        elif contract.name not in given:
            missing.append(contract.name)
    return None if faults else FeatureValues(values=values, missing=tuple(missing))
