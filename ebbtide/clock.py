"""Instants and windows of time, always in UTC; shown to people in the zone of their project.

Nothing here asks what time it is: the present is an argument everywhere below the command line and
the service's edge.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ebbtide.errors import SettingsError


def zone(name: str) -> ZoneInfo:
    """Return the time zone of an IANA name.

    Raises
    ------
    SettingsError
        If there is no such zone.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as err:
        raise SettingsError(
            f"Expected an IANA time zone such as 'Europe/London' or 'UTC', got {name!r}."
        ) from err


def parse_instant(text: str, *, time_zone: str = "UTC") -> datetime:
    """Read a date or time that an operator typed.

    Parameters
    ----------
    text : ISO 8601, ``2011-03-01`` (that day's midnight) or ``2011-03-01T09:00:00+01:00``.
    time_zone : IANA name; where midnight is, and the zone of a time without offset.

    Returns
    -------
    datetime
        Aware, in UTC.

    Raises
    ------
    SettingsError
        If the text is no ISO 8601 date or time, or of another age.

    Examples
    --------
    >>> parse_instant("2011-07-01", time_zone="Europe/London").isoformat()
    '2011-06-30T23:00:00+00:00'
    """
    try:
        read = datetime.fromisoformat(text.strip())
    except ValueError as err:
        raise SettingsError(
            f"Expected a date such as 2011-03-01 or 2011-03-01T09:00:00Z, got {text!r}."
        ) from err
    if not 1900 <= read.year <= 2200:
        raise SettingsError(f"Expected a date between the years 1900 and 2200, got {text!r}.")
    if read.tzinfo is None:
        read = read.replace(tzinfo=zone(time_zone))
    return read.astimezone(UTC)


def next_midnight(instant: datetime, *, time_zone: str) -> datetime:
    """Return the first midnight strictly after an instant, as kept in a time zone.

    This is the instant at which the day of the last event of a log is known to be over.

    Examples
    --------
    >>> last = datetime(1998, 6, 30, tzinfo=UTC)
    >>> next_midnight(last, time_zone="UTC").isoformat()
    '1998-07-01T00:00:00+00:00'
    """
    local = instant.astimezone(zone(time_zone))
    following = (local + timedelta(days=1)).date()
    midnight = datetime(following.year, following.month, following.day, tzinfo=local.tzinfo)
    return midnight.astimezone(UTC)


def shift_days(instant: datetime, days: int, *, time_zone: str) -> datetime:
    """Return the instant with the same time of day so many civil days later or earlier.

    A civil day has 23 or 25 hours where the clocks change.

    Examples
    --------
    >>> midnight = parse_instant("2011-01-15", time_zone="Europe/London")
    >>> shift_days(midnight, 90, time_zone="Europe/London").isoformat()
    '2011-04-14T23:00:00+00:00'
    """
    local = instant.astimezone(zone(time_zone))
    return (local + timedelta(days=days)).astimezone(UTC)


def whole_days(start: datetime, end: datetime, *, time_zone: str) -> int:
    """Return how many civil days of a time zone passed between two instants.

    A day of 23 hours counts as one.

    Examples
    --------
    >>> winter = parse_instant("2007-03-01", time_zone="Europe/Vienna")
    >>> summer = parse_instant("2007-04-01", time_zone="Europe/Vienna")
    >>> whole_days(winter, summer, time_zone="Europe/Vienna"), (summer - winter).days
    (31, 30)
    """
    first, last = (
        instant.astimezone(zone(time_zone)).replace(tzinfo=None) for instant in (start, end)
    )
    return (last - first).days


def last_midnight(instant: datetime, *, time_zone: str) -> datetime:
    """Return the last midnight at or before an instant, as kept in a time zone.

    Examples
    --------
    >>> last_midnight(datetime(2011, 7, 1, 10, tzinfo=UTC), time_zone="UTC").isoformat()
    '2011-07-01T00:00:00+00:00'
    """
    local = instant.astimezone(zone(time_zone))
    return local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0).astimezone(UTC)


def day_in_words(instant: datetime, *, time_zone: str) -> str:
    """Return an instant as people of a time zone write it; typed as ``--as-of`` it means the same.

    A midnight of the zone is its date alone; any other time has its offset, and seconds where there
    are any.

    Examples
    --------
    >>> day_in_words(datetime(2007, 8, 31, 22, tzinfo=UTC), time_zone="Europe/Vienna")
    '2007-09-01'
    >>> day_in_words(datetime(2007, 9, 1, 7, tzinfo=UTC), time_zone="Europe/Vienna")
    '2007-09-01T09:00+02:00'
    """
    local = instant.astimezone(zone(time_zone))
    day = local.date().isoformat()
    # Compared with what the date would be read as, because some days have no 00:00.
    if parse_instant(day, time_zone=time_zone) == instant:
        return day
    return local.isoformat(timespec="seconds" if local.second else "minutes")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeWindow:
    """The time in which a snapshot's outcome is decided: ``[as_of + gap, as_of + gap + horizon)``.

    Closed at its start and open at its end, so that with no gap every instant is either seen by
    the features (strictly before ``as_of``) or belongs to the outcome, and none to both. Why this
    differs from the first design: ``docs/decisions/0001-outcome-window.md``. Days are civil days.

    Examples
    --------
    >>> window = OutcomeWindow(as_of=datetime(2011, 1, 1, tzinfo=UTC), gap_days=0, horizon_days=90)
    >>> window.ends_at.date().isoformat()
    '2011-04-01'
    >>> window.has_matured(now=datetime(2011, 4, 1, tzinfo=UTC))
    True
    """

    as_of: datetime
    gap_days: int
    horizon_days: int
    time_zone: str = "UTC"
    grace_days: int = 0
    """Days after the window in which what happened within it may still be undone."""

    @property
    def starts_at(self) -> datetime:
        """First instant that counts for the outcome."""
        return shift_days(self.as_of, self.gap_days, time_zone=self.time_zone)

    @property
    def ends_at(self) -> datetime:
        """First instant that no longer counts."""
        days = self.gap_days + self.horizon_days
        return shift_days(self.as_of, days, time_zone=self.time_zone)

    @property
    def matures_at(self) -> datetime:
        """Instant from which the outcome is known: the end, and the grace days after it."""
        return shift_days(self.ends_at, self.grace_days, time_zone=self.time_zone)

    def has_matured(self, *, now: datetime) -> bool:
        """Whether the whole window, with the grace days after it, lies in the past of ``now``."""
        return self.matures_at <= now
