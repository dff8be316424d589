"""Columns that know the future are found by their values, whatever they are called."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from ebbtide.errors import NotReady
from ebbtide.project import load_project
from features.audit import knowledge
from features.audit.own_table import audit_own_table
from features.labels import label_snapshot
from features.seen import timestamp_sql
from features.sources import open_tables

ROOT = Path(__file__).resolve().parents[3]
JUNE = datetime(2011, 6, 1, tzinfo=UTC)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Made:
    """Columns of the customers of a log who live at an instant."""

    def __init__(self, tables, project, as_of, log_end):
        self.tables, self.as_of = tables, as_of
        labels = label_snapshot(tables, as_of=as_of, now=log_end, definition=project.definition)
        self.ids = labels["customer_id"].to_pylist()
        self.churned = np.asarray(labels["churned"].to_numpy(), dtype=float)

    def window(self, sql, start, end, *, missing=0.0):
        within = ["amount >= 0"]
        if start is not None:
            within.append(f"occurred_at >= {timestamp_sql(self.as_of + timedelta(days=start))}")
        if end is not None:
            within.append(f"occurred_at < {timestamp_sql(self.as_of + timedelta(days=end))}")
        found = self.tables.connection.sql(
            f"SELECT customer_id, {sql} FROM transactions WHERE {' AND '.join(within)} GROUP BY ALL"
        ).fetchall()
        values = dict(found)
        return [values.get(who, missing) for who in self.ids]

    def frame(self, columns, names):
        made = {
            name: pa.array(values, from_pandas=True)
            for name, values in zip(names, columns, strict=True)
        }
        return pa.table({"customer_id": self.ids, **made})


def encoded(made):
    """The mean outcome of those who bought most of the same product, oneself among them."""
    groups = np.array(made.window("mode(product_id)", -365, 0), dtype=str)
    means = {group: made.churned[groups == group].mean() for group in set(groups)}
    return np.array([means[group] for group in groups])


CLEAN = ("lines", "money", "price", "noise with gaps", "favourite product", "first purchase")
LEAKING = (
    "days to +1",
    "money to +7",
    "lines to +30, noisy",
    "label, noisy",
    "gaps of churned",
    "last purchase of the log",
    "label by product",
)


@pytest.fixture(scope="module")
def retail(data_dir):
    """Verdicts on clean and leaking columns of Online Retail II, by what each column is."""
    folder = (data_dir / "online_retail_II.parquet").parent
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EBBTIDE_DATA_DIR", str(folder))
        project = load_project(ROOT / "examples" / "online-retail-ii.toml")
        tables = open_tables(project, now=NOW)
    log_end = tables.log_end(now=NOW)
    made = Made(tables, project, JUNE, log_end)
    rng = np.random.default_rng(0)
    n = len(made.ids)
    lines = np.array(made.window("count(*)", -120, 30), dtype=float)
    columns = {
        "lines": made.window("count(*)", -50, 0),
        "money": made.window("sum(amount)", -180, 0, missing=Decimal(0)),
        "price": made.window("avg(amount / nullif(quantity, 0))", -365, 0, missing=None),
        "noise with gaps": np.where(rng.random(n) < 1 / 3, np.nan, rng.normal(size=n)),
        "favourite product": made.window("mode(product_id)", -365, 0, missing=None),
        "first purchase": made.window("min(occurred_at)", None, 0, missing=None),
        "days to +1": made.window("count(DISTINCT CAST(occurred_at AS DATE))", -45, 1),
        "money to +7": made.window("sum(amount)", -45, 7, missing=Decimal(0)),
        "lines to +30, noisy": lines * np.exp(0.3 * rng.normal(size=n)),
        "label, noisy": made.churned + rng.normal(size=n),
        "gaps of churned": np.where(
            (made.churned == 1) & (rng.random(n) < 0.3), np.nan, rng.normal(size=n)
        ),
        "last purchase of the log": made.window("max(occurred_at)", None, None, missing=None),
        "label by product": encoded(made),
    }
    assert set(columns) == {*CLEAN, *LEAKING}
    names = [f"x{number}" for number in rng.permutation(len(columns))]
    frame = made.frame(columns.values(), names)
    audit = audit_own_table(tables, project, {JUNE: frame}, log_end=log_end, seed=0)
    assert audit.customers == {JUNE: n}
    what = dict(zip(names, columns, strict=True))
    return {what[one.column]: one for one in audit.verdicts}


@pytest.mark.parametrize("what", LEAKING)
def test_a_column_that_knows_the_future_is_a_leak(retail, what):
    assert retail[what].judgement == "leak", retail[what].reasons


@pytest.mark.parametrize("what", CLEAN)
def test_a_column_that_ends_at_the_instant_is_clean(retail, what):
    assert retail[what].judgement == "clean as far as seen", retail[what].reasons


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("days to +1", "knowledge ends 1 day"),
        ("money to +7", "knowledge ends 7 day"),
        ("lines to +30, noisy", "knowledge ends 30 day"),
        ("label, noisy", "knowledge ends 90 day"),
        ("gaps of churned", "missing values"),
        ("last purchase of the log", "instant of the last purchase"),
    ],
)
def test_the_evidence_says_how_far_the_column_sees(retail, what, said):
    assert any(said in reason for reason in retail[what].reasons), retail[what].reasons


@pytest.fixture
def simulated(open_company, shop, monkeypatch):
    """A thousand customers who buy at rates of their own that last, and columns about them."""
    monkeypatch.setattr(knowledge, "EDGES_DAYS", (7, 30))
    monkeypatch.setattr(knowledge, "MIRRORED", 2)
    monkeypatch.setattr(knowledge, "PERMUTATIONS", 1_000)
    rng = np.random.default_rng(1)
    rates = rng.gamma(1.0, 0.03, size=1_000)
    rows = []
    for number, rate in enumerate(rates):
        days = np.flatnonzero(rng.random(260) < rate) - 180
        rows += [
            {
                "customer_id": f"c{number:04d}",
                "occurred_at": JUNE + timedelta(days=int(day), hours=12),
                "amount": Decimal(10),
            }
            for day in {-100, *days.tolist()}
        ]
    tables = open_company(transactions=rows)
    project = shop(t_dot_csv="customer_id,occurred_at,amount\n")
    project = project.model_copy(
        update={"churn": project.churn.model_copy(update={"horizon_days": 30})}
    )
    log_end = JUNE + timedelta(days=80)
    made = Made(tables, project, JUNE, log_end)
    of = np.array([int(who[1:]) for who in made.ids])

    def audit(columns):
        frame = made.frame(columns.values(), list(columns))
        found = audit_own_table(tables, project, {JUNE: frame}, log_end=log_end, seed=0)
        return {one.column: one for one in found.verdicts}

    return audit, made, rates[of], rng


def test_a_true_signal_from_outside_the_log_is_no_leak(simulated):
    audit, _, rates, rng = simulated
    verdicts = audit({"temper": np.log(rates), "noise": rng.normal(size=len(rates))})
    assert verdicts["noise"].judgement == "clean as far as seen"
    # It knows more than the log does, before the instant as after it: nothing ends or begins there.
    assert verdicts["temper"].judgement != "leak"


def test_names_do_not_matter(simulated):
    audit, made, _, _ = simulated
    columns = [made.window("count(*)", -40, 30), made.window("count(*)", -40, 0), made.churned]
    plain = audit(dict(zip(("leak", "safe", "churned"), columns, strict=True)))
    turned = audit(dict(zip(("safe", "churned", "leak"), columns, strict=True)))
    assert [plain[name].judgement for name in ("leak", "safe", "churned")] == [
        turned[name].judgement for name in ("safe", "churned", "leak")
    ]
    assert [plain[name].judgement for name in ("leak", "safe", "churned")] == [
        "leak",
        "clean as far as seen",
        "leak",
    ]


def test_a_column_that_tells_nobody_apart_is_not_judged(simulated):
    audit, _, rates, _ = simulated
    verdict = audit({"same": np.ones(len(rates)), "rate": rates})["same"]
    assert verdict.judgement == "not judged"
    assert "does not tell customers apart" in verdict.reasons[0]


def test_a_table_of_which_nothing_can_be_judged_is_refused(simulated):
    audit, _, rates, _ = simulated
    with pytest.raises(NotReady, match="does not tell customers apart"):
        audit({"same": np.ones(len(rates))})


@pytest.mark.parametrize("hours", [1, 12], ids=["nobody-buys", "not-yet-a-day"])
def test_a_log_that_ends_at_once_is_refused_and_said_to_lack_days_and_buyers(
    simulated, shop, hours
):
    _, made, rates, rng = simulated
    project = shop(t_dot_csv="customer_id,occurred_at,amount\n")
    frame = made.frame([rng.normal(size=len(rates)), rates], ["noise", "x"])
    end = JUNE + timedelta(hours=hours)
    with pytest.raises(NotReady, match="goes on for days after as_of") as refused:
        audit_own_table(made.tables, project, {JUNE: frame}, log_end=end, seed=0)
    assert "at least 8 of the customers buy" in str(refused.value)


def test_a_table_of_strangers_is_refused(simulated, open_company, shop):
    _, made, _, _ = simulated
    project = shop(t_dot_csv="customer_id,occurred_at,amount\n")
    frame = pa.table({"customer_id": ["nobody"], "x": [1.0]})
    with pytest.raises(NotReady, match="at least 300 customers"):
        audit_own_table(made.tables, project, {JUNE: frame}, log_end=NOW, seed=0)


def test_without_a_future_nothing_can_be_judged(simulated, shop):
    _, made, rates, _ = simulated
    project = shop(t_dot_csv="customer_id,occurred_at,amount\n")
    frame = made.frame([rates], ["x"])
    with pytest.raises(NotReady, match="nothing is known of what came after"):
        audit_own_table(made.tables, project, {JUNE: frame}, log_end=JUNE, seed=0)
