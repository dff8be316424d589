"""What the demo shows of the scores: whom it picks, and the table it prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow.compute as pc
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

ENDS = {"cdnow": "1998-07-01", "online-retail-ii": "2011-12-10"}
"""The midnight after the last day of the two real logs."""

BAND_COLOURS = {"high": "red", "medium": "yellow", "low": "green"}

EXPLAINED = (
    "risk: how likely the customer is to buy nothing in the days that the project file asks about. "
    "worth: what the action is expected to bring, less its cost, in the project's currency."
)
TRUTH_EXPLAINED = " true risk: what the simulator knows and no model was shown."


def end_of_log(data: str, folder: Path) -> str:
    """Return the day on which the log has ended: the latest ``as_of`` that it can answer for."""
    if data in ENDS:
        return ENDS[data]
    with duckdb.connect() as connection:
        row = connection.execute(
            "SELECT CAST(max(occurred_at)::DATE + 1 AS VARCHAR) FROM read_parquet(?)",
            [str(folder / "transactions.parquet")],
        ).fetchone()
    assert row is not None
    return str(row[0])


def spread_over_risk(scores: pa.Table, count: int) -> list[str]:
    """Pick customers at even distances from the highest risk to the lowest.

    Parameters
    ----------
    scores : what ``ebbtide score`` wrote; needs ``customer_id`` and ``churn_probability``.
    count : how many to pick; all of them if there are fewer.
    """
    scored = scores.filter(pc.is_valid(scores["churn_probability"]))
    order = [("churn_probability", "descending"), ("customer_id", "ascending")]
    ids: list[str] = scored.sort_by(order)["customer_id"].to_pylist()
    if len(ids) <= count:
        return ids
    return [ids[round(at * (len(ids) - 1) / (count - 1))] for at in range(count)]


def true_risks(folder: Path, as_of: str) -> dict[str, float]:
    """Return the simulator's true risk of each customer at ``as_of``; empty for a real shop."""
    truth = folder / "truth" / "truth.parquet"
    if not truth.exists():
        return {}
    with duckdb.connect() as connection:
        rows = connection.execute(
            "SELECT customer_id, true_risk FROM read_parquet(?) WHERE as_of::DATE = ?::DATE",
            [str(truth), as_of],
        ).fetchall()
    return dict(rows)


def table_of_scores(results: Sequence[Mapping[str, Any]], *, truth: Mapping[str, float]) -> Table:
    """Lay out answers of the service as a table.

    Parameters
    ----------
    results : the ``results`` of ``POST /v1/scores``.
    truth : true risk by customer; without any there is no such column.
    """
    explained = EXPLAINED + (TRUTH_EXPLAINED if truth else "")
    table = Table(
        title="Who is about to leave, why, and what to do about it",
        caption=explained,
        caption_justify="left",
        show_lines=True,
    )
    table.add_column("customer", no_wrap=True)
    table.add_column("risk", justify="right", no_wrap=True)
    if truth:
        table.add_column("true risk", justify="right", no_wrap=True)
    table.add_column("band", no_wrap=True)
    table.add_column("reasons", ratio=3)
    table.add_column("suggested action", ratio=2)
    table.add_column("worth", justify="right", no_wrap=True)
    for result in results:
        table.add_row(*_cells(result, truth=truth))
    return table


def _cells(result: Mapping[str, Any], *, truth: Mapping[str, float]) -> list[str]:
    customer = str(result.get("customer_id") or "")
    known = [_share(truth.get(customer))] if truth else []
    if result["status"] != "scored":
        problem = result.get("problem") or {}
        why = result.get("abstain_text") or problem.get("title") or result["status"]
        return [customer, "", *known, "", escape(str(why)), "", ""]
    band = str(result["risk_band"])
    action = result.get("action_text") or result.get("no_action_text") or "leave alone"
    reasons = (result.get(f"reason_{number}") for number in (1, 2, 3))
    return [
        customer,
        _share(result["churn_probability"]),
        *known,
        f"[{BAND_COLOURS.get(band, 'default')}]{band}",
        "\n".join(escape(f"• {reason}") for reason in reasons if reason),
        escape(str(action)),
        _money(result.get("expected_value")),
    ]


def _share(risk: float | None) -> str:
    return "" if risk is None else f"{risk:.0%}"


def _money(value: float | None) -> str:
    return "" if value is None else f"{value:,.2f}"
