"""Fill fitted parameters into the SQL of buy-till-you-die features, as exact DOUBLE literals.

What the features are is declared in ``features.catalogue.buy_till_you_die``; here is only what a
placeholder stands for. The text keeps to operators and functions that every engine has.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ebbtide.beta_posterior import beta_mean, nodes, scale_terms
from ebbtide.errors import ContractError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable

    from features.btyd.beta_geometric import BetaGeometric
    from features.btyd.parameters import BuyTillYouDie

DAYS = "purchases"
"""Purchase days of a customer in the lookback: one more than the repeats."""

AGE = "age_days"
"""Civil days from the first purchase in the lookback to the last day before ``as_of``."""

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_COUNTS = (6, 8, 10, 12, 16, 20, 24, 32)
_PRECISION = 1e-7
_NULL = "CAST(NULL AS DOUBLE)"


def fill_parameters(
    sql: str, parameters: BuyTillYouDie | None, *, horizon_days: float, gap_days: float
) -> str:
    """Return the SQL of a feature with its placeholders filled in.

    Parameters
    ----------
    sql : SQL of a feature; without placeholders it comes back as it is.
    parameters : what was fitted, or None if it could not be.
    horizon_days : length of the outcome window, days.
    gap_days : days between ``as_of`` and the outcome window.

    Returns
    -------
    str
        DuckDB's dialect. Null where a model that the feature needs could not be fitted.

    Raises
    ------
    ContractError
        If a placeholder is unknown.

    Examples
    --------
    >>> fill_parameters("sum(orders)", None, horizon_days=90, gap_days=0)
    'sum(orders)'
    >>> fill_parameters("{btyd_r} + 1", None, horizon_days=90, gap_days=0)
    'CAST(NULL AS DOUBLE)'
    """
    names = set(_PLACEHOLDER.findall(sql))
    if unknown := sorted(names - set(PLACEHOLDERS)):
        raise ContractError(
            f"No buy-till-you-die parameter {unknown[0]!r}; "
            f"{did_you_mean(unknown[0], PLACEHOLDERS)}"
        )
    if not names:
        return sql
    if parameters is None or (parameters.spend is None and names & _OF_SPEND):
        return _NULL
    texts = _texts(parameters, float(horizon_days), float(gap_days))
    return _PLACEHOLDER.sub(lambda found: texts[found[1]], sql)


def double(value: float) -> str:
    """Return a number as a literal that is a DOUBLE, exactly this one, in DuckDB and in Spark.

    Examples
    --------
    >>> double(0.243), double(1e-05), double(90), double(-2.5)
    ('0.243e0', '1e-05', '90.0e0', '(-2.5e0)')
    """
    text = repr(float(value))
    text = text if "e" in text else f"{text}e0"
    return f"({text})" if value < 0 else text


_OF_SPEND = frozenset({"spend_p", "spend_q", "spend_gamma"})
PLACEHOLDERS = (
    "btyd_r",
    "btyd_alpha",
    "btyd_a",
    "btyd_b",
    "btyd_purchases_while_alive",
    "btyd_p_buys_while_alive",
    *sorted(_OF_SPEND),
)
"""Everything that may stand in braces."""


@lru_cache(maxsize=64)
def _texts(parameters: BuyTillYouDie, horizon_days: float, gap_days: float) -> dict[str, str]:
    model, spend = parameters.purchases, parameters.spend
    assert model.kind == "mbg_nbd", "the catalogue's SQL is written for the MBG/NBD"
    texts = {
        "btyd_r": double(model.r),
        "btyd_alpha": double(model.alpha),
        "btyd_a": double(model.a),
        "btyd_b": double(model.b),
        "btyd_purchases_while_alive": _purchases_sql(model, horizon_days, gap_days),
        "btyd_p_buys_while_alive": _buys_sql(model, horizon_days, gap_days),
    }
    if spend is not None:
        texts |= {
            "spend_p": double(spend.p),
            "spend_q": double(spend.q),
            "spend_gamma": double(spend.gamma),
        }
    return texts


def _purchases_sql(model: BetaGeometric, horizon_days: float, gap_days: float) -> str:
    """Write the expected purchases in the window of one who lives."""
    return _mean_sql(
        model,
        lambda inverse: (
            f"({_survives_sql(model, gap_days, inverse)}"
            f" - {_survives_sql(model, gap_days + horizon_days, inverse)}) * {inverse}"
        ),
        span_days=gap_days + horizon_days,
    )


def _buys_sql(model: BetaGeometric, horizon_days: float, gap_days: float) -> str:
    """Write the probability of a purchase in the window for one who lives."""
    if gap_days == 0:
        return f"(1e0 - {_power_sql(model, f'{double(horizon_days)} / {_aged(model)}')})"

    def of_living(inverse: str) -> str:
        stopped = f"{double(gap_days)} / ({_aged(model)} * {inverse})"
        silent = _power_sql(model, f"{stopped} + {double(horizon_days)} / {_aged(model)}")
        return f"({_survives_sql(model, gap_days, inverse)} - {silent})"

    return _mean_sql(model, of_living, span_days=gap_days + horizon_days)


def _survives_sql(model: BetaGeometric, days: float, inverse: str) -> str:
    """Write the probability to live so many days on, given one over the stopping probability."""
    return _power_sql(model, f"{double(days)} / ({_aged(model)} * {inverse})") if days else "1e0"


def _power_sql(model: BetaGeometric, added: str) -> str:
    """Write the mean over the buying rate of ``exp(-rate * t)``, with ``t / (alpha + T)`` given."""
    return f"power(1e0 + {added}, {double(1 - model.r)} - {DAYS})"


def _mean_sql(model: BetaGeometric, of_living: Callable[[str], str], *, span_days: float) -> str:
    """Write the mean over the posterior of ``p`` of what is written for one over ``p``."""
    a, b = model.a, model.b + model.survivals
    odds, weights = nodes(a, b, count=nodes_needed(model, horizon_days=span_days))
    of_x, of_span = scale_terms(a, b)
    scale = (
        f"({double(1 - of_x)} + {double(of_x)} * {DAYS}"
        f" + {double(of_span)} * sqrt({double(span_days)} / {_aged(model)}))"
    )
    values, total = [], []
    for odd, weight in zip(odds, weights, strict=True):
        survival = f"power(1e0 + {double(odd)} / {scale}, {double(1 - a - b)} - {DAYS})"
        share = f"{double(weight)} * {survival}"
        total.append(share)
        values.append(f"{share} * {of_living(f'(1e0 + {scale} / {double(odd)})')}")
    return f"(({' + '.join(values)}) / ({' + '.join(total)}))"


def _aged(model: BetaGeometric) -> str:
    return f"({double(model.alpha)} + {AGE})"


def nodes_needed(model: BetaGeometric, *, horizon_days: float) -> int:
    """Return how many nodes keep expected purchases within 1e-7 for all ages up to ten years."""
    ages = np.concatenate([[0.0], np.geomspace(1, 3650, 24)])
    repeats = np.concatenate([[0.0], np.unique(np.geomspace(1, 3650, 24).round())])
    x, age = (grid.ravel() for grid in np.meshgrid(repeats, ages))
    x, age = x[x <= age], age[x <= age]
    shape, span = (model.r + x)[:, None], horizon_days / (model.alpha + age)

    def mean(count: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return beta_mean(
            lambda p: -np.expm1(-shape * np.log1p(p * span[:, None])) / p,
            a=model.a,
            b=model.b + model.survivals,
            repeats=x,
            span=span,
            count=count,
        )

    exact = mean(2 * _COUNTS[-1])
    precise = (n for n in _COUNTS[:-1] if np.abs(mean(n) / exact - 1).max() < _PRECISION)
    return next(precise, _COUNTS[-1])
