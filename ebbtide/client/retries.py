"""When a request is sent again, and after how long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

TRANSIENT = frozenset({429, 502, 503, 504})
"""Statuses that say: later. 502 and 504 come from what stands before the service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How patient a client is.

    Parameters
    ----------
    most : how often a request is sent again at the most; 0 is never.
    first_wait_seconds : longest wait before the second attempt; it doubles with each.
    longest_wait_seconds : no wait is longer. A service that asks for more is not waited for.
    """

    most: int = 4
    first_wait_seconds: float = 0.5
    longest_wait_seconds: float = 30.0

    def wait_seconds(
        self, attempt: int, *, retry_after_seconds: float | None, random: Callable[[], float]
    ) -> float | None:
        """Return how long to wait before the next attempt; None to give up.

        The wait is drawn evenly between nothing and its limit, so that many clients do not come
        back together; and it is never shorter than what the service asks for.

        Parameters
        ----------
        attempt : which one has failed, from 1.
        retry_after_seconds : what the service asks for; None if it does not say.
        random : draws from [0, 1).

        References
        ----------
        .. [1] M. Brooker, "Exponential backoff and jitter", AWS Architecture Blog, 2015 ("full
           jitter").

        Examples
        --------
        >>> patient = Retries(most=2, first_wait_seconds=1.0)
        >>> patient.wait_seconds(2, retry_after_seconds=None, random=lambda: 0.5)
        1.0
        >>> patient.wait_seconds(1, retry_after_seconds=7.0, random=lambda: 0.5)
        7.0
        >>> patient.wait_seconds(3, retry_after_seconds=None, random=lambda: 0.5) is None
        True
        """
        if attempt > self.most or (retry_after_seconds or 0.0) > self.longest_wait_seconds:
            return None
        limit = min(self.first_wait_seconds * 2.0 ** (attempt - 1), self.longest_wait_seconds)
        return max(limit * random(), retry_after_seconds or 0.0)


NEVER = Retries(most=0)
"""Send every request once."""


def retry_after_seconds(header: str | None, *, now: datetime) -> float | None:
    """Read ``Retry-After``, which is a number of seconds or a date (RFC 9110, 10.2.3).

    Examples
    --------
    >>> now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    >>> retry_after_seconds("2", now=now)
    2.0
    >>> retry_after_seconds("Sun, 01 Mar 2026 12:00:05 GMT", now=now)
    5.0
    >>> retry_after_seconds("soon", now=now) is None
    True
    """
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        named = parsedate_to_datetime(text)
    except ValueError:
        return None
    named = named if named.tzinfo else named.replace(tzinfo=UTC)
    return max((named - now).total_seconds(), 0.0)
