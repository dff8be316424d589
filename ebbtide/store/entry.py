"""One unit that waits to be committed in a group, and what became of it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ebbtide.store.driver import Driver
from ebbtide.store.failures import note
from ebbtide.store.store import StoreOutcomeUnknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

T = TypeVar("T")


class Entry(Generic[T]):
    """A unit that waits, and what became of it.

    Parameters
    ----------
    unit : writes through the connection that it is given.
    deed : what it does, for the message of an error.
    ends_at : until when it waits for its turn, by ``time.monotonic``.
    """

    def __init__(self, unit: Callable[[Connection], T], deed: str, *, ends_at: float) -> None:
        self._unit = unit
        self.deed = deed
        self.ends_at = ends_at
        self.leads = False
        self.told = threading.Event()
        self._returned: Any = None
        self._raised: BaseException | None = None
        self._is_over = False

    def run(
        self, connection: Connection, failure_of: Callable[[Exception, str], Exception]
    ) -> None:
        """Run the unit in a savepoint. Where that cannot be undone, the whole group fails."""
        driver = Driver(connection)
        driver.run("SAVEPOINT unit")
        try:
            self._returned = self._unit(connection)
            driver.run("RELEASE SAVEPOINT unit")
        except Exception as err:
            driver.run("ROLLBACK TO SAVEPOINT unit")
            driver.run("RELEASE SAVEPOINT unit")
            note(err)
            self._raised = failure_of(err, self.deed)

    def run_alone(
        self, connection: Connection, failure_of: Callable[[Exception, str], Exception]
    ) -> None:
        """Run the unit of a group of one: if it fails, the transaction goes with it."""
        try:
            self._returned = self._unit(connection)
        except Exception as err:
            connection.rollback()
            note(err)
            self._raised = failure_of(err, self.deed)

    def fail(self, err: BaseException) -> None:
        """Let the unit have failed."""
        self._raised = err

    def tell(self) -> None:
        """Let who waits for the unit go on: it is over, one way or the other."""
        self._is_over = True
        self.told.set()

    def result(self) -> T:
        """Return what the unit returned, or raise what became of it instead.

        Raises
        ------
        StoreOutcomeUnknown
            If that is not known, or not yet.
        """
        if not self._is_over:  # what it raised may be due to what its group has not committed
            raise StoreOutcomeUnknown(self.deed)
        if self._raised is not None:
            raise self._raised
        returned: T = self._returned
        return returned
