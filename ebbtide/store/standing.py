"""What customers have decided, and who was erased: asked once for all that a unit is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ebbtide.pseudonym import pseudonym
from ebbtide.store.erasure import NEVER
from ebbtide.store.preferences import Preferences

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from ebbtide.store.driver import Driver
    from ebbtide.store.erasure import Erasures

_DECIDED = (
    "SELECT customer_id, profiling_opt_out, contact_opt_out, updated_at FROM preferences "
    "WHERE customer_id IN ids"
)
_ERASED = "SELECT pseudonym, erased_at FROM erasures WHERE pseudonym IN ids"
_ANYBODY = "SELECT 1 FROM erasures WHERE erased_at > {mark} LIMIT 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How some customers stand to their data at one moment.

    Parameters
    ----------
    preferences : of those who have noted any.
    erased_at : when they were erased, of those who were.
    """

    preferences: Mapping[str, Preferences]
    erased_at: Mapping[str, datetime]

    def bars(self, customer_id: str, known_at: datetime) -> bool:
        """Return whether what was known of a customer at an instant must not be kept."""
        erased_at = self.erased_at.get(customer_id)
        return erased_at is not None and known_at <= erased_at

    def opted_out(self, customer_id: str) -> bool:
        """Return whether a customer does not wish to be scored."""
        decided = self.preferences.get(customer_id)
        return decided is not None and decided.profiling_opt_out


def standing_of(
    driver: Driver, customer_ids: Collection[str], *, erasures: Erasures | None
) -> Standing:
    """Return how customers stand.

    Parameters
    ----------
    driver : of the unit that goes by it, so that nothing can come between.
    customer_ids : who is asked about.
    erasures : who was erased; None where that is not known.
    """
    decided = {
        who: Preferences(
            profiling_opt_out=bool(profiling),
            contact_opt_out=bool(contact),
            updated_at=driver.instant(updated_at),
        )
        for who, profiling, contact, updated_at in driver.of_ids(_DECIDED, customer_ids)
    }
    return Standing(preferences=decided, erased_at=_erased(driver, customer_ids, erasures))


def _erased(
    driver: Driver, customer_ids: Collection[str], erasures: Erasures | None
) -> dict[str, datetime]:
    anybody = _ANYBODY.format(mark=driver.mark)
    if erasures is None or not driver.rows(anybody, [driver.bound(NEVER)]):
        return {}  # no pseudonyms are made where nobody ever was
    names = {pseudonym(who, key=erasures.key): who for who in customer_ids}
    return {names[name]: driver.instant(at) for name, at in driver.of_ids(_ERASED, names)}
