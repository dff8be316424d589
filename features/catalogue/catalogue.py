"""The single list of features, and the choice of those that a company's tables can feed."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING

from ebbtide.contracts.tables import table_contract
from ebbtide.errors import ContractError, did_you_mean
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
from features.seen import seen_sql
from features.views import VIEWS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence, Set

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

_BY_NAME = {feature.name: feature for feature in CATALOGUE}

assert len(_BY_NAME) == len(CATALOGUE), "two features share a name"


def features_present(columns: Mapping[str, Set[str]]) -> tuple[Feature, ...]:
    """Return the features that the tables at hand can feed.

    Parameters
    ----------
    columns : the columns of each table that is there.

    Examples
    --------
    >>> names = {f.name for f in features_present({"transactions": {"customer_id"}})}
    >>> "recency_days" in names, "discount_share_365d" in names, "complaints_90d" in names
    (True, False, False)
    """
    return tuple(
        feature
        for feature in CATALOGUE
        if feature.contract.table in columns
        and set(feature.columns) <= columns[feature.contract.table]
    )


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


def catalogue_version(features: Iterable[Feature]) -> str:
    """Return a hash that is equal exactly where features are computed from equal declarations.

    A declaration is a feature's SQL with the view it reads, the features it is computed from, what
    a purchase is, and what is seen of each table that is read.
    """
    chosen = list(features)
    chosen += operands(chosen)
    tables = dict.fromkeys(["transactions", *(feature.contract.table for feature in chosen)])
    declared = [_declared(feature) for feature in chosen]
    declared.append([VIEWS["purchases"].sql])
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
    return [feature for feature in CATALOGUE if feature.name in words]


def _seen(table: str) -> list[str]:
    """Return the point-in-time filter of a table, with all its columns and with the required."""
    contract = table_contract(table)
    return [
        seen_sql(table, set(columns), time_zone=_ANY_ZONE)
        for columns in (contract.names, contract.required)
    ]


def _declared(feature: Feature) -> list[object]:
    view = None if feature.view is None else VIEWS[feature.view].sql
    return [feature.name, feature.sql, view, feature.when_no_rows, list(feature.columns)]
