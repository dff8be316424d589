"""The keys as one process knows them: read from the store at most every few seconds.

All keys are read at once, so that wrong keys never cost a look-up each. A revoked key holds until
the next reading; a new one need not wait for it. If the store cannot be read, nobody is let in: a
key may have been revoked.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from ebbtide.api_key import ID_LENGTH, PREFIX, KeyText, read_key
from ebbtide.store.keys import all_keys, note_uses
from ebbtide.store.store import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ebbtide.store.database import Database
    from ebbtide.store.keys import ApiKey

_NOBODY = KeyText(key_id="", secret="").secret_hash
_ID = slice(len(PREFIX), len(PREFIX) + ID_LENGTH)
USES_EXACT_TO = timedelta(hours=1)
_PATIENCE_SECONDS = 1.0
NEWS_AFTER_SECONDS = 0.25
"""A key that is not known may have just been made: then they are read anew, but no sooner."""


class Keyring:
    """Finds the key that a text stands for. Safe to use from many threads.

    Parameters
    ----------
    database : where the keys are.
    now : the present.
    cache_seconds : for how long what was read is relied on; 0 reads anew each time.
    monotonic : seconds since some moment.
    """

    def __init__(
        self,
        database: Database,
        *,
        now: Callable[[], datetime],
        cache_seconds: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._now = now
        self._cache_seconds = cache_seconds
        self._monotonic = monotonic
        self._keys: dict[str, ApiKey] = {}
        self._read_at: float | None = None
        self._used: dict[str, datetime] = {}
        self._reading = threading.Lock()
        self._verified: dict[str, bytes] = {}

    @property
    def is_fresh(self) -> bool:
        """Whether what was read may be relied on.

        That there is no key is never relied on: with the first one demo mode ends at once.
        """
        is_recent = (
            self._read_at is not None and self._monotonic() - self._read_at < self._cache_seconds
        )
        return is_recent and not self.is_empty

    @property
    def is_relied_on(self) -> bool:
        """Whether what is read now will be relied on by whoever comes next."""
        return self._cache_seconds > 0 and not self.is_empty

    @property
    def is_empty(self) -> bool:
        """Whether there never was a key, when they were last read."""
        return not self._keys

    def refresh(self) -> None:
        """Read the keys from the store if it is time to.

        Raises
        ------
        StoreUnavailable
            If they cannot be read; what was read before is relied on until its time is up.
        """
        with self._reading:
            if not self.is_fresh:
                self._read()

    def refresh_for(self, text: str) -> bool:
        """Read the keys anew if a text looks like one that has just been made; return whether.

        Raises
        ------
        StoreUnavailable
            As :meth:`refresh` does.
        """
        given = read_key(text)
        if given is None or given.key_id in self._keys:
            return False
        with self._reading:
            if self._read_at is None or self._monotonic() - self._read_at < NEWS_AFTER_SECONDS:
                return False
            self._read()
        return True

    def find(self, text: str) -> ApiKey | None:
        """Return the live key that a text is, if it is one; call ``refresh`` before."""
        key = self._found_before(text) or self._look_for(text)
        now = self._now()
        if key is None or key.state(now) != "live":
            return None
        if self._is_due(key, now):
            self._used[key.key_id] = now
        return key

    def note_uses(self) -> None:
        """Write down which keys are in use, where what is written is an hour old.

        Nobody who asks waits for it. What cannot be written is kept for the next time.

        Raises
        ------
        StoreUnavailable
            If it cannot be written.
        """
        used, self._used = self._used, {}
        due = {
            key_id: at
            for key_id, at in used.items()
            if key_id in self._keys and self._is_due(self._keys[key_id], at)
        }
        if not due:
            return
        try:
            self._database.write(
                partial(note_uses, uses=due),
                deed="note that keys are used",
                wait_seconds=_PATIENCE_SECONDS,
            )
        except StoreUnavailable:
            self._used = due | self._used
            raise

    def _found_before(self, text: str) -> ApiKey | None:
        """Return the key of a text that was found since the keys were read; its hash is kept."""
        key_id = text[_ID]
        keys, digest = self._keys, self._verified.get(key_id)
        if digest is None or not hmac.compare_digest(_digest(text), digest):
            return None
        return keys.get(key_id)

    def _look_for(self, text: str) -> ApiKey | None:
        verified, keys = self._verified, self._keys
        given = read_key(text)
        if given is None:
            return None
        key = keys.get(given.key_id)
        kept = _NOBODY if key is None else key.secret_hash  # equal work for ids that there are not
        if not hmac.compare_digest(given.secret_hash, kept) or key is None:
            return None
        verified[key.key_id] = _digest(text)
        return key

    def _read(self) -> None:
        read_at = self._monotonic()  # what was changed while it took its time may not be in it
        with self._database.read("read the keys") as connection:
            self._keys = {key.key_id: key for key in all_keys(connection)}
        self._verified = {}
        self._read_at = read_at

    @staticmethod
    def _is_due(key: ApiKey, at: datetime) -> bool:
        return key.last_used_at is None or at - key.last_used_at >= USES_EXACT_TO


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
