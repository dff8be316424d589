"""What of a log is counted, and whom it is about."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import numpy as np
import pytest

from ebbtide.bundle.read import read_bundle
from ebbtide.drift.report import report_on
from ebbtide.drift.window import Window
from ebbtide.store.prediction_window import LogPart
from small_model import KEY, NAMES, reference_rows, write_small_bundle
from training.drift_verb import drift_table, said_of

SINCE, UNTIL = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 8, tzinfo=UTC)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drift") / "bundle"
    write_small_bundle(folder)
    return read_bundle(folder, key=KEY)


def part(customers, values, *, names=NAMES, statuses=None, answers=(), p_churn=None):
    count = len(customers)
    return LogPart(
        customer_ids=list(customers),
        statuses=list(statuses or ["scored"] * count),
        p_churn=np.full(count, 0.5) if p_churn is None else np.asarray(p_churn, dtype=float),
        answers=[json.dumps(each) for each in answers],
        values={tuple(names): (list(range(count)), np.asarray(values, dtype=float))},
    )


def counted(bundle, *parts):
    window = Window.empty(bundle.reference, NAMES)
    window.take_in(parts)
    return window


def test_the_newest_answer_counts_and_older_ones_do_not(bundle):
    rows = reference_rows(3)
    older = rows.copy()
    older[:, 1] = -1.0  # below all that was seen at training
    window = counted(bundle, part("abc", rows), part("abc", older))
    assert (window.answers, len(window.customers), window.scored) == (6, 3, 3)
    assert window.features[1][0] == 0  # the bin below


def test_a_customer_twice_in_one_part_counts_once(bundle):
    window = counted(bundle, part("aa", reference_rows(2)))
    assert (window.answers, window.scored, int(window.scores.sum())) == (2, 1, 1)


def test_a_part_about_nobody_new_changes_only_how_many_answers_there_were(bundle):
    rows = reference_rows(2)
    once, twice = (
        counted(bundle, part("ab", rows)),
        counted(bundle, part("ab", rows), part("ab", rows)),
    )
    assert (once.answers, twice.answers, twice.by_status) == (2, 4, {"scored": 4})
    assert (twice.scored, twice.scores.tolist()) == (once.scored, once.scores.tolist())


def test_who_abstained_last_is_a_customer_and_has_no_values(bundle):
    rows = np.full((1, len(NAMES)), np.nan)
    silent = part("a", rows, statuses=["abstained"], p_churn=[np.nan])
    window = counted(bundle, silent, part("a", reference_rows(1)))
    assert (len(window.customers), window.scored, int(window.scores.sum())) == (1, 0, 0)
    assert window.missing.sum() == 0
    assert window.by_status == {"abstained": 1, "scored": 1}


def test_values_are_found_by_name_whatever_their_order(bundle):
    rows = reference_rows(50)
    straight = counted(bundle, part(range(50), rows))
    turned = counted(bundle, part(range(50), rows[:, ::-1], names=NAMES[::-1]))
    for ours, theirs in zip(straight.features, turned.features, strict=True):
        assert ours.tolist() == theirs.tolist()


def test_a_feature_that_the_log_lacks_is_not_counted(bundle):
    window = counted(bundle, part("ab", reference_rows(2)[:, :1], names=NAMES[:1]))
    assert [int(each.sum()) for each in window.features] == [2, 0, 0, 0, 0, 0, 0]


def test_warnings_count_by_customer_and_each_code_once(bundle):
    answers = [
        {"abstain_code": None, "warnings": [{"code": "stale"}, {"code": "stale"}]},
        {"abstain_code": "inactive", "warnings": []},
    ]
    window = counted(
        bundle, part("ab", reference_rows(2), statuses=["scored", "abstained"], answers=answers)
    )
    assert (window.answers_read, dict(window.warned)) == (2, {"stale": 1})
    assert dict(window.abstained) == {"inactive": 1}


def test_the_command_line_prints_what_is_farthest_first(bundle):
    rows = reference_rows(500)
    rows[:, 1] /= 5
    report = report_on(bundle, [part(range(500), rows)], since=SINCE, until=UNTIL)
    table = drift_table((report.score, *report.features))
    assert list(table.columns[0].cells)[:2] == ["score", "spend_365d"]
    assert list(table.columns[1].cells)[1] == "strongly_shifted"
    said = said_of(report)
    assert "2026-03-01 to 2026-03-08: 500 answers about 500 customers" in said
    assert "against 1,000 at training" in said
