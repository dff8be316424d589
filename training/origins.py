"""Origins: matured snapshots at which we pretend to stand, and what had matured by then.

Models are trained on what an origin could know, and score the customers who lived then. The latest
origin is the last matured snapshot; earlier ones lie a whole gap and horizon before it, so that
what is learned from the outcomes at one had matured at the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ebbtide.clock import day_in_words, shift_days
from ebbtide.errors import NotReady

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.definition import ChurnDefinition
    from ebbtide.scorer.scores import FloatArray
    from training.snapshots import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A snapshot to be scored, with the snapshots that had matured by then.

    Parameters
    ----------
    scored : the customers who lived then, with what came of them.
    learned_from : what a model there is fitted on.
    time_zone : IANA name of the zone in which its day is said.
    came_then : what had come of the customers as the next origin knew it, shape (n,); None where
        that is what is known now.
    """

    scored: Snapshot
    learned_from: tuple[Snapshot, ...]
    time_zone: str = "UTC"
    came_then: FloatArray | None = None

    @property
    def day(self) -> str:
        """The snapshot's day in the time zone, as a person would type it."""
        return day_in_words(self.scored.as_of, time_zone=self.time_zone)


RAISE = (
    "Bring older data, shorten churn.horizon_days or snapshots.min_history_days, or raise "
    "snapshots.max_count."
)
"""What to do where nobody has counted the days of the log."""


def origins(
    snapshots: Sequence[Snapshot],
    definition: ChurnDefinition,
    *,
    at_most: int = 3,
    advice: str = RAISE,
) -> list[Origin]:
    """Return the origins, the latest first.

    Parameters
    ----------
    snapshots : all matured ones, earliest first.
    definition : gap and horizon are the purge between learning and scoring.
    at_most : how many.
    advice : what to do where there is none.

    Raises
    ------
    NotReady
        If no snapshot had matured before the latest one.
    """
    found: list[Origin] = []
    limit = snapshots[-1].as_of
    while len(found) < at_most:
        scored = [taken for taken in snapshots if taken.as_of <= limit]
        if not scored:
            break
        at = scored[-1]
        learned = tuple(
            taken for taken in snapshots if definition.window(taken.as_of).has_matured(now=at.as_of)
        )
        if not learned:
            break
        zone = definition.time_zone
        found.append(Origin(scored=at, learned_from=learned, time_zone=zone))
        limit = shift_days(at.as_of, -definition.outcome_days, time_zone=zone)
    if not found:
        raise NotReady(
            f"Expected at least two snapshots a gap and horizon apart, so that a model can be "
            f"tested on later customers. {advice}"
        )
    return found
