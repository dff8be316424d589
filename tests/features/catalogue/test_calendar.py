"""The same season a year before, busy quarters and weekends."""

from __future__ import annotations

import pytest

SEASONS = [
    "purchase_days_same_season",
    "spend_same_season",
    "season_share_365d",
    "quarter_peak_share_360d",
]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        # Whole days ago 274 is before the season, 275 and 364 are its edges.
        pytest.param([275, 276, 365, 10], [2, 20, 2 / 4, 2 / 3], id="edges-of-the-season"),
        pytest.param([90, 91, 180, 1], [0, 0, 0, 2 / 4], id="edges-of-the-quarters"),
        pytest.param([276], [1, 10, 1, 1], id="season-only"),
        pytest.param([362], [1, 10, 1, None], id="beyond-360-days"),
    ],
)
def test_seasons_count_back_from_the_instant(one, bought, days, expected) -> None:
    found = one(SEASONS, transactions=[bought(day) for day in days])
    assert found == dict(zip(SEASONS, expected, strict=True))


@pytest.mark.parametrize(
    ("days", "share"),
    [
        # 2011-03-01 is a Tuesday: two days before it begins the Sunday, three the Saturday.
        pytest.param([1, 2, 3, 4], 0.5, id="a-weekend-of-four-days"),
        pytest.param([2, 9], 1, id="sundays-only"),
        pytest.param([8], 0, id="a-monday"),
    ],
)
def test_weekends_are_saturday_and_sunday(one, bought, days, share) -> None:
    found = one(["weekend_share_365d"], transactions=[bought(day) for day in days])
    assert found == {"weekend_share_365d": share}
