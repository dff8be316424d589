"""Purchase days say of every definition exactly what the labels of training say."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from by_hand import PRESENT
from ebbtide.clock import last_midnight
from ebbtide.definition import ChurnDefinition
from ebbtide.errors import NotReady
from features.labels import label_snapshot
from training.definition_lab.flips import labels_at
from training.definition_lab.purchase_days import FOR_EVER, day_number, read_purchase_days


def assert_same_labels(tables, definition, as_of, ends_at):
    log = read_purchase_days(tables, ends_at=ends_at)
    labels = labels_at(log, day_number(as_of, time_zone=tables.time_zone), definition)
    expected = label_snapshot(tables, as_of=as_of, now=ends_at, definition=definition)
    assert log.customer_ids[labels.alive].tolist() == expected["customer_id"].to_pylist()
    assert labels.churned[labels.alive].tolist() == expected["churned"].to_pylist()
    return int(labels.alive.sum()), int((labels.alive & labels.churned).sum())


@pytest.mark.parametrize("gap", [0, 14])
@pytest.mark.parametrize(("horizon", "within"), [(30, 90), (90, 365)])
def test_labels_equal_those_of_training_on_a_simulated_shop(tables, gap, horizon, within):
    ends_at = tables.log_end(now=PRESENT)
    definition = ChurnDefinition(horizon_days=horizon, gap_days=gap, active_within_days=within)
    alive, churned = assert_same_labels(tables, definition, ends_at - timedelta(days=150), ends_at)
    assert 0 < churned < alive


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_labels_equal_those_of_training_where_purchases_are_known_late(open_shop, zone):
    rng = np.random.default_rng(1)
    days = {f"c{i}": sorted(rng.uniform(0, 200, 6)) for i in range(60)}
    _, tables = open_shop(days, known_after=5.3, time_zone=zone)
    ends_at = tables.log_end(now=PRESENT)
    definition = ChurnDefinition(horizon_days=30, gap_days=7, active_within_days=60, time_zone=zone)
    as_of = last_midnight(ends_at - timedelta(days=90), time_zone=zone)
    alive, churned = assert_same_labels(tables, definition, as_of, ends_at)
    assert 0 < churned < alive


def test_a_purchase_that_is_known_late_does_not_keep_alive_before_it_is_known(open_shop):
    _, tables = open_shop({"a": [0.5], "b": [40.5]}, known_after=10.0)
    log = read_purchase_days(tables, ends_at=tables.log_end(now=PRESENT) + timedelta(days=60))
    first = log.starts_on
    assert log.alive(first + 10, active_within_days=30).tolist() == [False, False]
    assert log.alive(first + 11, active_within_days=30).tolist() == [True, False]


def test_silence_at_the_end_of_the_log_is_not_seen_to_end(open_shop):
    _, tables = open_shop({"a": [0.5, 10.5]})
    log = read_purchase_days(tables, ends_at=tables.log_end(now=PRESENT))
    assert log.silence_from(log.starts_on + 1).tolist() == [9]
    assert log.silence_from(log.ends_on).tolist() == [FOR_EVER]


def test_returned_goods_are_no_purchase(open_shop):
    _, tables = open_shop({"a": [0.5, 10.5]}, amount=-1.0)
    with pytest.raises(NotReady, match="no purchases before"):
        read_purchase_days(tables, ends_at=tables.log_end(now=PRESENT))
