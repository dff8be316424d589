"""What is known of the assignments of an action, counted by arm and propensity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ebbtide.effects.intervals import Split

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.holdout import Arm


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The assignments of one action, arm and propensity, each customer counted once.

    Parameters
    ----------
    arm : treated or holdout.
    propensity : probability of being treated, in (0, 1].
    assigned : how many there are.
    matured : of how many the outcome window has passed.
    known : of how many of those the outcome was reported; the sums below are over these.
    left : how many of those churned.
    p_churn_sum : of their probabilities of churn at assignment.
    value_sum : of their values at assignment, currency.
    cost_sum : of their costs, currency: reported, or else expected at assignment.
    costs_reported : how many costs were reported.
    delivered : to how many the action was reported as delivered.
    """

    arm: Arm
    propensity: float
    assigned: int
    matured: int = 0
    known: int = 0
    left: int = 0
    p_churn_sum: float = 0.0
    value_sum: float = 0.0
    cost_sum: float = 0.0
    costs_reported: int = 0
    delivered: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stratum:
    """Both arms of the assignments with one propensity."""

    propensity: float
    treated: Tally
    holdout: Tally

    @property
    def arms(self) -> tuple[Tally, Tally]:
        """Treated and hold-out."""
        return self.treated, self.holdout

    @property
    def split(self) -> Split | None:
        """What became of the arms; None where either has no outcome yet."""
        if not self.treated.known or not self.holdout.known:
            return None
        return Split(
            holdout=self.holdout.known,
            holdout_left=self.holdout.left,
            treated=self.treated.known,
            treated_left=self.treated.left,
        )


def strata_of(tallies: Sequence[Tally]) -> tuple[Stratum, ...]:
    """Return the tallies by propensity, without those whose arm was no matter of chance.

    Parameters
    ----------
    tallies : one at most for each arm and propensity.

    Examples
    --------
    >>> tallies = [Tally(arm="treated", propensity=share, assigned=9) for share in (0.9, 1.0)]
    >>> strata = strata_of(tallies)
    >>> [(each.propensity, each.treated.assigned, each.holdout.assigned) for each in strata]
    [(0.9, 9, 0)]
    """
    found = {(each.propensity, each.arm): each for each in tallies}
    return tuple(
        Stratum(
            propensity=propensity,
            treated=found.get(
                (propensity, "treated"), Tally(arm="treated", propensity=propensity, assigned=0)
            ),
            holdout=found.get(
                (propensity, "holdout"), Tally(arm="holdout", propensity=propensity, assigned=0)
            ),
        )
        for propensity in sorted({each.propensity for each in tallies})
        if 0 < propensity < 1
    )
