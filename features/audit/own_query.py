"""A user's own query over the tables of the contract, run again on perturbed tables."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from ebbtide.errors import ContractError, SettingsError
from features.audit.movement import movement
from features.seen import timestamp_sql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    import duckdb
    import pyarrow as pa

    from features.tables import Tables

_HARMLESS = {"unnest", "range", "generate_series"}
"""Functions that stand for a table and read nothing."""


def own_query(text: str, *, as_of: datetime) -> Callable[[Tables], pa.Table]:
    """Return a user's query as a function of the tables.

    Parameters
    ----------
    text : a query in DuckDB's SQL over the tables of the contract, that returns ``customer_id``
        once each; ``{as_of}`` stands for the instant.
    as_of : aware instant.

    Raises
    ------
    ContractError
        When run: if it does not run, reads anything else, or does not say who.
    """
    query = text.strip().rstrip(";").replace("{as_of}", timestamp_sql(as_of))

    def run(tables: Tables) -> pa.Table:
        import duckdb

        _require_contract_tables(tables, query)
        try:
            frame = tables.connection.sql(query).to_arrow_table()
        except duckdb.Error as err:
            raise ContractError(
                f"The query cannot be run ({type(err).__name__}){_said(err)}"
            ) from err
        return _by_customer(frame)

    return run


def unstable_columns(run: Callable[[Tables], pa.Table], tables: Tables) -> frozenset[str]:
    """Return the columns that differ between two runs on the same tables.

    ``customer_id`` is among them where the two runs are not of the same customers.
    """
    moved = movement(run(tables), run(tables))
    crowd = {"customer_id"} if moved.appeared or moved.gone else set()
    return frozenset(one.column for one in moved.columns) | crowd


def _by_customer(frame: pa.Table) -> pa.Table:
    import pyarrow as pa

    if "customer_id" not in frame.column_names:
        raise ContractError(
            f"The query returns {', '.join(frame.column_names)}: expected customer_id, by which "
            f"its rows are compared, and at least one more column."
        )
    at = frame.column_names.index("customer_id")
    frame = frame.set_column(at, "customer_id", frame["customer_id"].cast(pa.string()))
    repeated = frame.num_rows - len(set(frame["customer_id"].to_pylist()))
    if repeated:
        raise ContractError(
            f"The query returns {repeated:,} row(s) for customers that it has returned already. "
            f"Expected one row for each: GROUP BY customer_id."
        )
    return frame


def _require_contract_tables(tables: Tables, query: str) -> None:
    """Refuse what could not be perturbed: files, other tables, the catalogue of the database."""
    written = tables.connection.execute(
        "SELECT json_serialize_sql($1::VARCHAR)", [query]
    ).fetchall()[0][0]
    parsed = json.loads(written)
    if parsed.get("error"):
        raise ContractError(
            f"The query cannot be parsed as one SELECT of DuckDB: {parsed['error_message']}"
        )
    if len(parsed["statements"]) != 1:
        raise ContractError(
            f"Expected one query that begins with SELECT or WITH, got {len(parsed['statements'])} "
            f"statements. Keep the one that returns customer_id."
        )
    bases = list(_tables_read(parsed, frozenset()))
    named = {base["table_name"] for base in bases}
    qualified = {_full_name(base) for base in bases if base.get("schema_name")}
    foreign = (named - set(tables.columns)) | set(_functions(parsed)) | qualified
    if foreign:
        raise ContractError(
            f"The query reads {', '.join(sorted(foreign))}, which cannot be perturbed: nothing "
            f"could be proved. Expected the tables of the project by their plain names: "
            f"{', '.join(sorted(tables.columns))}. Bring what else it reads as a file, with "
            f"--features."
        )
    if not named:
        raise ContractError("The query reads no table of the project: there is nothing to perturb.")


def _full_name(base: dict[str, Any]) -> str:
    parts = (base.get("catalog_name"), base["schema_name"], base["table_name"])
    return ".".join(part for part in parts if part)


def _tables_read(node: Any, steps: frozenset[str]) -> Iterator[dict[str, Any]]:
    """Yield what is read but is no step of WITH; a step's name counts only where it can be seen.

    A step sees those before it, and itself where it is recursive; a query sees its own steps and
    those of the queries around it.
    """
    if isinstance(node, list):
        for part in node:
            yield from _tables_read(part, steps)
    if not isinstance(node, dict):
        return
    is_table = node.get("type") == "BASE_TABLE"
    if is_table and (node.get("schema_name") or node["table_name"].lower() not in steps):
        yield node
    if node.get("type") == "RECURSIVE_CTE_NODE":
        steps |= {node["cte_name"].lower()}
    for step in (node.get("cte_map") or {}).get("map", []):
        yield from _tables_read(step["value"], steps)
        steps |= {step["key"].lower()}
    for key, part in node.items():
        if key != "cte_map":
            yield from _tables_read(part, steps)


def _functions(node: Any) -> Iterator[str]:
    for found in _nodes(node, "TABLE_FUNCTION"):
        name = str(found["function"]["function_name"]).lower()
        if name not in _HARMLESS:
            yield f"{name}(...)"


def _nodes(node: Any, kind: str) -> Iterator[dict[str, Any]]:
    if isinstance(node, list):
        for part in node:
            yield from _nodes(part, kind)
    if isinstance(node, dict):
        if node.get("type") == kind:
            yield node
        for part in node.values():
            yield from _nodes(part, kind)


def _said(err: duckdb.Error) -> str:
    """Keep what names a column or function; drop what may quote a value of the data."""
    import duckdb

    if isinstance(err, (duckdb.BinderException, duckdb.CatalogException)):
        return ": " + re.sub(r"\s+", " ", str(err).splitlines()[0])
    return ". Run it by itself to see where."


def read_query(path: Path) -> str:
    """Read a user's query from a file.

    Raises
    ------
    SettingsError
        If there is no such file, it is no text, or no instant goes into it.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as err:
        raise SettingsError(
            f"Expected a query in {str(path)!r}, but it cannot be read: {err}"
        ) from err
    if "{as_of}" not in text:
        raise SettingsError(
            f"{path.name!r} does not say {{as_of}}. Expected a query over the project's tables in "
            f"which {{as_of}} stands for the instant, as in: WHERE occurred_at < {{as_of}}."
        )
    return text
