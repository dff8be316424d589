"""What is said of each group adds up, also where nobody is in it or nothing is known yet."""

from __future__ import annotations

import numpy as np
import pytest

from ebbtide.segment_settings import Segments
from features.segments.profile import profiles
from features.segments.report import profile_table
from features.segments.scale import SegmentScale

ROWS = [(10.0, 8.0, 600.0, 300.0), (20.0, 6.0, 400.0, 300.0), (300.0, 1.0, 50.0, 300.0)]


@pytest.fixture
def described(snapshot, year):
    def make(*rows, churned=None):
        frame = snapshot(*(rows or ROWS))
        scale = SegmentScale.of(frame, Segments(), definition=year)
        known = None if churned is None else np.array(churned)
        return profiles(frame, scale.segments(frame), scale=scale, churned=known)

    return make


def test_a_group_is_described_by_its_members(described) -> None:
    found = {p.group.code: p for p in described(churned=[False, True, True])["rfm_segment"]}
    best, worst = found["important_value"], found["general_win_back"]
    assert (best.customers, best.churned, best.churn_rate) == (2, 1, 0.5)
    assert (best.recency_days, best.purchase_days, best.net_spend) == (15.0, 7.0, 500.0)
    assert best.spend_share == pytest.approx(1000 / 1050)
    assert (worst.customers, worst.share, worst.churn_rate) == (1, pytest.approx(1 / 3), 1.0)


def test_every_group_is_there_and_all_add_up(described) -> None:
    for groups in described(churned=[False, True, True]).values():
        assert sum(p.customers for p in groups) == 3
        assert sum(p.churned for p in groups) == 2
        assert sum(p.share for p in groups) == pytest.approx(1)
        assert sum(p.spend_share for p in groups) == pytest.approx(1)
    assert [len(groups) for groups in described().values()] == [8, 5, 4]


def test_a_group_without_members_has_no_means_and_no_rate(described) -> None:
    nobody = next(p for p in described(churned=[True] * 3)["rfm_segment"] if p.customers == 0)
    assert (nobody.recency_days, nobody.net_spend, nobody.churn_rate) == (None, None, None)
    assert (nobody.churned, nobody.share, nobody.spend_share) == (0, 0.0, 0.0)


def test_an_open_outcome_is_not_a_rate(described) -> None:
    assert {p.churn_rate for p in described()["value_type"]} == {None}


def test_where_nothing_was_spent_there_are_no_shares_of_spend(described) -> None:
    groups = described((5.0, 1.0, 0.0, 300.0))["rfm_segment"]
    assert {p.spend_share for p in groups} == {None}


@pytest.mark.parametrize(
    ("language", "churned", "headings", "first"),
    [
        (
            "en",
            [False, True, True],
            "rfm_segment|customers|share|of spend|recency, days|purchase days|net spend, EUR"
            "|churned|churn rate",
            "important value",
        ),
        (
            "zh",
            None,
            "rfm_segment|客户数|占比|消费占比|平均最近消费(天)|平均购买天数|平均净消费(EUR)",
            "重要价值客户",
        ),
    ],
)
def test_tables_speak_the_language_and_show_the_outcome_where_it_is_known(
    described, language, churned, headings, first
) -> None:
    groups = described(churned=churned)["rfm_segment"]
    table = profile_table("rfm_segment", groups, currency="EUR", language=language)
    assert "|".join(str(column.header) for column in table.columns) == headings
    cells = [next(iter(column.cells)) for column in table.columns]
    assert cells[:7] == [first, "2", "66.7%", "95.2%", "15", "7.0", "500"]
    assert cells[7:] == ([] if churned is None else ["1", "50.0%"])
