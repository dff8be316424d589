"""Infer the contract of a snapshot table: which columns are numbers, categories or flags.

What is wrong with the values is said by ``features.snapshot_table.checks``. Where a guess may be
wrong, the contract is a file that a person edits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ebbtide.contracts.learned import flag_order
from ebbtide.contracts.snapshot_table import ColumnContract, TableContract
from features.snapshot_table.disclosure import LEAST_SHOWN_ROWS, outward_limits
from features.snapshot_table.raw import NULL_WORDS
from features.snapshot_table.telling import PERFECT_AUC, column_auc

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ebbtide.scorer.scores import FloatArray
    from features.snapshot_table.raw import RawColumn, RawTable

MANY_CATEGORIES = 30
"""With more, only those with some rows are learned one by one."""

MOST_CATEGORIES = 100
LEAST_CATEGORY_ROWS = 10

MOST_CODES = 10
"""Whole numbers 1, 2, ... up to this look like codes, whose order need not mean anything."""

_TAKEN = ("customer_id", "as_of")

_FEW_ROWS = 10
_MOSTLY = 0.9

IGNORED = {
    "time": "a date or time; bring it as days before the row instead",
    "other": "of a type that is neither number, text, nor truth",
    "empty": "never has a value",
    "constant": "the same in every row",
    "unique": "different in every row: an id or free text",
    "free_text": "different in most rows: free text or an id",
    "rare": f"no value of it comes in {LEAST_SHOWN_ROWS} rows or more",
    "taken": "its name stands for something else in every snapshot; give it another",
    "label": "says the same as the label, so that it must have been written after the outcome",
}
"""Why a column is ignored."""


def infer_contract(
    raw: RawTable, *, roles: Sequence[str], churned: FloatArray | None = None
) -> TableContract:
    """Return the contract that a table keeps.

    Parameters
    ----------
    raw : the table.
    roles : columns that have another role, or are to be ignored; they are no part of the contract.
    churned : 1 for churn, 0 for stayed, NaN for open, shape (n,), to find the label in other words.
    """
    columns = [
        infer_column(column) for name, column in raw.columns.items() if name not in set(roles)
    ]
    if churned is not None:
        columns = [
            _without_label(column, raw.columns[column.name], churned)
            if column.kind != "ignored"
            else column
            for column in columns
        ]
    return TableContract(rows=raw.rows, columns=tuple(columns))


def infer_column(column: RawColumn) -> ColumnContract:
    """Return the contract of one column.

    The first rule that fits decides: a reason to ignore it, two values, whole numbers that look
    like codes, numbers, and then text.
    """
    why = _why_ignored(column)
    if why is not None:
        return _ignored(column, why)
    if is_numeric(column):
        return _number(column)
    kept = _kept(column)
    return _category(column, kept=kept) if kept else _ignored(column, IGNORED["rare"])


def is_numeric(column: RawColumn) -> bool:
    """Whether a column is of numbers with an order, apart from words for nothing."""
    numbers = column.numbers
    if column.storage == "truth":
        return False
    if len(column.texts) == 2 and flag_order(frozenset(column.texts)) is not None:
        return False
    present = numbers[~np.isnan(numbers)]
    others = np.flatnonzero(np.isnan(numbers)).tolist()
    is_all = all(column.texts[place].casefold() in NULL_WORDS for place in others)
    share = column.counts[~np.isnan(numbers)].sum() / max(1, column.counts.sum())
    if present.size == 0 or not (is_all or (share >= _MOSTLY and present.size > MOST_CODES)):
        return False
    return present.size > 2 and not _are_codes(present)


def number_values(column: RawColumn) -> FloatArray:
    """Return a column as numbers, NaN where there is none, shape (n,)."""
    return column.values(column.numbers)


def _are_codes(numbers: FloatArray) -> bool:
    """Whether whole numbers run from 1 without a gap, and not far."""
    ordered = np.sort(numbers)
    return ordered.size <= MOST_CODES and bool(
        np.array_equal(ordered, np.arange(1, ordered.size + 1))
    )


def _why_ignored(column: RawColumn) -> str | None:
    present = int((column.places >= 0).sum())
    different = len(column.texts)
    rules: tuple[tuple[str, Callable[[], bool]], ...] = (
        ("taken", lambda: column.name in _TAKEN),
        ("empty", lambda: present == 0),
        ("time", lambda: column.storage == "time"),
        ("other", lambda: column.storage == "other"),
        ("constant", lambda: different == 1 and present == len(column.places)),
        ("unique", lambda: present > _FEW_ROWS and different == present and _is_id(column)),
        ("free_text", lambda: different > 2 * _FEW_ROWS and _is_free_text(column, present)),
    )
    return next((IGNORED[code] for code, holds in rules if holds()), None)


def _is_id(column: RawColumn) -> bool:
    """Whether values that all differ are names rather than measurements.

    Whole numbers that all differ though they lie close together were handed out one by one: drawn
    from so narrow a range, some of them would have met.
    """
    if not is_numeric(column):
        return True
    numbers = column.numbers[~np.isnan(column.numbers)]
    if not np.array_equal(numbers, np.round(numbers)):
        return False
    return bool(np.ptp(numbers) < numbers.size**2 / 4)


def _is_free_text(column: RawColumn, present: int) -> bool:
    return not is_numeric(column) and len(column.texts) > present / 2


def _ignored(column: RawColumn, why: str) -> ColumnContract:
    return ColumnContract(
        name=column.name, kind="ignored", null_share=_rounded(column.null_share), why=why
    )


def _number(column: RawColumn) -> ColumnContract:
    values = number_values(column)
    low, high = outward_limits(values[~np.isnan(values)])
    return ColumnContract(
        name=column.name,
        kind="number",
        null_share=_rounded(float(np.isnan(values).mean())),
        low=low,
        high=high,
    )


def _category(column: RawColumn, *, kept: list[int]) -> ColumnContract:
    counts = column.counts
    texts = [column.texts[place] for place in kept]
    flag = flag_order(frozenset(texts)) if len(kept) == len(column.texts) else None
    rows = {text: int(counts[place]) for text, place in zip(texts, kept, strict=True)}
    return ColumnContract(
        name=column.name,
        kind="category" if flag is None else "flag",
        null_share=_rounded(column.null_share),
        categories=rows if flag is None else {text: rows[text] for text in flag},
    )


def _kept(column: RawColumn) -> list[int]:
    """Return the places of the categories to learn one by one, the commonest first.

    The contract and the bundle hold their texts: those of a handful of rows would tell of single
    customers, and teach nothing. No and yes tell of nobody, and both are kept.
    """
    counts = column.counts
    order = [int(place) for place in np.argsort(-counts, kind="stable")]
    if flag_order(frozenset(column.texts)) is not None:
        return order
    shown = [place for place in order if counts[place] >= LEAST_SHOWN_ROWS]
    if len(order) <= MANY_CATEGORIES:
        return shown
    kept = [place for place in shown if counts[place] >= LEAST_CATEGORY_ROWS]
    return (kept or shown)[:MOST_CATEGORIES]


def _without_label(
    contract: ColumnContract, column: RawColumn, churned: FloatArray
) -> ColumnContract:
    known = ~np.isnan(churned)
    if len(np.unique(churned[known])) < 2:
        return contract
    is_category = contract.kind != "number"
    values = (
        np.where(column.places < 0, np.nan, column.places) if is_category else number_values(column)
    )
    if column_auc(values[known], churned[known], is_category=is_category) < PERFECT_AUC:
        return contract
    return ColumnContract(
        name=contract.name,
        kind="ignored",
        null_share=contract.null_share,
        why=IGNORED["label"],
    )


def _rounded(share: float) -> float:
    return round(share, 6)
