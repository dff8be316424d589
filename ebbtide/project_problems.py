"""What is wrong with a project file, in words: where, what was expected, what was meant.

The schema itself is in ``ebbtide.project``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from ebbtide.contracts.tables import TABLES, table_contract
from ebbtide.errors import did_you_mean
from ebbtide.schema_wording import fault_in_words

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import BaseModel, ValidationError


LONGEST_WINDOW_DAYS = 365
"""The longest window that the name of a feature promises: who looks back for less keeps it not."""


def all_problems(
    path: Path, read: dict[str, Any], err: ValidationError | None, *, schema: type[BaseModel]
) -> str:
    """Return a message that names every problem of a file.

    Parameters
    ----------
    path : the file.
    read : what it holds.
    err : what its schema says; None if only inner fields were named.
    schema : the schema, for the keys that could have been meant.
    """
    found = [] if err is None else err.errors(include_url=False)
    lines = [_problem(problem, schema) for problem in found if problem["loc"]]
    lines += disagreements(read)
    if "base" in read:
        lines.append(_problem({"type": "extra_forbidden", "loc": ("base",)}, schema))
    headline = f"Project file {str(path)!r} has {len(lines)} problem(s):"
    return "\n".join([headline, *(f"  {line}" for line in lines)])


def disagreements(read: dict[str, Any]) -> list[str]:
    """Name what no section can see alone, in a file that may be wrong in other ways too."""
    tables, churn, snapshots = (
        section if isinstance(section := read.get(name, {}), dict) else {}
        for name in ("tables", "churn", "snapshots")
    )
    problems = []
    is_flat = isinstance(read.get("snapshot_table"), dict)
    if is_flat:
        problems += _flat_disagreements(read)
    for name, source in tables.items():
        if name not in TABLES:
            problems.append(f"tables.{name}: there is no such table; {did_you_mean(name, TABLES)}")
            continue
        columns = source.get("columns") if isinstance(source, dict) else None
        known = table_contract(name).names
        problems += [
            f"tables.{name}.columns: no column {column!r}; {did_you_mean(column, known)}"
            for column in columns or ()
            if column not in known
        ]
    if not is_flat:
        problems += _churn_disagreements(churn)
    if not is_flat and isinstance(read.get("tables", {}), dict):
        problems += _tables_missing(tables, churn)
    lookback, active = snapshots.get("lookback_days", 365), churn.get("active_within_days", 365)
    if churn.get("kind") == "contract_end":
        active = None
    if not is_flat and isinstance(lookback, int) and lookback < LONGEST_WINDOW_DAYS:
        problems.append(
            f"snapshots.lookback_days must be at least {LONGEST_WINDOW_DAYS}: features count over "
            f"up to so many days, and would tell fewer as if they were all"
        )
    both = isinstance(lookback, int) and isinstance(active, int)
    if not is_flat and both and lookback < active:
        problems.append(
            "snapshots.lookback_days must be at least churn.active_within_days, or a living "
            "customer could have no purchase that is seen"
        )
    return problems + _segment_disagreements(read.get("segments"), lookback, active)


def _tables_missing(tables: dict[str, Any], churn: dict[str, Any]) -> list[str]:
    """Name the table without which nothing tells who lives and who leaves."""
    if churn.get("kind") == "contract_end":
        if "subscriptions" in tables:
            return []
        return [
            "tables: subscriptions are required where churn.kind is contract_end; add "
            "[tables.subscriptions]"
        ]
    if "transactions" in tables:
        return []
    return [
        "tables: transactions are required; add [tables.transactions], or name a flat table "
        "with a label in [snapshot_table]"
    ]


def _churn_disagreements(churn: dict[str, Any]) -> list[str]:
    """Name what does not go with the kind of churn."""
    if churn.get("kind") == "contract_end":
        if "active_within_days" not in churn:
            return []
        return [
            "churn.active_within_days: does not go with contract_end, where a customer is alive "
            "while a subscription runs; take it out"
        ]
    if churn.get("grace_days") is None:
        return []
    return [
        "churn.grace_days: goes with kind contract_end only; a silence has no grace days; take it "
        "out"
    ]


def _flat_disagreements(read: dict[str, Any]) -> list[str]:
    """Name what does not go together with a snapshot table."""
    problems = []
    if read.get("tables"):
        problems.append(
            "tables: a project has tables of events or one [snapshot_table], not both; take out one"
        )
    churn = read.get("churn", {})
    if not isinstance(churn, dict) or "horizon_days" not in churn:
        problems.append(
            "churn.horizon_days: required with [snapshot_table]; say how many days after its row "
            "the label looks ahead, because no date in the table can tell"
        )
    if isinstance(churn, dict):
        problems += [
            f"churn.{name}: does not go with [snapshot_table]; the label says who churned, and "
            f"everybody in the table is scored; take it out"
            for name in ("kind", "active_within_days", "grace_days")
            if name in churn
        ]
    if "snapshots" in read:
        problems.append(
            "snapshots: does not go with [snapshot_table]; its rows are the snapshots; take it out"
        )
    return problems


def _segment_disagreements(segments: Any, lookback: Any, active: Any) -> list[str]:
    """Name the limits of segments that nobody, or everybody, would be within."""
    problems = []
    limits = segments if isinstance(segments, dict) else {}
    new, sleeping = limits.get("new_within_days"), limits.get("sleeping_after_days")
    if isinstance(new, int) and isinstance(lookback, int) and new >= lookback:
        problems.append(
            f"segments.new_within_days: expected less than snapshots.lookback_days ({lookback}), "
            f"got {new}; no older purchase is seen, and everybody would be new"
        )
    if isinstance(sleeping, int) and isinstance(active, int) and sleeping >= active:
        problems.append(
            f"segments.sleeping_after_days: expected less than churn.active_within_days "
            f"({active}), got {sleeping}; who is silent for longer is not alive, and nobody would "
            f"sleep"
        )
    return problems


def _problem(problem: Any, schema: type[BaseModel]) -> str:
    keys = [str(key) for key in problem["loc"]]
    where = ".".join(keys) or "the file"
    if problem["type"] == "extra_forbidden":
        return f"{where}: unknown key; {did_you_mean(keys[-1], _keys_beside(keys, schema))}"
    return f"{where}: {fault_in_words(where, problem)}"


def _keys_beside(keys: list[str], schema: type[BaseModel]) -> list[str]:
    section = schema
    for key in keys[:-1]:
        if key in section.model_fields:
            section = _section_in(section.model_fields[key].annotation)
    return [name for name in section.model_fields if name != "base"]


def _section_in(annotation: Any) -> type[BaseModel]:
    """Return a section, or the section that a table of sections is made of, or that may be."""
    parts = [part for part in get_args(annotation) if part is not type(None)]
    section: type[BaseModel] = parts[-1] if parts else annotation
    return section
