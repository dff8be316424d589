"""``[segments]``: what is read, and what is refused with words that help."""

from __future__ import annotations

import pytest

from ebbtide.errors import SettingsError
from ebbtide.project import load_project

HEAD = '[project]\nname = "shop"\ncurrency = "EUR"\n[tables.transactions]\npath = "t.csv"\n'


@pytest.fixture
def load(tmp_path):
    def make(section: str):
        (tmp_path / "ebbtide.toml").write_text(HEAD + section, encoding="utf-8")
        return load_project(tmp_path / "ebbtide.toml")

    return make


@pytest.mark.parametrize(("split", "read"), [('"mean"', "mean"), ("0.5", 0.5), ("0.01", 0.01)])
def test_a_split_is_the_mean_or_a_share(load, split, read) -> None:
    assert load(f"[segments]\nsplit = {split}\n").segments.split == read


A_SHARE = r'segments.split: expected "mean", or a share of customers between 0 and 1'
WRONG = [
    ("split = 1", A_SHARE),
    ("split = 0.0", A_SHARE),
    ("split = 1.0", A_SHARE),
    ("split = nan", A_SHARE),
    ("split = true", A_SHARE),
    ('split = "median"', A_SHARE),
    ("vip_share = 0", "segments.vip_share: expected more than 0, got"),
    ("important_share = 1.0", "segments.important_share: expected less than 1, got"),
    (
        "vip_share = 0.3",
        "segments: expected vip_share below important_share, because the first lie within the "
        "second; got 0.3 and 0.2",
    ),
    (
        "valuable_share = 0.2",
        "segments: expected high_value_share below valuable_share, because the first lie within "
        "the second; got 0.2 and 0.2",
    ),
    ("potential_score = 1", "segments.potential_score: expected 2 or more, got"),
    ("min_products = 2.5", "segments.min_products: expected a whole number, got a number"),
    ("new_within_days = 0", "segments.new_within_days: expected 1 or more, got"),
    (
        "new_within_days = 365",
        "segments.new_within_days: expected less than snapshots.lookback_days (365), got 365; no "
        "older purchase is seen, and everybody would be new",
    ),
    (
        "sleeping_after_days = 200\n[churn]\nactive_within_days = 200",
        "segments.sleeping_after_days: expected less than churn.active_within_days (200), got "
        "200; who is silent for longer is not alive, and nobody would sleep",
    ),
    ("vip_shar = 0.1", "segments.vip_shar: unknown key; did you mean 'vip_share'?"),
]


@pytest.mark.parametrize(("line", "message"), WRONG, ids=[line for line, _ in WRONG])
def test_a_wrong_threshold_is_named_once_with_what_was_expected(load, line, message) -> None:
    with pytest.raises(SettingsError) as raised:
        load(f"[segments]\n{line}\n")
    assert message in str(raised.value)
    assert "has 1 problem(s)" in str(raised.value)


def test_everything_that_is_wrong_is_named_at_once(load) -> None:
    with pytest.raises(SettingsError) as raised:
        load("[segments]\nsplit = 2.0\nvip_share = 2.0\nnew_within_days = 400\n")
    assert "has 3 problem(s)" in str(raised.value)


def test_a_short_life_needs_no_further_thresholds(load) -> None:
    section = "[churn]\nactive_within_days = 20\n[snapshots]\nlookback_days = 365\n"
    assert load(section).segments.sleeping_after_days is None
