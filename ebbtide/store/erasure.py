"""Erase a customer from the store, for good: also when an older database is restored.

The order makes it safe to be killed at any point: first the tombstone is on disk, then jobs are
told, then all rows go in one unit. Whatever is missing is done at the next start. Who was being
scored meanwhile may have been read before the rows went: so it is done once more, as of after that.

What was known before the erasure must not come back afterwards: whoever writes asks
:meth:`Erasures.barred` within the unit. What customers do later is a new beginning.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from ebbtide.errors import SettingsError
from ebbtide.pseudonym import pseudonym
from ebbtide.store.job_erasure import erase_from_jobs
from ebbtide.store.kept_answers import forget_kept_answers
from ebbtide.store.schema.every import METADATA
from ebbtide.store.schema.idempotency import IDEMPOTENCY_KEYS
from ebbtide.store.schema.jobs import JOB_INPUTS, JOB_RESULTS
from ebbtide.store.schema.privacy import ERASURES
from ebbtide.store.tombstones import Tombstone

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from sqlalchemy import Connection, Table

    from ebbtide.store.database import Database
    from ebbtide.store.tombstones import TombstoneFile

CUSTOMER_TABLES: tuple[Table, ...] = tuple(
    table for table in METADATA.sorted_tables[::-1] if "customer_id" in table.columns
)
"""Tables with a column ``customer_id``, those that refer to others first."""

INNER = {
    "idempotency_keys": "answers that were kept with their keys; those that name the customer go",
    "job_results": "answers of jobs; rewritten without the customer",
    "job_inputs": "files of jobs under way; the worker leaves the customer out, then they go",
}
"""Tables that hold customers within their contents, and what becomes of them."""

FREE = frozenset(
    {
        "announcements",
        "api_keys",
        "audit_head",
        "audit_log",  # names customers by pseudonym
        "erasures",  # by pseudonym
        "feature_sets",
        "history_layouts",
        "job_erasures",  # by digest
        "jobs",
        "score_sequence",
        "webhook_deliveries",  # goes with its message
        "webhooks",
    }
)
"""Tables that hold nothing of customers. A test holds the three lists to the schema."""

_CHUNK = 500  # ids in one query
_NOBODY = ""  # no customer has this id
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""When nobody was erased: dates the mark of the key."""
_MARKS = select(ERASURES.c.pseudonym).where(ERASURES.c.erased_at == NEVER)
_ANYBODY = select(ERASURES.c.pseudonym).where(ERASURES.c.erased_at > NEVER).limit(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What an erasure did.

    Parameters
    ----------
    at : what was known until then does not come back.
    rows : how many went, by table, where any did.
    """

    at: datetime
    rows: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasures:
    """Erases customers, and knows who was erased.

    Parameters
    ----------
    database : where the customers are.
    file : where erasures are noted besides.
    key : of the pseudonyms.
    """

    database: Database
    file: TombstoneFile
    key: bytes

    def erase(
        self,
        customer_id: str,
        *,
        now: Callable[[], datetime],
        note: Callable[[Connection, Mapping[str, int]], None] | None = None,
    ) -> Erased:
        """Erase a customer from every table.

        Whether the customer was ever known makes no difference but to the counts.

        Parameters
        ----------
        customer_id : who.
        now : the present, aware.
        note : notes the deed within the unit that does it, given the rows that go by table; None to
            note nothing.

        Raises
        ------
        StoreUnavailable
            If the tombstone or the database cannot be written; ask again then.
        """
        name = pseudonym(customer_id, key=self.key)
        at = now()
        self.file.add(Tombstone(pseudonym=name, erased_at=at))
        chunks = erase_from_jobs(self.database, customer_id)

        def unit(connection: Connection) -> Counter[str]:
            counts = self._erase_rows(connection, customer_id=customer_id, name=name, at=at)
            counts.update({JOB_RESULTS.name: chunks} if chunks else {})
            if note is not None:
                note(connection, counts)
            return counts

        gone = self.database.write(unit, deed="erase the customer")
        at = now()
        gone += self.database.write(
            partial(self._erase_rows, customer_id=customer_id, name=name, at=at),
            deed="erase the customer",
        )
        self.database.purge()
        return Erased(at=at, rows=dict(gone))

    def know_key(self) -> None:
        """Note which key erasures are recognised by; with another one none would be.

        For every start. Several machines that share a database share the key.

        Raises
        ------
        SettingsError
            If the database knows another key.
        """
        own = pseudonym(_NOBODY, key=self.key)
        with self.database.read("look up the key of pseudonyms") as connection:
            if own in connection.scalars(_MARKS).all():
                return

        def unit(connection: Connection) -> None:
            marks = connection.scalars(_MARKS).all()
            if marks and own not in marks:
                raise SettingsError(
                    "Expected the key of pseudonyms that this database was begun with, got "
                    "another: no earlier erasure would be recognised. Copy service/pseudonym.key "
                    "from the machine that began it, or from a backup."
                )
            if not marks:
                connection.execute(ERASURES.insert(), {"pseudonym": own, "erased_at": NEVER})

        self.database.write(unit, deed="note the key of pseudonyms")

    def barred(
        self, connection: Connection, facts: Iterable[tuple[str, datetime]]
    ) -> frozenset[tuple[str, datetime]]:
        """Return those facts that must not be kept: known at or before the customer's erasure.

        Parameters
        ----------
        connection : of the unit that is to keep them.
        facts : customers, and the instant at which something of them was known.
        """
        asked = list(facts)
        if not asked or connection.scalar(_ANYBODY) is None:
            return frozenset()
        names = {who: pseudonym(who, key=self.key) for who, _ in asked}
        erased = _erased_at(connection, set(names.values()))
        return frozenset(
            (who, instant)
            for who, instant in asked
            if names[who] in erased and instant <= erased[names[who]]
        )

    def reapply(self) -> int:
        """Erase again whom the file names and the database does not; return how many.

        For every start: a process may have been killed between the two, or the database restored
        from before. What cannot be searched by pseudonym (results of jobs, kept answers) is dropped
        as a whole then.
        """
        with self.database.read("read the erasures") as connection:
            known = dict(
                connection.execute(select(ERASURES.c.pseudonym, ERASURES.c.erased_at)).all()
            )
        missing = [
            each
            for each in self.file.read()
            if each.pseudonym not in known or known[each.pseudonym] < each.erased_at
        ]
        if not missing:
            return 0
        ids = self._ids_of({each.pseudonym for each in missing})
        for each in missing:
            self.database.write(
                partial(
                    self._erase_rows,
                    customer_id=ids.get(each.pseudonym),
                    name=each.pseudonym,
                    at=each.erased_at,
                ),
                deed="erase the customer",
            )
        self.database.write(_drop_contents, deed="erase the customers")
        self.database.purge()
        return len(missing)

    def _erase_rows(
        self, connection: Connection, *, customer_id: str | None, name: str, at: datetime
    ) -> Counter[str]:
        counts: Counter[str] = Counter()
        if customer_id is not None:
            for table in CUSTOMER_TABLES:
                gone = connection.execute(delete(table).where(table.c.customer_id == customer_id))
                counts[table.name] = int(gone.rowcount)
            counts[IDEMPOTENCY_KEYS.name] = forget_kept_answers(connection, customer_id)
        connection.execute(
            self.database.insert(ERASURES).on_conflict_do_update(
                index_elements=["pseudonym"], set_={"erased_at": at}
            ),
            {"pseudonym": name, "erased_at": at},
        )
        return +counts

    def _ids_of(self, names: Collection[str]) -> dict[str, str]:
        found = {}
        with self.database.read("look for the erased") as connection:
            for table in CUSTOMER_TABLES:
                query = select(table.c.customer_id).where(table.c.customer_id.is_not(None))
                for customer_id in connection.scalars(query.distinct()):
                    name = pseudonym(customer_id, key=self.key)
                    if name in names:
                        found[name] = customer_id
        return found


def barred_by(
    erasures: Erasures | None, connection: Connection, facts: Iterable[tuple[str, datetime]]
) -> frozenset[tuple[str, datetime]]:
    """Return what :meth:`Erasures.barred` says; nothing where no erasures are known."""
    return frozenset() if erasures is None else erasures.barred(connection, facts)


def _drop_contents(connection: Connection) -> None:
    for table in (JOB_RESULTS, JOB_INPUTS, IDEMPOTENCY_KEYS):
        connection.execute(delete(table))


def _erased_at(connection: Connection, names: Collection[str]) -> dict[str, datetime]:
    wanted = list(names)
    found: dict[str, datetime] = {}
    for start in range(0, len(wanted), _CHUNK):
        part = wanted[start : start + _CHUNK]
        query = select(ERASURES).where(ERASURES.c.pseudonym.in_(part))
        found.update({row.pseudonym: row.erased_at for row in connection.execute(query)})
    return found
