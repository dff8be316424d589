"""The data usability report of a flat table with a label: findings, columns, verdict.

The checks are those of ``features.snapshot_table``; here they are put together for a reader.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ebbtide.contracts.findings import Finding
from ebbtide.contracts.snapshot_table import TABLE
from ebbtide.errors import ContractError
from features.snapshot_table.maturity import instant_of
from features.snapshot_table.table import check_snapshot_table
from features.usability.sufficiency import ENOUGH_OF_EACH, LEAST_OF_EACH, LEVEL_WORDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ebbtide.contracts.snapshot_table import TableContract
    from ebbtide.definition import ChurnDefinition
    from ebbtide.project import Project
    from features.snapshot_table.table import SnapshotTable
    from features.usability.sufficiency import Level


@dataclass(frozen=True, slots=True, kw_only=True)
class FlatReport:
    """What is wrong with a flat table, and whether it is enough to train on.

    Parameters
    ----------
    project : name of the project.
    definition : of churn, in words.
    now : when it was looked at.
    findings : errors first.
    contract : what each column holds; None where the table cannot be read.
    is_new : whether the contract was inferred just now, and is not yet in a file.
    n_stayed, n_churned : rows of each outcome; rows without one count in neither.
    later_periods : on how many a model can be tested by what was learned before, two at the most;
        None where rows have no dates, and other customers of the same time are all there is.
    """

    project: str
    definition: str
    now: datetime
    findings: tuple[Finding, ...]
    contract: TableContract | None = None
    is_new: bool = True
    n_stayed: int = 0
    n_churned: int = 0
    later_periods: int | None = None

    def count(self, severity: str) -> int:
        """Return how many findings have a severity."""
        return sum(finding.severity == severity for finding in self.findings)

    @property
    def level(self) -> Level:
        """The verdict."""
        rarer = min(self.n_stayed, self.n_churned)
        if self.count("error") or rarer < LEAST_OF_EACH or self.later_periods == 0:
            return "not enough"
        return "barely" if rarer < ENOUGH_OF_EACH or self.later_periods == 1 else "enough"

    @property
    def missing(self) -> tuple[str, ...]:
        """What would have to come for the next better level."""
        n_errors = self.count("error")
        mend = [f"Mend the errors in {n_errors} place(s): training refuses them."]
        wanted = LEAST_OF_EACH if self.level == "not enough" else ENOUGH_OF_EACH
        few = [
            f"{wanted - n:,} more rows of customers who {who}: there are {n:,}, {wanted} are the "
            "least."
            for n, who in ((self.n_churned, "left"), (self.n_stayed, "stayed"))
            if self.contract is not None and n < wanted
        ]
        return (*(mend if n_errors else ()), *few, *self._period_missing())

    def _period_missing(self) -> tuple[str, ...]:
        if self.later_periods == 0:
            return (
                "Rows of a second instant, a gap and horizon apart and with matured labels: "
                "training tests a model on later rows. Or leave snapshot_table.as_of out, and it "
                "is tested on other customers of the same time only.",
            )
        if self.later_periods == 1 and self.level == "barely":
            return (
                "Rows of one more instant, a gap and horizon apart, so that a model can be tested "
                "on a second period.",
            )
        return ()

    @property
    def sentence(self) -> str:
        """The verdict in one sentence."""
        n_rows = self.n_stayed + self.n_churned
        verdict = f"{LEVEL_WORDS[self.level].capitalize()} to train"
        return f"{verdict}: {self.n_churned:,} of {n_rows:,} rows left."


def flat_report(
    project: Project, *, now: datetime, progress: Callable[[str], None] | None = None
) -> FlatReport:
    """Look at the snapshot table of a project, also where it is broken.

    Parameters
    ----------
    project : names the table.
    now : the present; later rows are errors.
    progress : called with what is being done.
    """
    name, definition = project.project.name, project.definition.sentence
    try:
        checked = check_snapshot_table(project, now=now, progress=progress)
    except ContractError as err:
        broken = Finding(
            severity="error", table=TABLE, message=str(err), advice="Nothing else was looked at."
        )
        return FlatReport(project=name, definition=definition, now=now, findings=(broken,))
    return FlatReport(
        project=name,
        definition=definition,
        now=now,
        findings=checked.findings,
        contract=checked.contract,
        is_new=checked.is_new,
        n_stayed=int((checked.churned == 0).sum()),
        n_churned=int((checked.churned == 1).sum()),
        later_periods=_later_periods(checked, project.definition),
    )


def _later_periods(table: SnapshotTable, definition: ChurnDefinition) -> int | None:
    """Return on how many later periods training could test, two at the most."""
    if table.instants is None:
        return None
    learned = np.unique(table.instants[~np.isnan(table.churned)]).tolist()
    left = [instant_of(each) for each in learned]
    found = 0
    while left and found < 2:
        tested = left[-1]
        left = [each for each in left if definition.window(each).has_matured(now=tested)]
        found += bool(left)
    return found
