"""The single list of features, and the choice of those that a company's tables can feed."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from ebbtide.contracts.tables import table_contract
from ebbtide.errors import ContractError, did_you_mean
from ebbtide.words import Words
from features.btyd.beta_geometric import BetaGeometric
from features.btyd.gamma_gamma import GammaGamma
from features.btyd.maximum_likelihood import Fit
from features.btyd.parameters import BuyTillYouDie
from features.btyd.sql import fill_parameters
from features.catalogue import (
    activity_decline,
    balances,
    breadth,
    buy_till_you_die,
    calendar,
    complaints,
    frequency,
    monetary,
    payments,
    recency,
    returns,
    rhythm,
    satisfaction,
    subscriptions,
    tenure,
)
from features.catalogue.buy_till_you_die import FITTED_FROM
from features.population import POPULATIONS
from features.seen import seen_sql
from features.views import VIEWS, views_below

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence, Set

    from ebbtide.definition import ChurnKind
    from features.catalogue.feature import Feature

CATALOGUE: tuple[Feature, ...] = (
    *recency.FEATURES,
    *frequency.FEATURES,
    *monetary.FEATURES,
    *activity_decline.FEATURES,
    *rhythm.FEATURES,
    *returns.FEATURES,
    *breadth.FEATURES,
    *complaints.FEATURES,
    *satisfaction.FEATURES,
    *payments.FEATURES,
    *balances.FEATURES,
    *subscriptions.FEATURES,
    *tenure.FEATURES,
    *buy_till_you_die.FEATURES,
    *calendar.FEATURES,
)

_ANY_ZONE = "Europe/London"
"""A zone whose clocks change, so that the text holds how days are cut."""

_ANY_MODEL = BuyTillYouDie(
    purchases=BetaGeometric(kind="mbg_nbd", r=0.8, alpha=40.0, a=0.9, b=2.5),
    purchases_fit=Fit(customers=500, log_likelihood=-1000.0, evaluations=30),
    spend=GammaGamma(p=6.0, q=4.0, gamma=15.0),
    spend_fit=Fit(customers=200, log_likelihood=-900.0, evaluations=30),
)
"""A model, so that the text holds what its parameters stand for."""

_NO_PURCHASE = Words("No purchase in the lookback", "回溯期内无购买")

_BY_NAME = {feature.name: feature for feature in CATALOGUE}

assert len({each.name for each in (*CATALOGUE, *FITTED_FROM)}) == len(CATALOGUE) + len(
    FITTED_FROM
), "two features share a name"


def features_present(
    columns: Mapping[str, Set[str]], *, kind: ChurnKind = "inactivity"
) -> tuple[Feature, ...]:
    """Return the features that the tables at hand can feed.

    Parameters
    ----------
    columns : the columns of each table that is there.
    kind : of churn. Only by inactivity has everybody purchased; else each feature of purchases may
        be missing, and says so.

    Examples
    --------
    >>> names = {f.name for f in features_present({"transactions": {"customer_id"}})}
    >>> "recency_days" in names, "discount_share_365d" in names, "complaints_90d" in names
    (True, False, False)
    """
    return tuple(
        feature if kind == "inactivity" else _of_whoever(feature)
        for feature in CATALOGUE
        if _tables_of(feature) <= set(columns)
        and set(feature.columns) <= columns[feature.contract.table]
    )


def _tables_of(feature: Feature) -> set[str]:
    """Return the tables that a feature is computed from."""
    return {each.contract.table for each in (feature, *operands([feature]))}


def _of_whoever(feature: Feature) -> Feature:
    """Return a feature that also says what it means for one who never purchased."""
    contract, counts = feature.contract, feature.when_no_rows is not None
    if contract.is_nullable or counts or "transactions" not in _tables_of(feature):
        return feature
    return replace(feature, contract=replace(contract, when_null=_NO_PURCHASE))


def features_named(names: Iterable[str]) -> tuple[Feature, ...]:
    """Return features by name, in the order asked for.

    Raises
    ------
    ContractError
        If the catalogue has no feature of a name.
    """
    chosen = []
    for name in names:
        if name not in _BY_NAME:
            raise ContractError(
                f"The catalogue has no feature {name!r}; {did_you_mean(name, _BY_NAME)}"
            )
        chosen.append(_BY_NAME[name])
    return tuple(chosen)


def catalogue_version(features: Iterable[Feature], *, kind: ChurnKind = "inactivity") -> str:
    """Return a hash that is equal exactly where features are computed from equal declarations.

    A declaration is a feature's SQL with the views it reads and those below them, the features it
    is computed from, who is alive, what is seen of each table that is read, and what the
    parameters of the buying model are fitted from and stand for.

    Parameters
    ----------
    features : which features.
    kind : of churn, which says who is alive.
    """
    chosen = list(features)
    chosen += operands(chosen)
    living = POPULATIONS[kind]
    tables = dict.fromkeys([living.table, *(feature.contract.table for feature in chosen)])
    declared = [_declared(feature) for feature in chosen]
    views = views_below({*living.views, *(f.view for f in chosen if f.view is not None)})
    declared += [[living.sql, *(VIEWS[view].sql for view in views)]]
    declared += [[table, *_seen(table)] for table in tables]
    return hashlib.sha256(json.dumps(declared).encode()).hexdigest()[:12]


def operands(features: Sequence[Feature]) -> list[Feature]:
    """Return the features that expressions among the given ones are computed from."""
    words = {
        word
        for feature in features
        if feature.view is None
        for word in re.findall(r"\w+", feature.sql)
    }
    return [feature for feature in (*CATALOGUE, *FITTED_FROM) if feature.name in words]


def _seen(table: str) -> list[str]:
    """Return the point-in-time filter of a table, with all its columns and with the required."""
    contract = table_contract(table)
    return [
        seen_sql(table, set(columns), time_zone=_ANY_ZONE)
        for columns in (contract.names, contract.required)
    ]


def _declared(feature: Feature) -> list[object]:
    declared: list[object] = [
        feature.name,
        feature.sql,
        feature.view,
        feature.when_no_rows,
        *feature.columns,
    ]
    if "{" not in feature.sql:
        return declared
    filled = fill_parameters(feature.sql, _ANY_MODEL, horizon_days=90, gap_days=7)
    return [*declared, filled, *([each.name, each.sql] for each in FITTED_FROM)]
