"""What features expect of customers: a buying model, fitted on the population of one snapshot.

The model itself is in ``features.btyd``; here it meets the catalogue and the engines.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ebbtide.errors import NotReady
from features.btyd.parameters import BuyTillYouDie, fit_parameters
from features.btyd.sql import fill_parameters
from features.catalogue.buy_till_you_die import FITTED_FROM

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from ebbtide.bundle.contents import Bundle
    from ebbtide.definition import ChurnDefinition
    from features.catalogue.feature import Feature

    FloatArray = NDArray[np.float64]


def needs_expectations(features: Iterable[Feature]) -> bool:
    """Return whether any of some features has parameters to be fitted."""
    return any(is_fitted(feature) for feature in features)


def is_fitted(feature: Feature) -> bool:
    """Return whether a feature has parameters to be fitted: it can be computed after a fit only."""
    return "{" in feature.sql


def fit_expectations(blocks: Sequence[Sequence[FloatArray]]) -> BuyTillYouDie | None:
    """Fit the buying model on the living customers of a snapshot.

    Parameters
    ----------
    blocks : the values of ``FITTED_FROM`` of some of the customers each, one array for each
        feature.

    Returns
    -------
    BuyTillYouDie or None
        None if too few customers came again for a model.
    """
    columns = np.array([np.concatenate(parts) for parts in zip(*blocks, strict=True)])
    is_missing = np.isnan(columns).any(axis=0)
    if is_missing.any():  # who has a contract need not have purchased
        columns = columns[:, ~is_missing]
    arguments = dict(zip((feature.name for feature in FITTED_FROM), columns, strict=True))
    try:
        return fit_parameters(**arguments)
    except NotReady:
        return None


def expectations_of(bundle: Bundle) -> BuyTillYouDie | None:
    """Return the buying model that a bundle's features are filled with."""
    held = bundle.expectations
    return None if held is None else BuyTillYouDie.from_json(held)


def with_expectations(
    features: Sequence[Feature], known: BuyTillYouDie | None, *, definition: ChurnDefinition
) -> tuple[Feature, ...]:
    """Return features with the parameters of the buying model filled into their SQL.

    Parameters
    ----------
    features : which features.
    known : the parameters; None makes the features null that need them.
    definition : says for which window customers are expected to buy.
    """
    return tuple(
        replace(
            feature,
            sql=fill_parameters(
                feature.sql,
                known,
                horizon_days=definition.horizon_days,
                gap_days=definition.gap_days,
            ),
        )
        for feature in features
    )
