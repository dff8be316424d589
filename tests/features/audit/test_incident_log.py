"""Real tickets: what is resolved later does not leak, and what one row for each ticket cannot know.

The log keeps every change of a ticket, so what was known at an instant is known now: it is the last
change before it. Tickets, not customers, differ where a company keeps one row for each and fills
in, or overwrites, what comes later.
"""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from ebbtide.definition import ChurnDefinition
from features.audit.perturbations import PERTURBATIONS
from features.audit.trials import require_control, try_everything
from features.catalogue.catalogue import features_present
from features.snapshot import build_snapshot
from features.tables import Tables, connect, load_relation

INSTANTS = [
    datetime(2016, 3, 15, tzinfo=UTC),
    datetime(2016, 4, 12, 10, 25, tzinfo=UTC),
    datetime(2016, 5, 20, 14, 40, tzinfo=UTC),
]
YEAR = ChurnDefinition(horizon_days=90, gap_days=0, active_within_days=365)
DONE = ("Resolved", "Closed")
DAY_US = 86_400_000_000

every_instant = pytest.mark.parametrize(
    "as_of", INSTANTS, ids=[f"{instant:%m-%d}" for instant in INSTANTS]
)


@pytest.fixture(scope="module")
def events(data_dir):
    """Every change of every ticket whose caller is known and stayed the same, in order.

    Three tickets were moved to another caller: overwritten in place, which no clock tells.
    """
    names = ["number", "caller_id", "ident_state", "reopen_count", "sys_mod_count", "priority"]
    clocks = ["opened_at", "sys_updated_at"]
    read = pd.read_parquet(data_dir / "uci_incident_log.parquet", columns=[*names, *clocks])
    read = read.dropna(subset=["caller_id"])
    for clock in clocks:  # Naive, and meant as UTC on both sides.
        read[clock] = read[clock].astype("datetime64[us]")
    read = read[read.groupby("number")["caller_id"].transform("nunique") == 1]
    order = ["number", "sys_updated_at", "sys_mod_count"]
    return read.sort_values(order, kind="stable").reset_index(drop=True)


def tickets(events: pd.DataFrame) -> pd.DataFrame:
    """One row for each ticket, as its changes leave it: the table that a company would export."""
    is_done = events["ident_state"].isin(DONE)
    # The resolution that holds is the first change of the last unbroken run of resolved ones.
    starts = is_done & ~is_done.groupby(events["number"]).shift(1, fill_value=False)
    run = events["sys_updated_at"].where(starts).groupby(events["number"]).ffill()
    last = events.assign(resolved_at=run.where(is_done)).groupby("number").tail(1)
    known_at = events.groupby("number")["sys_updated_at"].first()
    made = last.assign(
        known_at=last["number"].map(known_at),
        reopened=last["reopen_count"] > 0,
        severity=5.0 - last["priority"].astype(float),
    ).rename(columns={"caller_id": "customer_id"})
    return made.set_index("number")[
        ["customer_id", "opened_at", "resolved_at", "severity", "reopened", "known_at"]
    ]


def episodes(events: pd.DataFrame) -> pd.DataFrame:
    """One row for each stretch in which a ticket was open: a reopened ticket has several."""
    is_done = events["ident_state"].isin(DONE)
    was_done = is_done.groupby(events["number"]).shift(1)
    begins = was_done.isna() | (was_done.fillna(False).astype(bool) & ~is_done)
    number = begins.groupby(events["number"]).cumsum()
    grouped = events.groupby(["number", number])
    first = grouped.first()
    made = pd.DataFrame(
        {
            "customer_id": first["caller_id"],
            "opened_at": first["opened_at"].where(
                first.index.get_level_values(1) == 1, first["sys_updated_at"]
            ),
            "resolved_at": events["sys_updated_at"]
            .where(is_done)
            .groupby([events["number"], number])
            .first(),
            "known_at": first["sys_updated_at"],
        }
    )
    return made.reset_index(drop=True)


@pytest.fixture
def opened():
    """Open complaints with one purchase of every caller before the first ticket."""
    connections = []

    def make(complaints: pd.DataFrame, callers) -> Tables:
        connection = connect("UTC")
        connection.execute("SET threads = 1")
        connections.append(connection)
        purchases = pd.DataFrame(
            {
                "customer_id": sorted(callers),
                "occurred_at": pd.Timestamp("2016-02-01"),
                "amount": 1.0,
            }
        )
        columns = {}
        for name, frame in (("transactions", purchases), ("complaints", complaints)):
            connection.register(f"raw_{name}", pa.Table.from_pandas(frame, preserve_index=False))
            columns[name] = load_relation(connection, name)
        return Tables(connection=connection, columns=columns)

    yield make
    for connection in connections:
        connection.close()


@pytest.fixture
def known(events, opened):
    """Complaint features by caller, of a table of tickets or of episodes."""

    def features(complaints: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
        tables = opened(complaints, set(events["caller_id"]))
        chosen = [
            one for one in features_present(tables.columns) if one.contract.table == "complaints"
        ]
        frame = build_snapshot(
            tables, as_of=as_of, features=chosen, lookback_days=365, definition=YEAR
        )
        return frame.drop_columns("as_of").to_pandas().set_index("customer_id")

    return features


@pytest.fixture
def looked_at(events):
    """What every ticket looked like at an instant, straight from its changes, and by caller."""

    def then(as_of: datetime) -> SimpleNamespace:
        clock = as_of.replace(tzinfo=None)
        seen = events[(events["sys_updated_at"] < clock) & (events["opened_at"] < clock)]
        was, final = tickets(seen), tickets(events)
        final = final.loc[was.index]
        # Resolved then, and opened again afterwards: the row of today no longer knows it.
        resolution_lost = was["resolved_at"].notna() & (was["resolved_at"] != final["resolved_at"])
        severity_lost = was["severity"] != final["severity"]
        return SimpleNamespace(
            was=was,
            callers=sorted(set(was["customer_id"])),
            resolution_lost=was[resolution_lost],
            severity_lost=was[severity_lost],
        )

    return then


def by_caller(was: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
    """The features in pandas, from tickets as they were: nothing of Ebbtide's is used."""
    age = (as_of.replace(tzinfo=None) - was["opened_at"]).dt.total_seconds() / 86_400
    took = (was["resolved_at"] - was["opened_at"]).dt.total_seconds() / 86_400
    is_open = was["resolved_at"].isna()
    of = was["customer_id"]
    took = took.where(took >= 0)
    return pd.DataFrame(
        {
            "complaints_365d": of.groupby(of).size(),
            "complaints_open": is_open.groupby(of).sum(),
            "complaint_open_days": age.where(is_open).groupby(of).max(),
            "complaint_resolution_days": took.groupby(of).mean(),
            "complaint_resolution_max_days": took.groupby(of).max(),
            "complaint_severity_max_365d": was["severity"].groupby(of).max(),
        }
    ).astype(float)


@every_instant
def test_features_of_the_table_of_today_are_what_was_known_then(
    events, known, looked_at, as_of
) -> None:
    then = looked_at(as_of)
    told = then.was[~then.was["customer_id"].isin(then.resolution_lost["customer_id"])]
    told = told[~told["customer_id"].isin(then.severity_lost["customer_id"])]
    expected = by_caller(told, as_of)
    found = known(tickets(events), as_of).loc[expected.index, expected.columns]
    assert len(expected) > 0.9 * len(then.callers)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=0, equal_nan=True)


@every_instant
def test_the_export_of_then_gives_the_same_bits_as_the_export_of_today(
    events, known, looked_at, as_of
) -> None:
    then = looked_at(as_of)
    lost = {*then.resolution_lost["customer_id"], *then.severity_lost["customer_id"]}
    seen = events[events["sys_updated_at"] < as_of.replace(tzinfo=None)]
    old, new = known(tickets(seen), as_of), known(tickets(events), as_of)
    kept = [caller for caller in old.index if caller not in lost]
    reopened = [name for name in old.columns if "reopened" in name]
    pd.testing.assert_frame_equal(
        old.loc[kept].drop(columns=reopened),
        new.loc[kept].drop(columns=reopened),
        check_exact=True,
    )
    # Reopening is believed once a case is closed for good, so later than it was known: never more.
    assert (new.loc[kept, reopened] <= old.loc[kept, reopened]).all(axis=None)


@every_instant
def test_one_row_for_each_ticket_forgets_a_resolution_that_did_not_last(
    events, known, looked_at, as_of
) -> None:
    then = looked_at(as_of)
    assert len(then.resolution_lost) > 0
    truth = by_caller(then.was, as_of)["complaints_open"]
    found = known(tickets(events), as_of).loc[truth.index, "complaints_open"]
    # Today's row calls the ticket open, where it was resolved then: exactly so many more.
    more = then.resolution_lost.groupby("customer_id").size().reindex(truth.index, fill_value=0)
    pd.testing.assert_series_equal(found, truth + more, check_names=False)


@every_instant
def test_a_row_for_each_stretch_in_which_it_was_open_forgets_nothing(
    events, known, looked_at, as_of
) -> None:
    truth = by_caller(looked_at(as_of).was, as_of)["complaints_open"]
    found = known(episodes(events), as_of).loc[truth.index, "complaints_open"]
    pd.testing.assert_series_equal(found, truth, check_names=False)


def test_the_audit_of_real_tickets_moves_nothing(events, opened) -> None:
    as_of = INSTANTS[1]
    tables = opened(tickets(events), set(events["caller_id"]))
    features = features_present(tables.columns)
    trials = try_everything(
        tables,
        lambda copy: build_snapshot(
            copy, as_of=as_of, features=features, lookback_days=365, definition=YEAR
        ),
        as_of=as_of,
        seed=0,
    )
    require_control(trials)
    touched = {trial.perturbation.name: trial.touched["complaints"] for trial in trials}
    assert touched["complete-otherwise"] > 100
    assert touched["leave-open"] > 100
    assert touched["change-known-late"] > 0
    leaking = [one for one in trials if one.moved and one.perturbation.kind != "control"]
    assert leaking == []


def test_believing_a_later_resolution_is_found_on_real_tickets(events, opened, monkeypatch) -> None:
    monkeypatch.setattr("features.seen._visible", lambda column, columns: column.name)
    as_of = INSTANTS[1]
    tables = opened(tickets(events), set(events["caller_id"]))
    features = [
        one for one in features_present(tables.columns) if one.contract.table == "complaints"
    ]
    chosen = [one for one in PERTURBATIONS if one.name == "leave-open"]
    [trial] = try_everything(
        tables,
        lambda copy: build_snapshot(
            copy, as_of=as_of, features=features, lookback_days=365, definition=YEAR
        ),
        as_of=as_of,
        seed=0,
        perturbations=chosen,
    )
    moved = {one.column for one in trial.moved.columns}
    assert {"complaints_open", "complaint_open_days", "complaint_resolution_days"} <= moved
    assert not moved & {"complaints_30d", "complaint_recency_days"}
