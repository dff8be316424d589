"""Everybody is in exactly one segment, level and type, by the rules, alone or among others."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebbtide.definition import ChurnDefinition
from ebbtide.errors import ContractError, NotReady
from ebbtide.segment_settings import Segments
from ebbtide.words import Words
from features.segments.facts import OPTIONAL, REQUIRED
from features.segments.rules import CUSTOMER_LEVELS, GROUPINGS, RFM_SEGMENTS, VALUE_TYPES
from features.segments.scale import SEGMENT_COLUMNS, SegmentScale

YEAR = ChurnDefinition(horizon_days=90, gap_days=0, active_within_days=365)


def placed(frame, settings=None, *, definition=YEAR):
    scale = SegmentScale.of(frame, settings or Segments(), definition=definition)
    return scale.segments(frame)


def test_the_names_are_those_of_the_trade() -> None:
    names = [
        group.name for groups in (RFM_SEGMENTS, CUSTOMER_LEVELS, VALUE_TYPES) for group in groups
    ]
    assert names == [
        Words("important value", "重要价值客户"),
        Words("important to develop", "重要发展客户"),
        Words("important to keep", "重要保持客户"),
        Words("important to win back", "重要挽留客户"),
        Words("general value", "一般价值客户"),
        Words("general to develop", "一般发展客户"),
        Words("general to keep", "一般保持客户"),
        Words("general to win back", "一般挽留客户"),
        Words("VIP", "VIP客户"),
        Words("important", "重要客户"),
        Words("new", "新客户"),
        Words("potential", "潜在客户"),
        Words("regular", "一般客户"),
        Words("sleeping", "睡眠客户"),
        Words("high value-added", "高附加值客户"),
        Words("valuable", "有价值客户"),
        Words("low-value", "低价值客户"),
    ]


def test_each_of_the_eight_segments_is_one_combination(snapshot) -> None:
    """Eight customers, half of them good at each; the mean lies between the halves."""
    good, bad = (5.0, 9.0, 900.0), (200.0, 1.0, 10.0)
    marks = ["+++", "+-+", "-++", "--+", "++-", "+--", "-+-", "---"]
    frame = snapshot(
        *(
            (*(good[i] if mark == "+" else bad[i] for i, mark in enumerate(each)), 300.0)
            for each in marks
        )
    )
    found = placed(frame)
    assert found["rfm_segment"].to_pylist() == [
        "important_value",
        "important_develop",
        "important_keep",
        "important_win_back",
        "general_value",
        "general_develop",
        "general_keep",
        "general_win_back",
    ]
    assert found["r_score"].to_pylist() == [4, 4, 2, 2, 4, 4, 2, 2]
    assert found["f_score"].to_pylist() == [4, 2, 4, 2, 4, 2, 4, 2]
    assert found["m_score"].to_pylist() == [4, 4, 4, 4, 2, 2, 2, 2]


TWENTY = [(100.0 + spend, 1.0, float(spend), 300.0) for spend in range(1, 21)]
"""Customers who bought once for 1 to 20, long known; who spends less bought later."""


def levels(snapshot, settings=None, *, changed=None, **further):
    rows = [(changed or {}).get(index, row) for index, row in enumerate(TWENTY)]
    return placed(snapshot(*rows, **further), settings)["customer_level"].to_pylist()


def test_the_first_by_spend_are_vip_and_important(snapshot) -> None:
    assert levels(snapshot) == ["regular"] * 16 + ["important"] * 3 + ["vip"]


def test_shares_of_the_project_file_take_effect(snapshot) -> None:
    wide = Segments(vip_share=0.1, important_share=0.5)
    assert levels(snapshot, wide) == ["regular"] * 10 + ["important"] * 8 + ["vip"] * 2


def test_a_tie_that_would_exceed_a_share_is_left_out_whole(snapshot) -> None:
    tied = {19: TWENTY[18]}  # two spend 19: more than one in twenty
    assert levels(snapshot, changed=tied) == ["regular"] * 16 + ["important"] * 4


def test_what_was_returned_makes_nobody_a_vip(snapshot) -> None:
    returned = [0.0] * 19 + [20.0]
    assert levels(snapshot, returned_365d=returned)[-1] == "regular"


@pytest.mark.parametrize(
    ("known_days", "level"), [(90.9, "new"), (91.0, "regular"), (300.0, "regular")]
)
def test_new_is_who_is_known_for_less_than_a_quarter_of_a_life(snapshot, known_days, level) -> None:
    changed = {0: (101.0, 1.0, 1.0, known_days)}
    assert levels(snapshot, changed=changed)[0] == level


def test_days_of_the_project_file_take_effect(snapshot) -> None:
    changed = {0: (101.0, 1.0, 1.0, 29.0), 1: (101.0, 1.0, 1.0, 30.0)}
    assert levels(snapshot, Segments(new_within_days=30), changed=changed)[:2] == ["new", "regular"]


def test_who_signed_up_long_ago_is_not_new(snapshot) -> None:
    changed = dict.fromkeys(range(3), (101.0, 1.0, 1.0, 9.0))
    tenure = [2000.0, None, 9.0] + [300.0] * 17
    assert levels(snapshot, changed=changed, tenure_days=tenure)[:3] == ["regular", "new", "new"]


def test_who_spends_as_the_first_do_is_served_as_they_are_even_when_new(snapshot) -> None:
    assert levels(snapshot, changed={19: (3.0, 1.0, 20.0, 3.0)})[-1] == "vip"


def test_potential_is_who_buys_lately_and_often(snapshot) -> None:
    changed = {0: (2.0, 9.0, 1.0, 300.0), 1: (2.0, 1.0, 2.0, 300.0), 2: (122.0, 9.0, 3.0, 300.0)}
    assert levels(snapshot, changed=changed)[:3] == ["potential", "regular", "regular"]
    easier = Segments(potential_score=2)  # all but the worst fifth, who are often tied
    assert levels(snapshot, easier, changed=changed)[:2] == ["potential", "potential"]


def types(snapshot, settings=None, *, definition=YEAR, **further):
    return placed(snapshot(*TYPED, **further), settings, definition=definition)[
        "value_type"
    ].to_pylist()


TYPED = [(20.0, 2.0, spend, 300.0) for spend in (10.0, 20.0, 30.0, 40.0, 50.0)] + [
    (182.0, 2.0, 60.0, 300.0),
    (181.9, 2.0, 70.0, 300.0),
    (20.0, 2.0, 80.0, 300.0),
    (20.0, 2.0, 90.0, 300.0),
    (20.0, 2.0, 100.0, 300.0),
]


def test_without_products_nobody_is_high_value_added(snapshot) -> None:
    assert types(snapshot) == ["low_value"] * 5 + ["sleeping"] + ["valuable"] * 4


def test_high_value_added_spend_much_on_many_products(snapshot) -> None:
    products = [40.0, *[3.0] * 7, 3.0, 30.0]
    assert types(snapshot, products_365d=products)[-2:] == ["valuable", "high_value_added"]
    three = Segments(min_products=3)
    assert types(snapshot, three, products_365d=products)[-3:] == [
        "valuable",
        "high_value_added",
        "high_value_added",
    ]
    half = Segments(min_products=3, high_value_share=0.3)
    assert types(snapshot, half, products_365d=products)[-3:] == ["high_value_added"] * 3


def test_many_categories_are_as_good_as_many_products(snapshot) -> None:
    given = {"categories_365d": [1.0] * 9 + [4.0], "products_365d": [1.0] * 10}
    assert types(snapshot, **given)[-2:] == ["valuable", "high_value_added"]
    assert types(snapshot, Segments(min_categories=5), **given)[-1] == "valuable"


def test_sleeping_is_no_use_at_all(snapshot) -> None:
    active = [None] * 5 + [10.0] + [None] * 4
    assert types(snapshot, activity_recency_days=active)[5] == "valuable"
    assert types(snapshot, Segments(sleeping_after_days=20))[0] == "sleeping"
    assert types(snapshot, Segments(sleeping_after_days=183))[5] == "valuable"


def test_the_days_of_sleep_follow_the_days_of_life(snapshot) -> None:
    short = ChurnDefinition(horizon_days=30, gap_days=0, active_within_days=40)
    assert types(snapshot, definition=short)[0] == "sleeping"  # 20 days of 40


def test_the_valuable_share_takes_effect(snapshot) -> None:
    narrow = Segments(valuable_share=0.3, high_value_share=0.2)
    assert (
        types(snapshot, narrow)
        == ["low_value"] * 5 + ["sleeping"] + ["low_value"] + ["valuable"] * 3
    )


def test_who_spent_nothing_on_balance_is_never_among_the_first(snapshot) -> None:
    rows = [(5.0, 1.0, spend, 300.0) for spend in (10.0, 10.0, 0.0, 5.0)]
    found = placed(snapshot(*rows, returned_365d=[20.0, 20.0, 0.0, 0.0]))
    assert found["value_type"].to_pylist() == ["low_value", "low_value", "low_value", "valuable"]
    assert found["customer_level"].to_pylist() == ["regular"] * 4


def test_a_missing_value_is_the_worst(snapshot) -> None:
    rows = [(5.0, 4.0, 90.0, 300.0)] * 3 + [(None, None, None, None)]
    found = placed(snapshot(*rows)).to_pylist()[-1]
    assert [found[name] for name in ("r_score", "f_score", "m_score")] == [1, 1, 1]
    assert found["rfm_segment"] == "general_win_back"
    assert (found["customer_level"], found["value_type"]) == ("new", "sleeping")


def test_a_feature_that_was_there_may_not_be_missing_later(snapshot) -> None:
    frame = snapshot((5.0, 4.0, 90.0, 300.0), products_365d=[3.0])
    scale = SegmentScale.of(frame, Segments(), definition=YEAR)
    with pytest.raises(ContractError, match="products_365d, which the snapshot does not have"):
        scale.segments(frame.drop_columns("products_365d"))
    with pytest.raises(ContractError, match="need the features recency_days, spend_365d"):
        SegmentScale.of(
            frame.drop_columns(["spend_365d", "recency_days"]), Segments(), definition=YEAR
        )


def test_a_feature_that_came_later_changes_nothing(snapshot) -> None:
    frame = snapshot(*TYPED)
    scale = SegmentScale.of(frame, Segments(), definition=YEAR)
    with_it = frame.append_column("products_365d", pa.array([99.0] * 10))
    assert scale.segments(with_it).equals(scale.segments(frame))


def test_an_empty_snapshot_is_not_ready(snapshot) -> None:
    with pytest.raises(NotReady, match="Nobody is in the snapshot"):
        SegmentScale.of(snapshot((1.0, 1.0, 1.0, 1.0)).slice(0, 0), Segments(), definition=YEAR)


number = st.integers(0, 4).map(float) | st.floats(0, 1e5)
frames = st.integers(1, 30).flatmap(
    lambda n: st.fixed_dictionaries(
        {
            "customer_id": st.just([f"c{index}" for index in range(n)]),
            **{name: st.lists(number, min_size=n, max_size=n) for name in REQUIRED},
        },
        optional={name: st.lists(st.none() | number, min_size=n, max_size=n) for name in OPTIONAL},
    )
)
chosen = st.builds(
    Segments,
    split=st.just("mean") | st.floats(0.05, 0.95),
    vip_share=st.floats(0.01, 0.3),
    important_share=st.floats(0.31, 0.9),
    valuable_share=st.floats(0.5, 0.9),
    high_value_share=st.floats(0.01, 0.49),
    min_products=st.none() | st.integers(1, 9),
    potential_score=st.integers(2, 5),
)


def typed(columns):
    return pa.table(
        {
            name: values if name == "customer_id" else pa.array(values, type=pa.float64())
            for name, values in columns.items()
        }
    )


@pytest.mark.property
@given(columns=frames, settings=chosen, data=st.data())
def test_everybody_gets_exactly_one_of_each_alone_or_in_any_order(columns, settings, data) -> None:
    frame = typed(columns)
    scale = SegmentScale.of(frame, settings, definition=YEAR)
    found = scale.segments(frame)
    assert found.column_names == ["customer_id", *SEGMENT_COLUMNS]
    assert found["customer_id"].to_pylist() == columns["customer_id"]
    for column, groups in GROUPINGS.items():
        assert set(found[column].to_pylist()) <= {group.code for group in groups}
    order = data.draw(st.permutations(range(frame.num_rows)))
    assert SegmentScale.of(frame.take(order), settings, definition=YEAR) == scale
    read_back = SegmentScale.from_json(json.loads(json.dumps(scale.to_json())))
    assert read_back == scale
    for place in range(frame.num_rows):
        alone = read_back.segments(frame.slice(place, 1))
        assert alone.to_pylist() == found.slice(place, 1).to_pylist()


@pytest.mark.property
@given(columns=frames, settings=chosen)
def test_shares_are_never_exceeded_and_follow_spend(columns, settings) -> None:
    columns = {name: values for name, values in columns.items() if name != "returned_365d"}
    frame = typed(columns)
    found = placed(frame, settings)["customer_level"].to_pylist()
    n = frame.num_rows
    assert found.count("vip") <= settings.vip_share * n + 1e-6
    first = found.count("vip") + found.count("important")
    assert first <= settings.important_share * n + 1e-6
    place = {"vip": 2, "important": 1}
    by_spend = sorted(zip(columns["spend_365d"], (place.get(x, 0) for x in found), strict=True))
    assert [rank for _, rank in by_spend] == sorted(rank for _, rank in by_spend)
