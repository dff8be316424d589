"""The demo picks customers over the whole range of risk and shows what the service said."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from ebbtide.answer.answer import ABSTAIN, Answer
from ebbtide.answer.written import answer_to_json

if TYPE_CHECKING:
    from pathlib import Path

    from rich.table import Table

SCORED = {
    "status": "scored",
    "customer_id": "c7",
    "churn_probability": 0.734,
    "risk_band": "high",
    "reason_1": "No purchase for 80 days [own rhythm: 20]",
    "reason_2": "Two open complaints",
    "reason_3": None,
    "action_text": "Apologise and resolve",
    "expected_value": 1234.5,
}
ABSTAINED = answer_to_json(
    Answer(
        prediction_id="p8",
        customer_id="c8",
        status="abstained",
        as_of=datetime(2025, 1, 1, tzinfo=UTC),
        scored_at=datetime(2025, 1, 1, tzinfo=UTC),
        valid_until=datetime(2025, 1, 15, tzinfo=UTC),
        model_version="1",
        policy_version="1",
        definition="inactivity",
        language="en",
        abstain_code="already_churned",
        abstain_text=ABSTAIN["already_churned"].en,
    )
)


def shown(table: Table) -> str:
    console = Console(width=160, record=True, file=None, quiet=False, force_terminal=False)
    with console.capture() as captured:
        console.print(table)
    return captured.get()


def scores(count: int) -> pa.Table:
    return pa.table(
        {
            "customer_id": [f"c{number:03}" for number in range(count)],
            "churn_probability": [number / count for number in range(count)],
        }
    )


def test_customers_are_picked_from_the_highest_risk_to_the_lowest() -> None:
    from outcome import spread_over_risk

    assert spread_over_risk(scores(101), 5) == ["c100", "c075", "c050", "c025", "c000"]


def test_the_same_customers_are_picked_in_whatever_order_they_come() -> None:
    from outcome import spread_over_risk

    table = scores(50)
    assert spread_over_risk(table.take(list(range(49, -1, -1))), 10) == spread_over_risk(table, 10)


def test_customers_without_a_score_are_not_picked() -> None:
    from outcome import spread_over_risk

    table = pa.table({"customer_id": ["a", "b"], "churn_probability": [None, 0.5]})
    assert spread_over_risk(table, 10) == ["b"]


def test_the_table_shows_risk_reasons_action_and_worth() -> None:
    from outcome import table_of_scores

    text = shown(table_of_scores([SCORED], truth={}))
    for part in ("c7", "73%", "high", "[own rhythm: 20]", "Two open", "Apologise", "1,234.50"):
        assert part in text
    assert "None" not in text
    assert "true risk" not in text


def test_the_true_risk_stands_beside_the_estimate_where_it_is_known() -> None:
    from outcome import table_of_scores

    text = shown(table_of_scores([SCORED, ABSTAINED], truth={"c7": 0.61}))
    assert "true risk" in text
    assert "61%" in text


def test_the_table_says_what_its_numbers_are() -> None:
    from outcome import table_of_scores

    for truth in ({}, {"c7": 0.61}):
        said = " ".join(shown(table_of_scores([SCORED], truth=truth)).split())
        assert "risk: how likely the customer is to buy nothing" in said
        assert "worth: what the action is expected to bring, less its cost" in said
        assert ("true risk: what the simulator knows" in said) == bool(truth)


def test_a_customer_without_action_or_score_is_shown_as_such() -> None:
    from outcome import table_of_scores

    calm = {**SCORED, "action_text": None, "expected_value": None, "risk_band": "low"}
    told = {**calm, "no_action_text": "None is worth its cost"}
    unread = {"status": "failed", "problem": {"title": "No such snapshot"}}
    text = shown(table_of_scores([calm, told, ABSTAINED, unread], truth={}))
    assert "leave alone" in text
    assert "None is worth its cost" in text
    assert "No such snapshot" in text
    assert "Not scored: by the churn definition the customer has already left" in text


def test_the_log_of_a_simulated_shop_ends_at_the_midnight_after_its_last_event(
    tmp_path: Path,
) -> None:
    from outcome import end_of_log

    last = datetime.fromisoformat("2025-12-30 13:45")
    pq.write_table(pa.table({"occurred_at": [last]}), tmp_path / "transactions.parquet")
    assert end_of_log("simulated", tmp_path) == "2025-12-31"


@pytest.mark.golden
@pytest.mark.parametrize(
    ("data", "file", "clock"),
    [
        ("cdnow", "cdnow_master.parquet", "date"),
        ("online-retail-ii", "online_retail_II.parquet", "InvoiceDate"),
    ],
)
def test_the_logs_of_the_real_shops_end_where_the_demo_says(
    shop_env: Path, tmp_path: Path, data: str, file: str, clock: str
) -> None:
    from outcome import end_of_log

    times = pq.read_table(shop_env / file, columns=[clock]).rename_columns(["occurred_at"])
    pq.write_table(times, tmp_path / "transactions.parquet")
    assert end_of_log(data, tmp_path) == end_of_log("simulated", tmp_path)
