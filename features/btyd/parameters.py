"""The fitted buy-till-you-die models of one snapshot: parameters, how the fits went, as JSON.

Which customers are handed in, and that they are seen before ``as_of`` only, is the caller's part.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ebbtide.errors import ContractError, NotReady
from features.btyd.beta_geometric import BetaGeometric, fit_beta_geometric
from features.btyd.gamma_gamma import GammaGamma, fit_gamma_gamma
from features.btyd.histories import histories, sortable
from features.btyd.maximum_likelihood import Fit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

LEAST_CUSTOMERS = 100
LEAST_REPEATERS = 30
MOST_HISTORIES = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class BuyTillYouDie:
    """What the features of the family need to know; the unit of time is the day.

    Parameters
    ----------
    purchases : the model of purchases.
    purchases_fit : how its fit went.
    spend : the model of spend on a purchase day; None if too few customers bought twice.
    spend_fit : how its fit went.
    """

    purchases: BetaGeometric
    purchases_fit: Fit
    spend: GammaGamma | None = None
    spend_fit: Fit | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain data; :meth:`from_json` reads it back."""
        return {"unit": "days", **asdict(self)}

    @classmethod
    def from_json(cls, read: Mapping[str, Any]) -> BuyTillYouDie:
        """Make parameters from what :meth:`to_json` wrote.

        Raises
        ------
        ContractError
            If the unit of time is not the day.
        """
        if read["unit"] != "days":
            raise ContractError(f"Expected parameters per days, got {read['unit']!r}; fit anew.")
        return cls(
            purchases=BetaGeometric(**read["purchases"]),
            purchases_fit=_fit(read["purchases_fit"]),
            spend=None if read["spend"] is None else GammaGamma(**read["spend"]),
            spend_fit=None if read["spend_fit"] is None else _fit(read["spend_fit"]),
        )


def fit_parameters(
    repeats: ArrayLike,
    last_days: ArrayLike,
    age_days: ArrayLike,
    *,
    purchases: ArrayLike | None = None,
    spend: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> BuyTillYouDie:
    """Fit the models of purchases and, if spend is given, of spend.

    More than 20,000 different histories are thinned, always in the same way.

    Parameters
    ----------
    repeats : purchase days after the first, ``x``.
    last_days : days from the first purchase to the last, ``t_x``.
    age_days : days from the first purchase to the end of observation, ``T``.
    purchases : purchase days that ``spend`` is the sum of, one customer each; may cover another
        time than ``repeats``.
    spend : sum of their spend, currency, >= 0.
    weights : how many customers each row stands for; for purchases only.

    Raises
    ------
    NotReady
        If there are fewer than 100 customers or 30 who came again, or no maximum is found.
    ContractError
        If a history is impossible.

    Examples
    --------
    >>> fitted = fit_parameters(
    ...     [0, 1, 2, 0, 5, 3], [0, 20, 50, 0, 80, 30], [90] * 6, weights=[50, 20, 10, 30, 5, 9]
    ... )
    >>> fitted.purchases.kind, fitted.spend is None
    ('mbg_nbd', True)
    """
    with ThreadPoolExecutor(max_workers=1) as beside:
        spent = None
        if purchases is not None and spend is not None:
            days, sums = np.asarray(purchases, dtype=float), np.asarray(spend, dtype=float)
            spent = beside.submit(_mean_spends, days, sums)
        seen = histories(repeats, last_days, age_days, weights=weights, most=MOST_HISTORIES)
    if seen.customers < LEAST_CUSTOMERS or seen.repeaters < LEAST_REPEATERS:
        raise NotReady(
            f"A buying model needs {LEAST_CUSTOMERS} customers and {LEAST_REPEATERS} who bought "
            f"on two days or more; there are {seen.customers:.0f} and {seen.repeaters:.0f} within "
            "the lookback. Wait for more data, or lengthen the lookback."
        )
    model, fit = fit_beta_geometric(seen, kind="mbg_nbd")
    if spent is None:
        return BuyTillYouDie(purchases=model, purchases_fit=fit)
    spend_model, spend_fit = _fit_spend(*spent.result())
    return BuyTillYouDie(purchases=model, purchases_fit=fit, spend=spend_model, spend_fit=spend_fit)


def _mean_spends(
    purchases: NDArray[np.float64], spend: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return purchase days and mean spends, in order, of who spent anything.

    What was free tells nothing of prices.
    """
    spent = (purchases > 0) & (spend > 0)
    return _in_order(purchases[spent], spend[spent] / purchases[spent])


def _fit_spend(
    days: NDArray[np.float64], mean: NDArray[np.float64]
) -> tuple[GammaGamma | None, Fit | None]:
    """Fit spend; None for both if too few customers came again."""
    if (days > 1).sum() < LEAST_REPEATERS:
        return None, None
    kept = _every_kth(len(days))
    try:
        return fit_gamma_gamma(days[kept], mean[kept])
    except NotReady:  # spend without a maximum, such as one price for all; purchases have theirs
        return None, None


def _in_order(
    days: NDArray[np.float64], mean: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sort by days and, among equal days, by the mean; where a row went nobody asks."""
    order = np.argsort(sortable(days), kind="stable")
    days, mean = days.take(order), mean.take(order)
    borders = np.flatnonzero(days[1:] != days[:-1]) + 1
    for of_equal_days in np.split(mean, borders):
        of_equal_days.sort()  # a view of the means
    return days, mean


def _every_kth(count: int) -> NDArray[np.int64]:
    if count <= MOST_HISTORIES:
        return np.arange(count)
    return np.linspace(0, count - 1, MOST_HISTORIES).round().astype(np.int64)


def _fit(read: Mapping[str, Any]) -> Fit:
    return Fit(**{**read, "at_bound": tuple(read["at_bound"])})
