"""What moves the scores of a model most, over many customers: features, families and causes.

Only the data and how they are kept in a bundle; they are found in training. A driver moves the
score. Whether it moves customers is not known here.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.contracts.feature import FeatureContract

Direction = Literal[-1, 0, 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """One feature's part in the scores.

    Parameters
    ----------
    name, family, cause : the feature, its family, and what its evidence may point at.
    mean_abs_contribution : mean size of its exact contributions, in the scale of the raw score,
        >= 0.
    share : of the sum of these over all features, in [0, 1].
    direction : 1 where the score rises with the value, -1 where it falls, 0 where neither is true,
        as for categories.
    """

    name: str
    family: str
    cause: str
    mean_abs_contribution: float
    share: float
    direction: Direction


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverGroup:
    """The part of the features of one family, or of one cause, taken together.

    Parameters
    ----------
    name : of the family or cause.
    mean_abs_contribution : mean size of the sum of their contributions: what its features say
        against each other cancels out.
    share : of the sum of these over all groups, in [0, 1].
    """

    name: str
    mean_abs_contribution: float
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Drivers:
    """What moves the scores of one model, the strongest first.

    Parameters
    ----------
    n_rows : how many customers of the newest snapshot it was found on.
    features : every feature of the model.
    families, causes : every group of them.
    """

    n_rows: int
    features: tuple[Driver, ...]
    families: tuple[DriverGroup, ...]
    causes: tuple[DriverGroup, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain data; :meth:`from_json` reads it back."""
        return asdict(self)

    @classmethod
    def from_json(cls, read: dict[str, Any]) -> Drivers:
        """Make it from what :meth:`to_json` wrote.

        Raises
        ------
        TypeError, KeyError
            If there is another thing in it.
        """
        return cls(
            n_rows=read["n_rows"],
            features=tuple(Driver(**each) for each in read["features"]),
            families=tuple(DriverGroup(**each) for each in read["families"]),
            causes=tuple(DriverGroup(**each) for each in read["causes"]),
        )

    def are_of(self, features: Sequence[FeatureContract]) -> bool:
        """Whether they tell of exactly these features and their groups, in possible numbers."""
        described = {feature.name: (feature.family, feature.cause) for feature in features}
        told = {driver.name: (driver.family, driver.cause) for driver in self.features}
        groups = (
            (self.families, {feature.family for feature in features}),
            (self.causes, {feature.cause for feature in features}),
        )
        return (
            type(self.n_rows) is int
            and self.n_rows >= 1
            and told == described
            and len(self.features) == len(features)
            and all(driver.direction in get_args(Direction) for driver in self.features)
            and all(
                len(found) == len(names) and {group.name for group in found} == names
                for found, names in groups
            )
            and _are_possible(self.features)
            and _are_possible(self.families)
            and _are_possible(self.causes)
        )


def _are_possible(drivers: Sequence[Driver | DriverGroup]) -> bool:
    """Whether sizes are finite and fall, and shares add up to one, or nothing moves at all."""
    sizes = [driver.mean_abs_contribution for driver in drivers]
    shares = [driver.share for driver in drivers]
    total = math.fsum(shares)
    return (
        all(0 <= number < math.inf for number in (*sizes, *shares))
        and sizes == sorted(sizes, reverse=True)
        and (abs(total - 1) < 1e-6 or (total == 0 and sum(sizes) == 0))
    )
