"""Audit of a feature table that was made elsewhere, and cannot be made again on other tables."""

from __future__ import annotations

import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ebbtide.clock import day_in_words
from ebbtide.errors import NotReady
from features.audit.copies import replaced_copy
from features.audit.knowledge import FEWEST_BUYERS, measure_knowledge
from features.audit.own_columns import aspects_of
from features.audit.traces import find_traces
from features.audit.verdicts import judge_columns, worst_of
from features.catalogue.catalogue import features_present
from features.snapshot import SnapshotBuilder, build_snapshot
from features.tables import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    import pyarrow as pa
    from numpy.typing import NDArray

    from ebbtide.project import Project
    from features.audit.verdicts import ColumnVerdict, Judgement
    from features.tables import Tables

    FloatArray = NDArray[np.float64]

MOST_CUSTOMERS = 8_000
"""Customers who are looked at; of more, the same sample every time."""

FEWEST_CUSTOMERS = 300
"""With fewer, chance alone hides any leak."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnAudit:
    """What was found about a user's feature table.

    Parameters
    ----------
    verdicts : one for each column, the gravest first.
    customers : how many were looked at, by instant.
    without_row : living customers of whom the table has no row, by instant.
    """

    verdicts: tuple[ColumnVerdict, ...]
    customers: Mapping[datetime, int]
    without_row: Mapping[datetime, int]


def audit_own_table(
    tables: Tables,
    project: Project,
    frames: Mapping[datetime, pa.Table],
    *,
    log_end: datetime,
    seed: int,
    progress: Callable[[str], None] | None = None,
) -> OwnAudit:
    """Judge every column of a feature table by what it knows about the days around its instant.

    Parameters
    ----------
    tables : the log.
    project : says what churn is, and how far features look back.
    frames : the rows of each instant, as ``read_own_table`` returns them.
    log_end : until when purchases are known.
    seed : equal seeds give equal verdicts.
    progress : called before each step.

    Raises
    ------
    NotReady
        If too few of the living customers have a row, nothing came after the instant, or no
        column could be judged at any instant.
    """
    found: dict[str, list[ColumnVerdict]] = {}
    customers, without_row = {}, {}
    for as_of, rows in frames.items():
        with _sample(tables, project, rows, as_of=as_of) as (sampled, ids, missing):
            customers[as_of], without_row[as_of] = len(ids), missing
            for verdict in _audit_at(
                sampled, project, rows, ids, as_of, log_end, seed=seed, progress=progress
            ):
                found.setdefault(verdict.column, []).append(verdict)
    worst = [worst_of(verdicts) for verdicts in found.values()]
    _require_judged(worst, log_ends=day_in_words(log_end, time_zone=tables.time_zone))
    order: dict[Judgement, int] = {"leak": 0, "suspicious": 1, "not judged": 2}
    return OwnAudit(
        verdicts=tuple(sorted(worst, key=lambda one: order.get(one.judgement, 3))),
        customers=customers,
        without_row=without_row,
    )


def _require_judged(verdicts: Sequence[ColumnVerdict], *, log_ends: str) -> None:
    if any(one.judgement != "not judged" for one in verdicts):
        return
    reasons = "; ".join(sorted({reason for one in verdicts for reason in one.reasons}))
    raise NotReady(
        f"None of {len(verdicts)} column(s) could be judged at any instant: {reasons}. Expected a "
        f"log that goes on for days after as_of (it ends at {log_ends}), in which at "
        f"least {FEWEST_BUYERS} of the customers buy and as many do not, and columns that differ "
        f"from customer to customer. Use an earlier as_of, or bring such columns."
    )


def _audit_at(
    tables: Tables,
    project: Project,
    rows: pa.Table,
    ids: Sequence[str],
    as_of: datetime,
    log_end: datetime,
    *,
    seed: int,
    progress: Callable[[str], None] | None,
) -> list[ColumnVerdict]:
    zone = project.definition.time_zone
    day = day_in_words(as_of, time_zone=zone)
    if log_end <= as_of:
        raise NotReady(
            f"The log ends at {day_in_words(log_end, time_zone=zone)}: nothing is known of what "
            f"came after {day}, so no column can be held against it. Use an earlier as_of."
        )
    aspects = aspects_of(rows, ids)
    names = [name for name in rows.column_names if name != "customer_id"]
    features_at = _features_of(tables, project)
    living, values = features_at(as_of)
    row_of = {who: row for row, who in enumerate(living)}
    known = values[[row_of[who] for who in ids]]
    knowledge = measure_knowledge(
        tables,
        aspects,
        ids,
        as_of=as_of,
        log_end=log_end,
        definition=project.definition,
        features_at=features_at,
        seed=seed,
        progress=progress,
    )
    if progress is not None:
        progress(f"{day} windows of the log")
    traces = find_traces(tables, aspects, ids, as_of=as_of, time_zone=zone, known=known)
    return judge_columns(names, aspects, knowledge, traces)


@contextmanager
def _sample(
    tables: Tables, project: Project, rows: pa.Table, *, as_of: datetime
) -> Iterator[tuple[Tables, list[str], int]]:
    """Open the tables of the customers who are looked at: living ones, at the most so many."""
    living = _living(tables, project, as_of)
    present = set(rows["customer_id"].to_pylist())
    shared = sum(who in present for who in living)
    if shared < FEWEST_CUSTOMERS:
        day = day_in_words(as_of, time_zone=tables.time_zone)
        raise NotReady(
            f"Expected at least {FEWEST_CUSTOMERS} customers who live at {day} "
            f"and have a row, found {shared:,}. Check that customer_id is written as in the log."
        )
    by_place = sorted(living, key=lambda who: (zlib.crc32(who.encode()), who))
    chosen = sorted(by_place[:MOST_CUSTOMERS])
    listed = ", ".join(quoted(who) for who in chosen)
    query = f"SELECT * EXCLUDE (audit_row) FROM marked WHERE customer_id IN ({listed})"
    queries = dict.fromkeys(tables.columns, query)
    with replaced_copy(tables, queries, aside="audit_all") as sampled:
        yield sampled, chosen, len(living) - shared


def _living(tables: Tables, project: Project, as_of: datetime) -> list[str]:
    frame = build_snapshot(
        tables,
        as_of=as_of,
        features=features_present(tables.columns)[:1],
        lookback_days=project.snapshots.lookback_days,
        definition=project.definition,
        expectations=None,
    )
    ids: list[str] = frame["customer_id"].to_pylist()
    return ids


def _features_of(
    tables: Tables, project: Project
) -> Callable[[datetime], tuple[list[str], FloatArray]]:
    """Return customers and features at any instant; the rows are sorted once."""
    features = features_present(tables.columns)
    builder = SnapshotBuilder.of(
        tables,
        features=features,
        lookback_days=project.snapshots.lookback_days,
        definition=project.definition,
    )

    def at(instant: datetime) -> tuple[list[str], FloatArray]:
        # What a buying model expects follows from counts and recency, which are there already.
        frame = builder.at(instant, expectations=None)
        columns = [np.asarray(frame[one.name].to_numpy(), dtype=np.float64) for one in features]
        return frame["customer_id"].to_pylist(), np.column_stack(columns)

    return at
