"""Every feature through the same checks, and the choice of those that a company can feed."""

from __future__ import annotations

import dataclasses
import re
from typing import get_args

import pytest

from ebbtide.causes import Cause
from ebbtide.contracts.feature import FeatureContract
from ebbtide.contracts.tables import SURVEYS, TABLES
from ebbtide.project_problems import LONGEST_WINDOW_DAYS
from ebbtide.words import LANGUAGES
from features.catalogue.catalogue import (
    CATALOGUE,
    catalogue_version,
    features_named,
    features_present,
    operands,
)
from features.seen import seen_sql
from features.views import VIEWS

every_feature = pytest.mark.parametrize(
    "feature", CATALOGUE, ids=[feature.name for feature in CATALOGUE]
)


def test_names_are_unique_and_plain() -> None:
    names = [feature.name for feature in CATALOGUE]
    assert len(set(names)) == len(names)
    assert [name for name in names if not re.fullmatch(r"[a-z][a-z0-9_]*", name)] == []


@every_feature
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("value", "typical"),
    [(1234.5, 2.0), (0.25, float("nan")), (1.0, 0.0)],
    ids=["usual", "nothing-typical", "one"],
)
def test_a_reason_states_value_and_typical_in_every_language(
    feature, language, value, typical
) -> None:
    text = feature.contract.reason_text(value, typical, language)
    assert text
    assert not set("{}") & set(text)
    assert "nan" not in text
    assert ("typical" in text or "一般" in text) == (typical == typical)
    template = feature.contract.reason[language]
    assert set(re.findall(r"\{(\w*)\}", template)) - {"s"} == {"value"}
    assert language == "en" or "{s}" not in template


@every_feature
def test_one_is_said_in_the_singular(feature) -> None:
    text = feature.contract.reason_text(1.0, float("nan"), "en")
    assert not re.search(
        r"\b1 (\w+ )?(days|orders|purchases|complaints|contracts|products)\b", text
    )


def test_shares_are_in_percent_and_flags_are_yes_and_no() -> None:
    share, flag = (f.contract for f in features_named(["basket_max_share_365d", "is_new"]))
    said = share.reason_text(1.0, 0.59, "en", stayers=0.456, leavers=1.0)
    assert said == (
        "One purchase day made up 100% of the year's spend; stayers typically 46%, leavers 100%"
    )
    assert (
        flag.reason_text(1.0, 0.0, "en") == "Signed up within the last 90 days: yes (typical: no)"
    )
    assert flag.reason_text(1.0, 0.0, "zh") == "近 90 天内注册:是（一般为 否）"


@every_feature
def test_chinese_is_chinese_and_english_is_not(feature) -> None:
    def is_chinese(text: str) -> bool:
        return any("一" <= letter <= "鿿" for letter in text)

    texts = [feature.contract.reason, feature.contract.when_null or feature.contract.reason]
    assert all(is_chinese(words.zh) and not is_chinese(words.en) for words in texts)


@every_feature
def test_a_missing_value_says_what_it_means(feature) -> None:
    contract = feature.contract
    text = contract.reason_text(float("nan"), 1.0, "en")
    assert text == (contract.when_null.en if contract.is_nullable else "")
    # What counts (or sums) from zero can never be missing.
    assert not (contract.is_nullable and feature.when_no_rows is not None)


@every_feature
def test_a_contract_survives_its_json(feature) -> None:
    assert FeatureContract.from_json(feature.contract.to_json()) == feature.contract


@every_feature
def test_units_ranges_and_causes_fit(feature) -> None:
    contract = feature.contract
    assert contract.cause in get_args(Cause)
    assert contract.meaning.endswith(".")
    if contract.low is not None and contract.high is not None:
        assert contract.low < contract.high
    if contract.name.endswith("_days") and "purchase_days" not in contract.name:
        assert contract.unit == "days"
    if feature.view is not None:
        assert VIEWS[feature.view].table == contract.table


def test_survey_features_and_the_contract_of_surveys_agree_on_ranges() -> None:
    score = SURVEYS.column("score")
    assert score.limits_by is not None
    column, limits = score.limits_by
    assert column == "metric"
    for metric, low, high in limits:
        contract = features_named([f"{metric}_mean_365d"])[0].contract
        assert (contract.low, contract.high) == (low, high)


@pytest.fixture
def rich(ago):
    """Rows that give every feature a value, and every optional column a part in it."""
    who = {"customer_id": "a"}
    bought = [
        {"occurred_at": ago(days), "amount": amount, "order_id": order, "product_id": product}
        | {"category": kind, "channel": channel, "quantity": quantity, "discount": discount}
        for days, amount, order, product, kind, channel, quantity, discount in (
            (2.5, 12, "o1", "p1", "k1", "web", 2.0, 3),
            (2.7, 5, "o2", "p2", "k2", "web", 1.0, 0),
            (40, 30, "o3", "p1", "k1", "shop", 6.0, 0),
            (100, 7, "o4", "p3", "k3", "phone", 1.0, 1),
            (300, 11, "o5", "p1", "k1", "web", 2.0, 0),
            (20, -4, "o3", "p1", "k1", "web", -1.0, None),
        )
    ]
    contracts = [
        {"started_at": ago(started), "ended_at": ended and ago(ended), "end_reason": reason}
        | {"plan": plan, "price": price, "period_days": 30.0}
        for started, ended, reason, plan, price in (
            (203, 120, "payment", "basic", 10),
            (110, None, None, "plus", 15),
            (60, 40, "voluntary", "basic", 12),
        )
    ]
    return {
        "transactions": [who | row for row in bought],
        "complaints": [
            who | {"opened_at": ago(9), "severity": 4.0, "resolved_at": None, "reopened": None},
            who | {"opened_at": ago(50), "severity": 2.0, "resolved_at": ago(48), "reopened": True},
        ],
        "activity": [
            who | {"occurred_at": ago(days), "kind": kind, "value": value}
            for days, kind, value in ((3, "visit", 4.0), (50, "call", 2.0), (200, "mail", 3.0))
        ],
        "surveys": [
            who | {"answered_at": ago(days), "metric": metric, "score": score}
            for metric in ("csat", "nps", "ces")
            for days, score in ((5, 4.0), (95, 3.0))
        ],
        "payments": [
            who | {"due_at": ago(8), "paid_at": None, "amount": 20},
            who | {"due_at": ago(60), "paid_at": ago(57), "amount": 20},
            who | {"due_at": ago(150), "paid_at": ago(149), "amount": 20},
        ],
        "balances": [
            who | {"measured_at": ago(days), "name": name, "value": value}
            for days, name, value in (
                (60, "minutes", 80.0),
                (30, "minutes", 90.0),
                (4, "minutes", 50.0),
                (7, "seats", 3.0),
            )
        ],
        "subscriptions": [who | row for row in contracts],
        "customers": [who | {"signed_up_at": ago(320)}],
    }


def without(rows, dropped):
    return [{key: value for key, value in row.items() if key not in dropped} for row in rows]


def test_a_rich_company_feeds_every_feature(features_of, rich) -> None:
    found = features_of(**rich)["a"]
    assert list(found) == [feature.name for feature in CATALOGUE]
    assert [name for name, value in found.items() if value is None] == []


DECLARED = [(feature, column) for feature in CATALOGUE for column in feature.columns]


@pytest.mark.parametrize(
    ("feature", "column"), DECLARED, ids=[f"{f.name}-{column}" for f, column in DECLARED]
)
def test_a_declared_column_is_needed(features_of, rich, feature, column) -> None:
    name, table = feature.name, feature.contract.table
    poor = rich | {table: without(rich[table], {column})}
    columns = {table: set().union(*rows) for table, rows in poor.items()}
    assert feature not in features_present(columns)
    # Computed all the same, it would be another value: the declaration is no mere habit.
    assert features_of(name, **poor)["a"] != features_of(name, **rich)["a"]


@pytest.mark.parametrize("table", dict.fromkeys(f.contract.table for f in CATALOGUE))
def test_no_feature_needs_a_column_that_it_does_not_declare(features_of, rich, table) -> None:
    full, rows = features_of(**rich)["a"], rich[table]
    optional = {
        column.name
        for column in TABLES[table].columns
        if not column.is_required and any(column.name in row for row in rows)
    }
    for column in optional:
        poor = features_of(**rich | {table: without(rows, {column})})["a"]
        changed = {name for name, value in poor.items() if value != full[name]}
        assert changed == set(), column


def test_features_of_absent_tables_are_left_out() -> None:
    chosen = features_present({"transactions": {"customer_id", "occurred_at", "amount"}})
    assert {feature.contract.table for feature in chosen} == {"transactions"}
    assert not {"discount_share_365d", "products_90d"} & {feature.name for feature in chosen}


@every_feature
def test_no_feature_speaks_of_more_days_than_everybody_looks_back(feature) -> None:
    contract = feature.contract
    texts = (contract.name, contract.meaning, contract.reason.en)
    windows = [int(n) for text in texts for n in re.findall(r"(\d+)(?: days|d(?![a-z]))", text)]
    windows += [int(n) for n in re.findall(r"age_\w+ (?:<|<=|BETWEEN \d+ AND) (\d+)", feature.sql)]
    assert max(windows, default=0) <= LONGEST_WINDOW_DAYS


def test_operands_are_whole_names() -> None:
    names = {feature.name for feature in operands(features_named(["basket_last_over_mean"]))}
    assert names == {"basket_last", "basket_365d"}


def test_the_version_changes_with_whatever_computes_a_feature(monkeypatch) -> None:
    chosen = features_named(["spend_share_90d", "recency_days"])
    version = catalogue_version(chosen)
    assert version == catalogue_version(chosen)
    assert version != catalogue_version(chosen[::-1])
    assert version != catalogue_version(chosen[:1])
    renamed = dataclasses.replace(chosen[1], sql="min(first_age_days)")
    assert version != catalogue_version([chosen[0], renamed])
    view = VIEWS["purchase_days"]
    monkeypatch.setitem(VIEWS, "purchase_days", dataclasses.replace(view, sql=view.sql + " "))
    assert version != catalogue_version(chosen)


def test_the_version_of_an_expression_changes_with_its_operands(monkeypatch) -> None:
    chosen = features_named(["spend_share_90d"])
    version = catalogue_version(chosen)
    view = VIEWS["purchase_days"]
    monkeypatch.setitem(VIEWS, "purchase_days", dataclasses.replace(view, sql=view.sql + " "))
    assert version != catalogue_version(chosen)


@pytest.mark.parametrize("table", ["transactions", "surveys"])
def test_the_version_changes_with_what_is_seen_of_each_table_that_is_read(
    monkeypatch, table
) -> None:
    chosen = features_named(["csat_mean_365d"])
    version, elsewhere = (
        catalogue_version(chosen),
        catalogue_version(features_named(["tenure_days"])),
    )

    def altered(name, *args, **kwargs):
        return seen_sql(name, *args, **kwargs) + (" AND true" if name == table else "")

    monkeypatch.setattr("features.catalogue.catalogue.seen_sql", altered)
    assert version != catalogue_version(chosen)
    if table == "surveys":
        assert elsewhere == catalogue_version(features_named(["tenure_days"]))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_low_score_of_any_survey_reads_as_bad_news(language) -> None:
    said = {
        name: features_named([f"{name}_mean_365d"])[0].contract for name in ("csat", "nps", "ces")
    }
    assert {contract.risk for contract in said.values()} == {"falls"}
    text = said["ces"].reason_text(2.0, 6.0, language)
    assert {"en": "ease", "zh": "轻松"}[language] in text
    assert "费力" not in text
    assert "1 is hard and 7 is easy" in said["ces"].meaning
    assert "ces 1 (hard) to 7 (easy)" in SURVEYS.column("score").meaning


def test_the_version_changes_with_a_view_below_a_view(monkeypatch) -> None:
    chosen = features_named(["return_days_90d"])
    version = catalogue_version(chosen)
    altered = dataclasses.replace(
        VIEWS["returns_seen"], sql=VIEWS["returns_seen"].sql + " AND true"
    )
    monkeypatch.setitem(VIEWS, "returns_seen", altered)
    assert catalogue_version(chosen) != version


def test_the_version_changes_with_what_a_fitted_parameter_stands_for(monkeypatch) -> None:
    chosen = features_named(["btyd_p_none"])
    version = catalogue_version(chosen)
    monkeypatch.setattr(
        "features.catalogue.catalogue.fill_parameters", lambda sql, *_, **__: f"{sql} + 0"
    )
    assert catalogue_version(chosen) != version
