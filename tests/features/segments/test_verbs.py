"""``ebbtide segments`` on the real shop and on a small one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow.csv
import pyarrow.parquet
import pytest
import typer.testing

from ebbtide.cli import build_app
from ebbtide.errors import NotReady, SettingsError
from features.catalogue.catalogue import features_named
from features.segments.facts import OPTIONAL, REQUIRED, segment_frame
from features.snapshot import build_snapshot

ROOT = Path(__file__).resolve().parents[3]
SHOP = ROOT / "examples" / "online-retail-ii.toml"
LOG = """customer_id,occurred_at,amount
a,2025-01-02T10:00:00Z,500
a,2025-02-20T10:00:00Z,500
b,2024-10-02T10:00:00Z,20
b,2025-06-01T10:00:00Z,20
"""
PROJECT = '[project]\nname = "shop"\ncurrency = "EUR"\n[tables.transactions]\npath = "t.csv"\n'


def run(*arguments):
    ran = typer.testing.CliRunner().invoke(build_app(), ["segments", *map(str, arguments)])
    if ran.exception is not None and not isinstance(ran.exception, SystemExit):
        raise ran.exception
    return ran.output


@pytest.fixture
def small(tmp_path):
    def make(more: str = ""):
        (tmp_path / "t.csv").write_text(LOG)
        (tmp_path / "ebbtide.toml").write_text(PROJECT + more)
        return tmp_path / "ebbtide.toml"

    return make


@pytest.fixture(scope="module")
def real(data_dir, tmp_path_factory):
    """What the verb prints and writes of Online Retail II, long enough ago to know who left."""
    folder = (data_dir / "online_retail_II.parquet").parent
    out = tmp_path_factory.mktemp("real") / "segments.parquet"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EBBTIDE_DATA_DIR", str(folder))
        printed = run("--as-of", "2011-06-01", "--config", SHOP, "--out", out)
    return printed, pyarrow.parquet.read_table(out).to_pandas()


def test_the_real_shop_has_all_eight_segments_and_all_levels_and_types(real) -> None:
    _, rows = real
    assert len(rows) == 4338  # as the card of the data says
    assert round(rows["churned"].mean(), 3) == 0.634
    assert rows["rfm_segment"].value_counts().to_dict() == {
        "general_win_back": 1754,
        "general_develop": 1133,
        "important_value": 736,
        "general_value": 401,
        "general_keep": 131,
        "important_develop": 74,
        "important_win_back": 55,
        "important_keep": 54,
    }
    assert rows["customer_level"].nunique() == 5
    assert rows["value_type"].nunique() == 4


def test_who_buys_often_leaves_less_often_at_equal_recency_and_spend(real) -> None:
    _, rows = real
    rate = rows.groupby("rfm_segment")["churned"].mean()
    for often, seldom in (
        ("important_value", "important_develop"),
        ("important_keep", "important_win_back"),
        ("general_value", "general_develop"),
        ("general_keep", "general_win_back"),
    ):
        assert rate[often] < rate[seldom] - 0.1
    by_score = rows.groupby("f_score")["churned"].mean()
    assert by_score.is_monotonic_decreasing


def test_scores_of_the_real_shop_are_fifths_where_values_are_many(real) -> None:
    _, rows = real
    for score in ("r_score", "m_score"):
        shares = rows[score].value_counts(normalize=True)
        assert shares.between(0.199, 0.201).all()
        assert len(shares) == 5


def test_a_cancelled_order_makes_nobody_a_vip(real) -> None:
    """Customer 12346 bought for 77,000 and cancelled it the same morning."""
    _, rows = real
    row = rows.set_index("customer_id").loc["12346"]
    assert row["spend_365d"] > 77_000
    assert (row["customer_level"], row["m_score"]) == ("regular", 1)


def test_the_tables_are_printed_with_the_realised_churn(real) -> None:
    printed, _ = real
    line = next(line for line in printed.splitlines() if "important value" in line)
    cells = [cell.strip() for cell in line.strip("│").split("│")]
    assert cells == [
        "important value",
        "736",
        "17.0%",
        "65.9%",
        "31",
        "10.9",
        "6,962",
        "134",
        "18.2%",
    ]
    assert "4,338 customers alive at 2011-06-01; churn: no purchase in the 90 days" in printed


def test_an_open_outcome_is_not_shown_and_names_speak_chinese(small, tmp_path) -> None:
    out = tmp_path / "out.csv"
    printed = run("--as-of", "2025-06-02", "--config", small(), "--language", "zh", "--out", out)
    assert "重要价值客户" in printed
    assert "流失率" not in printed
    assert "churn: not known yet" in printed
    assert "Nobody can be high value-added" in printed
    rows = pyarrow.csv.read_csv(out).to_pylist()
    assert [row["customer_id"] for row in rows] == ["a", "b"]
    assert [row["rfm_segment_text"] for row in rows] == ["重要挽留客户", "一般发展客户"]
    assert [row["rfm_segment"] for row in rows] == ["important_win_back", "general_develop"]
    assert [row["churned"] for row in rows] == [None, None]


def test_thresholds_of_the_project_file_take_effect(small, tmp_path) -> None:
    out = tmp_path / "out.csv"
    day = ["--as-of", "2025-06-02", "--out", out, "--config"]
    run(*day, small())
    assert [row["value_type"] for row in pyarrow.csv.read_csv(out).to_pylist()] == [
        "valuable",
        "low_value",
    ]
    run(*day, small("[segments]\nsleeping_after_days = 90\nnew_within_days = 250\n"))
    rows = pyarrow.csv.read_csv(out).to_pylist()
    assert [row["value_type"] for row in rows] == ["sleeping", "low_value"]
    assert [row["customer_level"] for row in rows] == ["new", "new"]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (["--as-of", "2024-01-01"], NotReady, "Nobody is alive at 2024-01-01"),
        (["--as-of", "2025-06-02", "--language", "de"], SettingsError, "en or zh, got 'de'"),
        (["--as-of", "2025-06-02", "--out", "x.xls"], SettingsError, "end in .parquet or .csv"),
    ],
    ids=["before-the-log", "unknown-language", "unknown-suffix"],
)
def test_what_cannot_be_shown_is_said(small, arguments, error, message) -> None:
    with pytest.raises(error, match=message):
        run(*arguments, "--config", small())


def test_a_snapshot_that_is_there_is_not_built_again(open_company, year) -> None:
    at = datetime(2011, 3, 1, tzinfo=UTC)
    rows = [
        {"customer_id": c, "occurred_at": at.replace(month=1), "amount": 5, "product_id": "p"}
        for c in "ab"
    ]
    company = open_company(transactions=rows)
    asked = {"as_of": at, "lookback_days": 365, "definition": year}
    known = build_snapshot(company, features=features_named(["recency_days", "spend_90d"]), **asked)
    whole = segment_frame(company, **asked)
    beside = segment_frame(company, known=known, **asked)
    assert set(whole.column_names) == {
        "customer_id",
        "as_of",
        *REQUIRED,
        *(set(OPTIONAL) - {"tenure_days", "activity_recency_days", "categories_365d"}),
    }
    assert beside.select(whole.column_names).equals(whole)
    company.connection.execute("DELETE FROM transactions")  # nothing is left to build from
    assert segment_frame(company, known=whole, **asked).to_pydict() == whole.to_pydict()


def test_the_instant_is_shown_as_the_day_of_the_zone_that_was_typed(small) -> None:
    config = small()
    config.write_text(PROJECT.replace("[tables", 'time_zone = "Pacific/Apia"\n[tables', 1))
    assert "2 customers alive at 2025-03-01;" in run("--as-of", "2025-03-01", "--config", config)
    with pytest.raises(NotReady, match="Nobody is alive at 2024-10-01:"):
        run("--as-of", "2024-10-01", "--config", config)
