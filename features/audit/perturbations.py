"""What an audit does to a table: each perturbation changes only what nobody could have known.

Each is a name, a sentence, and for one table the query for its rows afterwards. A planted one first
lays the ground, as a tenth of the rows that were known late, and is held against that ground.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from features.audit.subject import Subject

Kind = Literal["control", "future", "order"]

ADDED_ROWS = 5_000
"""Rows that are added to a table, at the most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Altered:
    """A table after a perturbation.

    Parameters
    ----------
    rows : query for all its rows, over ``marked``.
    touched : condition on rows of ``marked`` that were changed, or that copies were made of.
    most : how many rows can have been touched.
    """

    rows: str
    touched: str
    most: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Perturbation:
    """One way to change what nobody could have known.

    Parameters
    ----------
    name : short name for the report.
    sentence : what is done.
    alter : the table afterwards; None where the table has nothing of the kind.
    plant : the table beforehand, where the ground has to be laid.
    kind : ``future``; ``order`` where the rows stay what they are; or ``control``, which changes
        what was seen, and has to move something or the audit proves nothing.
    """

    name: str
    sentence: str
    alter: Callable[[Subject], Altered | None]
    plant: Callable[[Subject], Altered | None] | None = None
    kind: Kind = "future"


def _remove_seen(subject: Subject) -> Altered:
    return _remove(subject, f"({subject.seen} AND {subject.draw('control', 3)} > 0)")


def _add_later(subject: Subject) -> Altered:
    clock = subject.contract.clock
    replaced = {
        **subject.others("add"),
        **{at: subject.later(f"add {at}") for at in subject.completions},
        "customer_id": f"CASE WHEN {subject.draw('who', 4)} = 0 THEN 'audit-new-' || audit_row "
        f"ELSE customer_id END",
    }
    if subject.has_clock and "known_at" in subject.columns:
        before = f"{subject.cut} - INTERVAL 1 DAY"
        replaced["known_at"] = (
            f"CASE {subject.draw('known', 3)} WHEN 0 THEN {before} "
            f"WHEN 1 THEN {subject.later('known')} END"
        )
    replaced[clock] = subject.later("add")
    return _with_copies(subject, replaced, where="TRUE")


def _add_known_late(subject: Subject) -> Altered | None:
    if not subject.has_clock or not subject.can_be_known_late:
        return None
    replaced = {
        **subject.others("late"),
        **{at: at for at in subject.completions},
        "known_at": subject.later("late"),
    }
    return _with_copies(subject, replaced, where=subject.happened)


def _with_copies(subject: Subject, replaced: dict[str, str], *, where: str) -> Altered:
    as_they_are = {} if "known_at" in subject.columns else {"known_at": "NULL"}
    kept = subject.rows({name: sql for name, sql in as_they_are.items() if name in replaced})
    copies = subject.rows(
        replaced,
        where=where,
        tail=f"ORDER BY {subject.draw('pick', 2**62)}, audit_row LIMIT {ADDED_ROWS}",
    )
    return Altered(rows=f"({kept}) UNION ALL ({copies})", touched=where, most=ADDED_ROWS)


def _change_later(subject: Subject) -> Altered | None:
    return _change(subject, _is_later(subject), subject.later("changed"))


def _remove_later(subject: Subject) -> Altered:
    return _remove(subject, _is_later(subject))


def _change_known_late(subject: Subject) -> Altered | None:
    if not subject.has_clock or "known_at" not in subject.columns:
        return None
    clock = f"{subject.contract.clock} - to_microseconds({subject.draw('back', 86_400_000_000)})"
    return _change(subject, f"({subject.happened} AND {subject.known_late})", clock)


def _remove_known_late(subject: Subject) -> Altered | None:
    if not subject.has_clock or "known_at" not in subject.columns:
        return None
    return _remove(subject, f"({subject.happened} AND {subject.known_late})")


def _change_unknown(subject: Subject) -> Altered | None:
    return _change_known_late(subject) if subject.has_clock else _change_later(subject)


def _remove_unknown(subject: Subject) -> Altered | None:
    return _remove_known_late(subject) if subject.has_clock else _remove_later(subject)


def _plant_known_late(subject: Subject) -> Altered | None:
    if not subject.can_be_known_late:
        return None
    condition = f"({subject.seen} AND {subject.draw('planted', 10)} = 0)"
    rows = subject.changed({"known_at": subject.later("planted")}, where=condition)
    return Altered(rows=rows, touched=condition)


def _is_later(subject: Subject) -> str:
    return f"(NOT {subject.happened})" if subject.has_clock else subject.known_late


def _change(subject: Subject, where: str, clock: str) -> Altered:
    replaced = {
        **subject.others("changed"),
        **{at: subject.later(f"changed {at}") for at in subject.completions},
        "customer_id": "coalesce(lead(customer_id) OVER (ORDER BY audit_row), 'audit-new')",
    }
    if "known_at" in subject.columns:
        replaced["known_at"] = subject.later("changed known")
    replaced[subject.contract.clock] = clock if subject.has_clock else subject.later("changed")
    return Altered(rows=subject.changed(replaced, where=where), touched=where)


def _remove(subject: Subject, where: str) -> Altered:
    return Altered(rows=subject.rows(where=f"NOT {where}"), touched=where)


def _complete_open(subject: Subject) -> Altered | None:
    return _completed(subject, "{at} IS NULL", subject.later)


def _complete_otherwise(subject: Subject) -> Altered | None:
    return _completed(subject, f"{{at}} >= {subject.cut}", lambda at: subject.later(f"re {at}"))


def _leave_open(subject: Subject) -> Altered | None:
    return _completed(subject, f"{{at}} >= {subject.cut}", lambda _: "NULL")


def _plant_completed_late(subject: Subject) -> Altered | None:
    chosen = f"{subject.draw('planted open', 5)} = 0"
    return _completed(subject, chosen, lambda at: subject.later(f"planted {at}"))


def _completed(subject: Subject, condition: str, instant: Callable[[str], str]) -> Altered | None:
    """Give rows that were seen another completion, and other values of what it makes true."""
    replaced: dict[str, str] = {}
    touched = []
    for at, dependents in subject.completions.items():
        where = f"({subject.seen} AND {condition.format(at=at)})"
        touched.append(where)
        values = {at: instant(at)} | {c.name: subject.other(c, "done") for c in dependents}
        replaced |= {
            name: f"CASE WHEN {where} THEN {sql} ELSE {name} END" for name, sql in values.items()
        }
    if not touched:
        return None
    return Altered(rows=subject.rows(replaced), touched=f"({' OR '.join(touched)})")


def _change_unbelievable(subject: Subject) -> Altered | None:
    columns = subject.unbelievable
    if not columns:
        return None
    values = {column.name: subject.other(column, "unbelievable") for column in columns}
    return Altered(rows=subject.rows(values), touched="TRUE")


def _reorder(subject: Subject) -> Altered:
    tail = f"ORDER BY {subject.draw('order', 2**62)}, audit_row"
    return Altered(rows=subject.rows(tail=tail), touched="TRUE")


PERTURBATIONS: tuple[Perturbation, ...] = (
    Perturbation(
        name="control",
        sentence="two thirds of the rows that were seen go: this must move features",
        alter=_remove_seen,
        kind="control",
    ),
    Perturbation(
        name="add-later",
        sentence="rows are added at as_of and after it, of known and of new customers",
        alter=_add_later,
    ),
    Perturbation(
        name="change-later",
        sentence="rows of as_of and later get other customers, instants and values",
        alter=_change_later,
    ),
    Perturbation(name="remove-later", sentence="rows of as_of and later go", alter=_remove_later),
    Perturbation(
        name="add-known-late",
        sentence="rows are added that happened before as_of and were known at it or after it",
        alter=_add_known_late,
    ),
    Perturbation(
        name="change-known-late",
        sentence="rows that happened before and were known later get other values",
        alter=_change_known_late,
    ),
    Perturbation(
        name="remove-known-late",
        sentence="rows that happened before and were known later go",
        alter=_remove_known_late,
    ),
    Perturbation(
        name="planted-late-changed",
        sentence="a tenth of the rows is declared known late; then these get other values",
        plant=_plant_known_late,
        alter=_change_unknown,
    ),
    Perturbation(
        name="planted-late-removed",
        sentence="a tenth of the rows is declared known late; then these go",
        plant=_plant_known_late,
        alter=_remove_unknown,
    ),
    Perturbation(
        name="complete-open",
        sentence="what was open is completed at as_of or after it",
        alter=_complete_open,
    ),
    Perturbation(
        name="complete-otherwise",
        sentence="what was completed at as_of or later is completed at another such instant",
        alter=_complete_otherwise,
    ),
    Perturbation(
        name="leave-open",
        sentence="what was completed at as_of or later stays open",
        alter=_leave_open,
    ),
    Perturbation(
        name="planted-completion-moved",
        sentence="a fifth of the rows is declared completed late; then completed otherwise",
        plant=_plant_completed_late,
        alter=_complete_otherwise,
    ),
    Perturbation(
        name="planted-completion-undone",
        sentence="a fifth of the rows is declared completed late; then left open",
        plant=_plant_completed_late,
        alter=_leave_open,
    ),
    Perturbation(
        name="change-undated",
        sentence="what is true only from an instant that the table does not keep is changed",
        alter=_change_unbelievable,
    ),
    Perturbation(
        name="reorder", sentence="the rows come in another order", alter=_reorder, kind="order"
    ),
)
"""Every perturbation, in the order of the report."""
