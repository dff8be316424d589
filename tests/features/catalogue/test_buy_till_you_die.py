"""Buy-till-you-die features: the SQL is the model, the words are whole."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import duckdb
import numpy as np
import pytest
import sqlglot

from ebbtide.definition import ChurnDefinition
from ebbtide.words import LANGUAGES
from features.btyd.beta_geometric import BetaGeometric
from features.btyd.gamma_gamma import GammaGamma
from features.btyd.histories import Histories
from features.btyd.maximum_likelihood import Fit
from features.btyd.parameters import BuyTillYouDie, fit_parameters
from features.btyd.sql import fill_parameters
from features.catalogue.buy_till_you_die import FEATURES, FITTED_FROM
from features.snapshot import build_snapshot

AS_OF = datetime(2011, 3, 1, tzinfo=UTC)
FIT = Fit(customers=1, log_likelihood=0.0, evaluations=1)
SPEND = GammaGamma(p=6.25, q=3.74, gamma=15.45)
WINDOWS = [(90, 0), (30, 14), (365, 60)]
PARAMETERS = {
    "a-shop": (0.728, 61.6, 0.169, 1.883),
    "hardly-anybody-stops": (0.9, 74.0, 0.052, 50.0),
    "many-stop": (0.637, 51.2, 0.807, 1.228),
    "quick-buyers": (0.3, 5.0, 0.8, 1.0),
}

# Ages in days of each customer's purchase days, the first one first, and the spend on each.
CUSTOMERS = {
    "once_long_ago": [364],
    "once_yesterday": [0],
    "twice": [200, 10],
    "went_silent": [300, 280, 270, 255],
    "regular": list(range(360, 0, -30)),
    "every_day": list(range(364, -1, -1)),
}
SPENDS = {name: 7.5 * (place + 1) for place, name in enumerate(CUSTOMERS)}


def parameters_of(r, alpha, a, b):
    model = BetaGeometric(kind="mbg_nbd", r=r, alpha=alpha, a=a, b=b)
    return BuyTillYouDie(purchases=model, purchases_fit=FIT, spend=SPEND, spend_fit=FIT)


def computed(sqls):
    """Evaluate SQL over the purchase days of the customers above, in their order."""
    rows = ", ".join(
        f"({place}, {age}, CAST({SPENDS[name]} AS DECIMAL(18, 4)))"
        for place, (name, ages) in enumerate(CUSTOMERS.items())
        for age in ages
    )
    fitted_from = ", ".join(f"{feature.sql} AS {feature.name}" for feature in FITTED_FROM)
    selected = ", ".join(f"CAST({sql} AS DOUBLE) AS {name}" for name, sql in sqls.items())
    return duckdb.sql(
        f"SELECT {selected} FROM (SELECT customer_id, {fitted_from} FROM (VALUES {rows})"
        " AS purchase_days(customer_id, age_day, amount) GROUP BY customer_id)"
        " ORDER BY customer_id"
    ).fetchnumpy()


@pytest.fixture(scope="module")
def seen():
    ages = list(CUSTOMERS.values())
    return Histories(
        repeats=np.array([len(each) - 1.0 for each in ages]),
        last_days=np.array([float(each[0] - each[-1]) for each in ages]),
        age_days=np.array([float(each[0]) for each in ages]),
        weights=np.ones(len(ages)),
    )


def test_a_fit_sees_what_the_features_see(seen) -> None:
    found = computed({feature.name: feature.name for feature in FITTED_FROM})
    assert found["repeats"].tolist() == seen.repeats.tolist()
    assert found["last_days"].tolist() == seen.last_days.tolist()
    assert found["age_days"].tolist() == seen.age_days.tolist()
    assert found["purchases"].tolist() == (seen.repeats + 1).tolist()
    assert found["spend"].tolist() == [
        len(CUSTOMERS[name]) * spend for name, spend in SPENDS.items()
    ]


@pytest.mark.parametrize(("horizon", "gap"), WINDOWS)
@pytest.mark.parametrize("theta", PARAMETERS.values(), ids=PARAMETERS)
def test_the_sql_is_the_model(seen, theta, horizon, gap) -> None:
    fitted = parameters_of(*theta)
    model = fitted.purchases
    found = computed(
        {
            feature.name: fill_parameters(feature.sql, fitted, horizon_days=horizon, gap_days=gap)
            for feature in FEATURES
        }
    )
    expected = model.expected_purchases(seen, horizon_days=horizon, gap_days=gap)
    spend = SPEND.expected_spend(seen.repeats + 1, np.array(list(SPENDS.values())))
    exact = {
        "btyd_expected_purchases": expected,
        "btyd_p_none": model.p_none(seen, horizon_days=horizon, gap_days=gap),
        "btyd_purchase_rate_30d": 30 * model.purchase_rate(seen),
        "btyd_spend_expected": spend,
        "btyd_value_expected": expected * spend,
    }
    assert set(exact) == set(found)
    for name, values in exact.items():
        close = 1e-7 if name == "btyd_p_none" else 1e-12
        assert found[name] == pytest.approx(values, rel=1e-6, abs=close), name


@pytest.mark.parametrize("feature", FEATURES, ids=[feature.name for feature in FEATURES])
def test_values_stay_in_their_range(feature) -> None:
    for theta in PARAMETERS.values():
        sql = fill_parameters(feature.sql, parameters_of(*theta), horizon_days=90, gap_days=7)
        values = computed({"v": sql})["v"]
        assert (values >= 0).all()
        assert (values <= (feature.contract.high or np.inf)).all()


def test_who_went_silent_is_the_greater_risk() -> None:
    fitted = parameters_of(*PARAMETERS["a-shop"])
    none = {
        feature.name: computed(
            {"v": fill_parameters(feature.sql, fitted, horizon_days=90, gap_days=0)}
        )["v"]
        for feature in FEATURES
    }["btyd_p_none"]
    risk = dict(zip(CUSTOMERS, none, strict=True))
    assert risk["every_day"] < risk["regular"] < risk["twice"] < risk["went_silent"]
    assert risk["once_yesterday"] < risk["once_long_ago"]


@pytest.mark.parametrize("feature", FEATURES, ids=[feature.name for feature in FEATURES])
def test_spark_reads_every_number_as_a_double(feature) -> None:
    sql = fill_parameters(
        feature.sql, parameters_of(*PARAMETERS["a-shop"]), horizon_days=90, gap_days=7
    )
    spark = sqlglot.transpile(f"SELECT {sql}", read="duckdb", write="spark")[0]
    assert re.findall(r"\d+\.\d+(?![\de])", spark) == []
    assert set(re.findall(r"([A-Z_]+)\(", spark)) <= {
        "CAST", "COUNT", "MAX", "MIN", "POWER", "SQRT", "SUM",
    }  # fmt: skip


@pytest.mark.parametrize("feature", FEATURES, ids=[feature.name for feature in FEATURES])
def test_without_a_model_a_feature_is_null_and_says_why(feature) -> None:
    sql = fill_parameters(feature.sql, None, horizon_days=90, gap_days=0)
    assert np.ma.getmaskarray(computed({"v": sql})["v"]).all()
    for language in LANGUAGES:
        assert feature.contract.reason_text(float("nan"), 1.0, language)


def test_a_snapshot_gives_a_fit_what_it_takes(open_company, ago) -> None:
    rows = [
        {"customer_id": f"c{who}", "occurred_at": ago(day + 0.5), "amount": 10 + who % 7}
        for who in range(120)
        for day in range(who % 80, 80 + who, 30 + who % 50)
    ]
    frame = build_snapshot(
        open_company(transactions=rows),
        as_of=AS_OF,
        features=FITTED_FROM,
        lookback_days=365,
        definition=ChurnDefinition(horizon_days=90, gap_days=0, active_within_days=365),
    )
    fitted = fit_parameters(**{f.name: frame[f.name].to_numpy() for f in FITTED_FROM})
    assert fitted.purchases_fit.customers == 120
    assert fitted.spend is not None
