"""Check a snapshot table against its contract, and say what its kind of table cannot prove."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ebbtide.contracts.findings import Finding
from ebbtide.contracts.snapshot_table import TABLE
from ebbtide.errors import did_you_mean
from features.snapshot_table.inference import IGNORED, number_values
from features.snapshot_table.raw import NULL_WORDS
from features.snapshot_table.telling import PERFECT_AUC, TOO_GOOD_AUC, column_auc
from features.snapshot_table.values import column_values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ebbtide.contracts.findings import Severity
    from ebbtide.contracts.snapshot_table import ColumnContract, TableContract
    from ebbtide.scorer.scores import FloatArray
    from features.snapshot_table.raw import RawColumn, RawTable

MORE_NULL_SHARE = 0.1
"""Rise of the share of null that is worth a warning."""

FEW_VALUES = 10

SAID_EVERY = 250
"""Columns of a wide table that are judged between two lines of progress."""

_NO_PROOF = (
    "so that nothing can prove that the other columns were known before the outcome. A column that "
    "was written or changed afterwards makes the measures look good and the model useless."
)
NO_DATES = f"The rows carry no date, {_NO_PROOF}"
ONE_DATE = f"All rows carry one and the same date, {_NO_PROOF}"


def check_columns(raw: RawTable, contract: TableContract) -> list[Finding]:
    """Return what breaks the contract, or lies beyond what it has seen, column by column.

    Parameters
    ----------
    raw : the table.
    contract : inferred from it, or from an earlier one.
    """
    findings: list[Finding] = []
    for column in contract.columns:
        if column.name in raw.columns and raw.columns[column.name].infinite:
            findings.append(
                _finding(
                    "warning",
                    column.name,
                    "Infinite numbers count as null.",
                    "Find out what they stand for: often a division by zero. Leave them empty, or "
                    "write a number.",
                    count=raw.columns[column.name].infinite,
                )
            )
        if column.name not in raw.columns:
            if column.kind != "ignored":
                findings.append(_missing(column, raw))
        elif column.kind == "ignored":
            severity: Severity = "warning" if column.why == IGNORED["label"] else "advice"
            findings.append(
                _finding(
                    severity,
                    column.name,
                    f"Not used: {column.why or 'the contract says so'}.",
                    "Where that is wrong, change its kind in the contract.",
                )
            )
        elif column.kind == "number":
            findings += _check_number(raw.columns[column.name], column)
        else:
            findings += _check_category(raw.columns[column.name], column)
        if column.name in raw.columns and column.kind != "ignored":
            findings += _check_null(raw.columns[column.name], column)
    return findings


def check_new_columns(
    raw: RawTable, contract: TableContract, *, roles: frozenset[str]
) -> list[Finding]:
    """Return the columns that the contract does not name."""
    known = {column.name for column in contract.columns} | roles
    return [
        _finding(
            "advice",
            name,
            "Not in the contract, and so not used.",
            "To use it, delete the contract and run: ebbtide contract",
        )
        for name in raw.columns
        if name not in known
    ]


def check_telling(
    raw: RawTable,
    contract: TableContract,
    churned: FloatArray,
    *,
    progress: Callable[[str], None] | None = None,
) -> list[Finding]:
    """Return the columns that alone tell more of the label than an honest one can.

    Parameters
    ----------
    raw : the table.
    contract : says which columns are used.
    churned : 1 for churn, 0 for stayed, NaN for open or not matured, shape (n,).
    progress : called with how far it is, every ``SAID_EVERY`` columns.
    """
    known = ~np.isnan(churned)
    if len(np.unique(churned[known])) < 2:
        return []
    findings = []
    for index, column in enumerate(contract.used):
        if progress is not None and index and index % SAID_EVERY == 0:
            progress(f"columns that tell too much, {index:,} of {len(contract.used):,}")
        values = column_values(raw.columns[column.name], column.feature)
        auc = column_auc(values[known], churned[known], is_category=column.kind != "number")
        if auc > TOO_GOOD_AUC:
            how = (
                "separates those who churned from the others perfectly"
                if auc >= PERFECT_AUC
                else f"ranks them with an AUC of {auc:.3f}"
            )
            findings.append(
                _finding(
                    "warning",
                    column.name,
                    f"Alone it {how}: too good to have been known before the outcome.",
                    "Find out when it is written; if after the outcome, add it to "
                    "snapshot_table.ignore.",
                )
            )
    return findings


def check_repeats(rows: FloatArray) -> list[Finding]:
    """Return what is to be known of rows that repeat."""
    comparable = np.nan_to_num(rows, nan=np.inf)  # null equals null here
    repeated = len(rows) - len(np.unique(comparable, axis=0))
    if not repeated:
        return []
    return [
        Finding(
            severity="advice",
            table=TABLE,
            count=repeated,
            message="Rows repeat the values of another row.",
            advice="Copies are kept in one fold, so that no model is tested on what it learned."
            " If they are the same customer twice, take one out.",
        )
    ]


def check_dates(raw: RawTable) -> list[Finding]:
    """Return what the dates of the rows cannot prove: without a later one, they prove nothing."""
    if raw.instants is not None and len(np.unique(raw.instants)) > 1:
        return []
    return [
        Finding(
            severity="warning",
            table=TABLE,
            message=NO_DATES if raw.instants is None else ONE_DATE,
            advice="Bring rows of several instants, with the instant of each as "
            "snapshot_table.as_of, or ask the owner of the data when each column is written.",
        )
    ]


def _missing(column: ColumnContract, raw: RawTable) -> Finding:
    return _finding(
        "error",
        column.name,
        "The contract names this column, and the table does not have it.",
        f"Bring it back under this name ({did_you_mean(column.name, raw.columns)}), or set its "
        f'kind to "ignored" in the contract and train again.',
    )


def _check_number(column: RawColumn, contract: ColumnContract) -> Iterator[Finding]:
    counts, values = column.counts, number_values(column)
    is_number = ~np.isnan(column.numbers)
    is_word = np.zeros(is_number.shape, dtype=bool)
    for place in np.flatnonzero(~is_number).tolist():
        is_word[place] = column.texts[place].casefold() in NULL_WORDS
    others = int(counts[~is_number & ~is_word].sum())
    if others or column.storage in ("time", "other"):
        yield _finding(
            "error",
            column.name,
            "Expected numbers, but there are values that are none.",
            "Write numbers with a point and without separators, or set its kind to "
            '"category" in the contract.',
            count=others,
        )
    nothing = column.blanks + int(counts[is_word & ~is_number].sum())
    if nothing:
        yield _finding(
            "advice",
            column.name,
            "Numbers as text, with blanks or words for nothing among them.",
            "They count as null.",
            count=nothing,
        )
    low = -np.inf if contract.low is None else contract.low
    high = np.inf if contract.high is None else contract.high
    count = int(((values < low) | (values > high)).sum())
    if count:
        yield _finding(
            "warning",
            column.name,
            "Values lie outside the range of the contract.",
            "Check its unit. A model takes them as the end of what it learned from; train again, "
            "with a new contract, if they are right.",
            count=count,
        )
    different = int(is_number.sum())
    is_whole = np.array_equal(column.numbers[is_number], np.round(column.numbers[is_number]))
    if is_whole and 2 < different <= FEW_VALUES:
        yield _finding(
            "advice",
            column.name,
            f"Taken as a number, with {different} different values only.",
            'If they are codes without an order, set its kind to "category" in the contract.',
        )


def _check_category(column: RawColumn, contract: ColumnContract) -> Iterator[Finding]:
    learned = contract.learned
    is_unseen = np.array([learned.code(text) < 0 for text in column.texts], dtype=bool)
    count = int(column.counts[is_unseen].sum())
    if count:
        yield _finding(
            "warning",
            column.name,
            f"{int(is_unseen.sum())} categories are not in the contract: too rare when it was "
            f"inferred, or new.",
            "They are taken together as unknown. Train again, with a new contract, once they are "
            "common.",
            count=count,
        )
    is_number = column.storage == "number" or not np.isnan(column.numbers).any()
    if contract.kind == "category" and is_number and column.texts:
        yield _finding(
            "advice",
            column.name,
            "Numbers that look like codes, taken as categories.",
            'If their order means something, set its kind to "number" in the contract, with '
            "low and high instead of categories.",
        )


def _check_null(column: RawColumn, contract: ColumnContract) -> Iterator[Finding]:
    is_null = np.isnan(column_values(column, contract.feature))
    share, count = float(is_null.mean()), int(is_null.sum())
    is_new = contract.null_share == 0 and count
    if is_new or share > contract.null_share + MORE_NULL_SHARE:
        yield _finding(
            "warning",
            column.name,
            f"{share:.1%} of the rows have no value; in the contract it is "
            f"{contract.null_share:.1%}.",
            "Find out why values are missing; a model has seen few or none such rows.",
            count=count,
        )


def _finding(
    severity: Severity, column: str, message: str, advice: str, *, count: int = 0
) -> Finding:
    return Finding(
        severity=severity, table=TABLE, column=column, count=count, message=message, advice=advice
    )
