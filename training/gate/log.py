"""Whether raw tables look as they did for the champion: size, span, repetitions, hours."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from ebbtide.contracts.together import STALE_AFTER_DAYS
from ebbtide.words import Words
from training.gate.case import log_of, trained_as_of
from training.gate.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ebbtide.bundle.contents import Bundle
    from training.gate.case import Case

    Profile = Mapping[str, Any]

LEAST_SHARE = 0.5
"""Of the champion's rows, customers and days of history; less was lost, not grown out of."""
MOST_REPEATED_MORE = 0.1
"""Rise of the share of rows that repeat another one; a day loaded twice among 90 is below it."""
FEWEST_ROWS = 200
"""Of the last 90 days, for their hours to be compared."""
LEAST_SHIFT_HOURS = 2
"""A single hour is what the clocks of summer do."""
HOURS_APART = 0.25
"""Share of the rows whose hour must have changed, for a shift."""


def log_alike(case: Case) -> Iterator[Refusal]:
    """Yield what the raw tables have lost or gained since the champion was trained."""
    if case.champion is None:
        return
    yield from _lost_rows(case.challenger, case.champion)
    before, now = log_of(case.champion), log_of(case.challenger)
    trained, trained_before = trained_as_of(case.challenger), trained_as_of(case.champion)
    if trained is None or trained_before is None:
        return
    log_table = case.challenger.definition.log_table
    for name in sorted(before.keys() & now.keys()):
        if name == log_table:
            yield from _short_history(
                _days(now[name]["first_at"], trained),
                _days(before[name]["first_at"], trained_before),
            )
        yield from _stale(
            name,
            _days(now[name]["last_at"], trained),
            _days(before[name]["last_at"], trained_before),
        )
        yield from _repeated(name, now[name], before[name])
        yield from _shifted(name, now[name], before[name])


def hours_shifted(now: list[int], before: list[int]) -> int | None:
    """Return by how many hours a day's profile has moved; None where it has not, or has changed.

    Parameters
    ----------
    now, before : rows by hour of the day, 24 counts each.

    Notes
    -----
    Profiles are compared by the share of rows that differ in their hour (total variation). They
    have moved where turning one by some hours takes away more than half of the difference.

    Examples
    --------
    >>> shop_hours = [0] * 9 + [100, 300, 200, 400] + [0] * 11
    >>> hours_shifted(shop_hours[-8:] + shop_hours[:-8], shop_hours)
    8
    >>> hours_shifted(shop_hours, shop_hours) is None
    True
    """
    ours, theirs = (np.array(counts, dtype=float) for counts in (now, before))
    if min(ours.sum(), theirs.sum()) < FEWEST_ROWS:
        return None
    ours, theirs = ours / ours.sum(), theirs / theirs.sum()
    apart = [float(np.abs(np.roll(theirs, turn) - ours).sum() / 2) for turn in range(24)]
    turn = int(np.argmin(apart))
    size = min(turn, 24 - turn)
    if size < LEAST_SHIFT_HOURS or apart[0] < HOURS_APART or apart[turn] > apart[0] / 2:
        return None
    return turn if turn <= 12 else turn - 24


def _lost_rows(challenger: Bundle, champion: Bundle) -> Iterator[Refusal]:
    before, now = (each.manifest["lineage"] for each in (champion, challenger))
    counts = [
        (Words("rows learned from", "训练行数"), now["rows"], before["rows"]),
        (Words("customers learned from", "训练客户数"), now["customers"], before["customers"]),
    ]
    tables_before, tables_now = log_of(champion), log_of(challenger)
    counts += [
        (
            Words(f"rows of {name}", f"{name} 的行数"),
            tables_now[name]["rows"],
            tables_before[name]["rows"],
        )
        for name in sorted(tables_before.keys() & tables_now.keys())
    ]
    for what, came, were in counts:
        if came < LEAST_SHARE * were:
            yield Refusal(
                code="lost_rows",
                expected=Words(
                    f"at least half of the champion's {were:,} {what.en}",
                    f"{what.zh}不少于现任模型 {were:,} 的一半",
                ),
                came=Words(f"{came:,}", f"{came:,}"),
            )


def _short_history(days: float | None, before: float | None) -> Iterator[Refusal]:
    if days is not None and before is not None and days < LEAST_SHARE * before:
        yield Refusal(
            code="short_history",
            expected=Words(
                f"a log of at least half of the champion's {before:.0f} days",
                f"历史长度不少于现任模型 {before:.0f} 天的一半",
            ),
            came=Words(f"{days:.0f}", f"{days:.0f}"),
        )


def _stale(name: str, days: float | None, before: float | None) -> Iterator[Refusal]:
    if before is None:
        return
    most = max(float(STALE_AFTER_DAYS), 2 * before)
    if days is None or days > most:
        came = "none" if days is None else f"{days:.0f}"
        yield Refusal(
            code="stale_table",
            expected=Words(
                f"the last row of {name} at most {most:.0f} days old",
                f"{name} 的最后一行距今不超过 {most:.0f} 天",
            ),
            came=Words(came, came),
        )


def _repeated(name: str, now: Profile, before: Profile) -> Iterator[Refusal]:
    share, share_before = (
        1 - each["recent_different"] / each["recent_rows"] if each["recent_rows"] else 0.0
        for each in (now, before)
    )
    if share > share_before + MOST_REPEATED_MORE:
        yield Refusal(
            code="repeated_rows",
            expected=Words(
                f"about {share_before:.0%} repeated rows in {name}, as for the champion",
                f"{name} 的重复行约占 {share_before:.0%}(同现任模型)",
            ),
            came=Words(f"{share:.0%}", f"{share:.0%}"),
        )


def _shifted(name: str, now: Profile, before: Profile) -> Iterator[Refusal]:
    shift = hours_shifted(now["recent_hours"], before["recent_hours"])
    if shift is not None:
        yield Refusal(
            code="shifted_hours",
            expected=Words(
                f"{name} at the hours of the day that the champion saw",
                f"{name} 的时段分布与现任模型一致",
            ),
            came=Words(f"a shift by {shift:+d} hours", f"偏移 {shift:+d} 小时"),
        )


def _days(written: str | None, until: datetime) -> float | None:
    if written is None:
        return None
    return (until - datetime.fromisoformat(written)).total_seconds() / 86_400
