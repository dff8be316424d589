"""Risk by day is learned where there is enough to learn from, and says where there is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from by_hand import monthly, snapshot
from ebbtide.definition import ChurnDefinition
from features.labels import label_snapshot
from features.tables import Tables, connect, load_relation
from training.horizons.check import check_days
from training.horizons.departures import Departures
from training.horizons.fit import fit_days, fit_horizons
from training.horizons.linear import fit_linear

AS_OF = datetime(2024, 1, 1, tzinfo=UTC)


def departed(days: tuple[int, ...], *shares: float, n: int = 3000, seed: int = 0, steep: float = 3):
    """A snapshot whose first feature says who leaves: a share by the first day, of others then."""
    taken = snapshot(as_of=AS_OF, n=n, seed=seed)
    rng = np.random.default_rng([seed, 1])
    left = np.zeros((n, len(days)))
    gone = np.zeros(n, dtype=bool)
    for column, share in enumerate(shares):
        log_odds = np.log(share / (1 - share)) + steep * (taken.rows[:, 0] - 0.5)
        gone |= rng.random(n) < 1 / (1 + np.exp(-log_odds))
        left[:, column] = gone
    return taken, Departures(customer_ids=taken.customer_ids, days=days, left=left)


def test_each_day_after_the_anchor_is_learned_of_those_who_are_left():
    learned, later = (departed((0, 30, 60), 0.4, 0.2, 0.3, seed=seed) for seed in (0, 1))
    model, left_out = fit_days([learned], days=(0, 30, 60), anchor=0)
    assert left_out == {}
    assert (model.days, len(model.before), len(model.after)) == ((0, 30, 60), 0, 2)
    checks = check_days(model, *later)
    assert [(check.day, check.among) for check in checks] == [(30, "stayers"), (60, "stayers")]
    for check in checks:
        assert check.promised == pytest.approx(check.came, abs=0.03)
        assert check.auc > 0.62
        assert check.log_loss < check.log_loss_of_share - 0.01
    assert checks[0].customers == int((later[1].by(0) == 0).sum())


def test_each_day_before_the_anchor_is_learned_of_those_who_left():
    days = (30, 60, 90)
    learned, later = (departed(days, 0.1, 0.15, 0.2, n=5000, seed=seed) for seed in (0, 1))
    model, _ = fit_days([learned], days=days, anchor=90)
    assert (len(model.before), len(model.after)) == (2, 0)
    checks = check_days(model, *later)
    assert [(check.day, check.among) for check in checks] == [(30, "leavers"), (60, "leavers")]
    for check in checks:
        assert check.promised == pytest.approx(check.came, abs=0.04)


def test_causes_are_learned_of_leavers_who_gave_one():
    taken, came = departed((30, 60), 0.3, 0.3)
    by_payment = np.random.default_rng(5).random(len(taken.rows)) < taken.rows[:, 0]
    causes = np.where(by_payment, "payment", "voluntary")
    causes[::5] = "unknown"
    causes[came.left[:, -1] == 0] = ""
    model, left_out = fit_days([(taken, replace(came, causes=causes))], days=(30, 60), anchor=30)
    assert left_out == {}
    curves = model.curves(np.full(2, 0.5), np.array([[0.05, 0.5], [0.95, 0.5]]))
    low, high = curves.by_cause["payment"][:, 0] / 0.5
    assert low < 0.35 < 0.65 < high
    none = np.where(came.left[:, -1] == 1, "voluntary", "")
    model, left_out = fit_days([(taken, replace(came, causes=none))], days=(30, 60), anchor=30)
    assert model.payment is None
    assert "0 ended for want of payment" in left_out["causes"]


def test_a_day_of_which_too_little_is_known_is_left_out_with_the_reason():
    taken, came = departed((0, 30), 0.5, 0.3)
    few = came.left.copy()
    few[:, 1] = few[:, 0]
    few[np.flatnonzero(few[:, 0] == 0)[:29], 1] = 1
    model, left_out = fit_days([(taken, replace(came, left=few))], days=(0, 30, 60), anchor=0)
    assert model is None
    assert "29 had left by then; at least 30" in left_out["day 30"]
    assert left_out["day 60"] == "no snapshot has matured for it; it needs a longer log"


def test_a_day_after_one_that_was_left_out_is_asked_of_those_left_before_it():
    taken, came = departed((0, 30, 60), 0.4, 0.2, 0.3)
    nobody = came.left.copy()
    nobody[:, 1] = nobody[:, 0]
    model, left_out = fit_days([(taken, replace(came, left=nobody))], days=(0, 30, 60), anchor=0)
    assert set(left_out) == {"day 30"}
    assert model.days == (0, 60)


def test_where_all_churned_nothing_is_learned():
    taken, came = departed((0, 30), 0.5, 0.3)
    model, left_out = fit_days(
        [(taken, replace(came, left=np.ones_like(came.left)))], days=(0, 30), anchor=0
    )
    assert model is None
    assert "every day" in left_out
    assert fit_days([], days=(0, 30), anchor=0) == (
        None,
        {"every day": "no snapshot has matured for it; it needs a longer log"},
    )


def test_a_direction_helps_where_rows_are_few():
    rng = np.random.default_rng(3)
    ranked = rng.random((400, 12))
    outcome = (rng.random(400) < 1 / (1 + np.exp(-4 * (ranked[:, 0] - 0.5)))) * 1.0
    direction = fit_linear(ranked, outcome)
    few = fit_linear(ranked[:60], outcome[:60], direction=direction)
    alone = fit_linear(ranked[:60], outcome[:60])
    noise = slice(1, None)
    assert few.weights[0] > alone.weights[0]
    assert np.abs(few.weights[noise]).mean() < np.abs(alone.weights[noise]).mean()


def shopping(instants: list[datetime], *, n: int = 250) -> tuple[Tables, list]:
    """Customers who buy every few days until they stop, the sooner the higher their feature."""
    rng = np.random.default_rng(8)
    first = instants[0] - timedelta(days=40)
    rows = []
    likes = rng.random(n)
    for index in range(n):
        stops = 30 + rng.exponential(900 * (1.1 - likes[index]))
        when = np.arange(rng.random() * 20, min(stops, 700), 20)
        rows += [(f"c{index:03}", first + timedelta(days=float(day))) for day in when]
    connection = connect("UTC")
    connection.register(
        "raw_transactions",
        pa.table(
            {
                "customer_id": pa.array([name for name, _ in rows], pa.string()),
                "occurred_at": pa.array([at for _, at in rows], pa.timestamp("us", tz="UTC")),
                "amount": pa.array([5] * len(rows), pa.decimal128(18, 4)),
            }
        ),
    )
    columns = {"transactions": load_relation(connection, "transactions")}
    return Tables(connection=connection, columns=columns), likes.tolist()


MONTH = ChurnDefinition(horizon_days=30, gap_days=0, active_within_days=60)


def taken_of(tables: Tables, likes: list[float], as_of: datetime, now: datetime):
    labels = label_snapshot(tables, as_of=as_of, now=now, definition=MONTH)
    ids = labels["customer_id"].to_pylist()
    value = np.array([[likes[int(name[1:])]] for name in ids])
    return replace(
        snapshot(as_of=as_of, n=len(ids)),
        customer_ids=np.array(ids),
        rows=value,
        ranked=value,
        churned=np.asarray(labels["churned"].to_numpy(), dtype=float),
    )


def test_the_check_learns_only_from_what_had_matured_by_then():
    instants = monthly(12, every_days=28)
    now = instants[-1] + timedelta(days=30)
    tables, likes = shopping(instants)
    taken = [taken_of(tables, likes, each, now) for each in instants]
    found = fit_horizons(tables, taken, definition=MONTH, days=(30, 60), now=now)
    assert found.model.days == (0, 30, 60)
    assert [check.day for check in found.checks] == [30, 60]
    judged = {check.as_of for check in found.checks}
    assert judged == {instants[-4]}, "the latest for which day 60 has matured"
    # What was known after that instant has no say in what was promised then.
    earlier = [each for each in taken if each.as_of <= instants[-4]]
    again = fit_horizons(
        tables, earlier, definition=MONTH, days=(30, 60), now=instants[-4] + timedelta(days=90)
    )
    assert [check.promised for check in again.checks] == [c.promised for c in found.checks]


def test_nothing_is_learned_of_a_label_or_of_no_days():
    tables, _ = shopping(monthly(1), n=3)
    now = monthly(3)[-1]
    for definition, days in ((MONTH.by_label("gone = yes"), (30,)), (MONTH, ())):
        found = fit_horizons(tables, [], definition=definition, days=days, now=now)
        assert (found.model, found.left_out, found.checks) == (None, {}, ())
