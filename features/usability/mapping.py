"""Columns of a company that the project file maps to several of ours."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from ebbtide.contracts.findings import Finding
from ebbtide.contracts.tables import table_contract

if TYPE_CHECKING:
    from ebbtide.project import Project


def mapped_twice(project: Project) -> list[Finding]:
    """Return the columns that serve several times.

    One id may well be two, and so may a text. Two sums that are always equal are a mistake.
    Instants are passed over: what happened is often known at once.

    Parameters
    ----------
    project : names the tables and maps their columns.
    """
    findings = []
    for name, source in project.tables.items():
        contract = table_contract(name)
        served: defaultdict[str, list[str]] = defaultdict(list)
        for ours, theirs in source.columns.items():
            served[theirs.casefold()].append(ours)
        for several in served.values():
            kinds = {contract.column(ours).kind for ours in several}
            if len(several) == 1 or kinds == {"instant"}:
                continue
            findings.append(
                Finding(
                    severity="warning" if kinds & {"money", "number"} else "advice",
                    table=name,
                    column=several[0],
                    message=f"is mapped to the same column as {' and '.join(several[1:])}.",
                    advice=f"Map each to its own column in tables.{name}.columns, or leave the "
                    f"others out: they tell nothing more.",
                )
            )
    return findings
