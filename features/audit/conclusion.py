"""What an audit concludes, one sentence for each thing it looked at, and how grave each is.

A column counts as tried only where the control moved it and two runs agree on it; of every other it
is said that nothing is proved. Rows and counts are in ``features.audit.summary``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ebbtide.clock import day_in_words
from features.audit.summary import tried

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from features.audit.audit import Audit, Movements
    from features.audit.own_table import OwnAudit

Subject = Literal["catalogue", "query", "feature_table"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """One sentence to take away.

    Parameters
    ----------
    subject : what it is about.
    level : ``bad`` is no passing audit; ``careful`` says what was not proved.
    sentence : in words, with names and counts.
    """

    subject: Subject
    level: Literal["good", "careful", "bad"]
    sentence: str


def conclusions(audit: Audit) -> list[Conclusion]:
    """Return what is to be taken away, the catalogue first."""
    zone = audit.time_zone
    found = list(_of_movements(audit.catalogue, "catalogue", "features", time_zone=zone))
    if audit.query is not None:
        found += _of_movements(audit.query, "query", "columns of the query", time_zone=zone)
    if audit.own is not None:
        found += _of_table(audit.own)
    return found


def _of_movements(
    movements: Movements, subject: Subject, noun: str, *, time_zone: str
) -> Iterator[Conclusion]:
    instants = ", ".join(day_in_words(at, time_zone=time_zone) for at in movements.customers)
    leaking, proved = movements.leaking_columns, movements.responding
    if leaking or movements.crowd_leaks:
        who = "Who is in the rows" if movements.crowd_leaks else ""
        which = f"{len(leaking)} of {len(movements.columns)} {noun}" if leaking else ""
        names = f": {_listed(leaking)}" if leaking else ""
        what = " and ".join(part for part in (which, who) if part)
        what = what[0] + what[1:].replace("Who", "who")
        yield Conclusion(
            subject=subject,
            level="bad",
            sentence=f"{what} moved by what nobody could have known at {instants}{names}.",
        )
    elif proved:
        rows = [row for row in tried(movements) if row.perturbation.kind != "control"]
        done = sum(any(row.touched.values()) for row in rows)
        rest = f"; {len(movements.unresponsive)} never respond" if movements.unresponsive else ""
        idle = f" {len(rows) - done} kinds found nothing to change." if len(rows) > done else ""
        yield Conclusion(
            subject=subject,
            level="good",
            sentence=f"None of the {len(proved)} {noun} that respond to these tables moved to the "
            f"last bit under {done} kinds of perturbation at {instants}{rest}.{idle}",
        )
    if movements.unstable:
        yield Conclusion(
            subject=subject,
            level="bad",
            sentence=f"Two runs of the {noun} on the same tables differ in "
            f"{_listed(sorted(movements.unstable))}: what cannot be repeated cannot be audited, "
            f"so nothing is proved of it.",
        )
    if movements.unresponsive:
        yield Conclusion(
            subject=subject,
            level="careful",
            sentence=f"Nothing proved: the control did not move "
            f"{_listed(movements.unresponsive)}. Where taking away two thirds of what was seen "
            f"changes nothing, it is no proof that the future changes nothing.",
        )


def _of_table(own: OwnAudit) -> Iterator[Conclusion]:
    def named(judgement: str) -> list[str]:
        return [one.column for one in own.verdicts if one.judgement == judgement]

    leaks, suspicious, clean = (
        named(judgement) for judgement in ("leak", "suspicious", "clean as far as seen")
    )
    judged = len(leaks) + len(suspicious) + len(clean)
    names = f": {_listed(leaks)}" if leaks else ""
    yield Conclusion(
        subject="feature_table",
        level="bad" if leaks else "careful" if suspicious else "good",
        sentence=f"Of {len(own.verdicts)} columns of the feature table {judged} could be judged: "
        f"{len(leaks)} leak, {len(suspicious)} suspicious, {len(clean)} clean as far as seen"
        f"{names}.",
    )
    if unjudged := named("not judged"):
        yield Conclusion(
            subject="feature_table",
            level="careful",
            sentence=f"Not judged, so nothing is said of "
            f"{'it' if len(unjudged) == 1 else 'them'}: {_listed(unjudged)}.",
        )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)
