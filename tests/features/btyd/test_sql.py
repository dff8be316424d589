"""Placeholders of the SQL: exact literals, null without a model, enough nodes."""

from __future__ import annotations

import duckdb
import pytest
import sqlglot

from ebbtide.errors import ContractError
from features.btyd.beta_geometric import BetaGeometric
from features.btyd.maximum_likelihood import Fit
from features.btyd.parameters import BuyTillYouDie
from features.btyd.sql import PLACEHOLDERS, double, fill_parameters, nodes_needed

FIT = Fit(customers=1, log_likelihood=0.0, evaluations=1)
MODEL = BetaGeometric(kind="mbg_nbd", r=0.728, alpha=61.6, a=0.169, b=1.883)
WITHOUT_SPEND = BuyTillYouDie(purchases=MODEL, purchases_fit=FIT)


def filled(sql, parameters=WITHOUT_SPEND, *, horizon_days=90, gap_days=0):
    return fill_parameters(sql, parameters, horizon_days=horizon_days, gap_days=gap_days)


@pytest.mark.parametrize("value", [0.1, 1 / 3, 5e-324, 1e300, 90.0, -2.5, 123456789.123456789])
def test_a_literal_is_the_very_number_and_a_double(value) -> None:
    found = duckdb.sql(f"SELECT {double(value)} AS v, typeof({double(value)})").fetchall()
    assert found == [(value, "DOUBLE")]
    spark = sqlglot.parse_one(double(value), read="duckdb").sql("spark")
    assert float(spark.strip("()")) == value
    assert "e" in spark  # Spark reads 0.1 as DECIMAL, and 0.1e0 as DOUBLE


def test_an_unknown_placeholder_is_named() -> None:
    with pytest.raises(ContractError, match="'btyd_alfa'; did you mean 'btyd_alpha'"):
        filled("{btyd_alfa}")


@pytest.mark.parametrize("name", PLACEHOLDERS)
def test_without_a_model_there_is_null_and_never_a_number(name) -> None:
    assert filled(f"1 + {{{name}}}", None) == "CAST(NULL AS DOUBLE)"


def test_a_model_of_spend_that_is_missing_spares_the_other_features() -> None:
    assert filled("{btyd_r} * {spend_p}") == "CAST(NULL AS DOUBLE)"
    assert filled("{btyd_r}") == "0.728e0"


def test_the_nodes_are_as_few_as_the_window_allows() -> None:
    counts = [nodes_needed(MODEL, horizon_days=days) for days in (7, 90, 365)]
    assert counts == sorted(counts)
    assert counts[0] < counts[-1] < 32


def test_without_a_gap_the_probability_of_none_needs_no_quadrature() -> None:
    assert filled("{btyd_p_buys_while_alive}").count("power(") == 1
    assert filled("{btyd_p_buys_while_alive}", gap_days=7).count("power(") > 10
