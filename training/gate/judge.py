"""All checks of the gate, and the verdict: every reason at once, none for passed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ebbtide.errors import NotReady, SettingsError, did_you_mean
from ebbtide.words import Words
from training.gate.case import Case
from training.gate.features import features_alike
from training.gate.log import log_alike
from training.gate.population import population_alike
from training.gate.quality import quality_shown
from training.gate.refusal import CODES, Refusal
from training.gate.schema import schema_kept
from training.gate.serving import serves_well
from training.gate.time import time_in_order

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from datetime import datetime
    from typing import Any

    from ebbtide.bundle.contents import Bundle
    from ebbtide.gate_settings import GateSettings

GATE_TAG = "gate"
PASSED = "passed"

CHECKS: tuple[Callable[[Case], Iterator[Refusal]], ...] = (
    quality_shown,
    schema_kept,
    time_in_order,
    log_alike,
    population_alike,
    features_alike,
    serves_well,
)


def judge(
    challenger: Bundle,
    champion: Bundle | None,
    *,
    settings: GateSettings,
    at: datetime,
    is_champion_unreadable: bool = False,
) -> list[Refusal]:
    """Return every reason against promoting a challenger; none means that it passes.

    Parameters
    ----------
    challenger : its bundle, verified.
    champion : the bundle that serves; None where there is none, or it cannot be read.
    settings : limits.
    at : the present, aware.
    is_champion_unreadable : whether there is a champion, but its bundle cannot be read.
    """
    case = Case(challenger=challenger, champion=champion, settings=settings, at=at)
    refusals = [refusal for check in CHECKS for refusal in check(case)]
    if is_champion_unreadable:
        refusals.append(
            Refusal(
                code="unreadable_champion",
                expected=Words("a champion to compare with", "可供比较的现任模型"),
                came=Words("a bundle that cannot be read", "无法读取的模型包"),
            )
        )
    order = list(CODES)
    return sorted(refusals, key=lambda refusal: order.index(refusal.code))


def verdict(refusals: Sequence[Refusal]) -> str:
    """Return ``passed``, or the codes with the words of the first, for a tag of the registry.

    Examples
    --------
    >>> verdict([])
    'passed'
    """
    if not refusals:
        return PASSED
    codes = ", ".join(dict.fromkeys(refusal.code for refusal in refusals))
    return f"refused ({codes}): {refusals[0].words.en}"


def beats_rule(metrics: Mapping[str, Any], best_rule_auc: float) -> str:
    """Return ``passed``, or that a model does not beat the best simple rule.

    For a backtest, whose models are not promoted, this is all that is asked.

    Parameters
    ----------
    metrics : measured out of time, with ``auc``.
    best_rule_auc : AUC of the best simple rule on the same customers.

    Examples
    --------
    >>> beats_rule({"auc": 0.79}, 0.77)
    'passed'
    >>> beats_rule({"auc": 0.76}, 0.77)
    'AUC 0.7600 does not beat the best simple rule, 0.7700'
    """
    if not metrics["auc"] > best_rule_auc:
        return f"AUC {metrics['auc']:.4f} does not beat the best simple rule, {best_rule_auc:.4f}"
    return PASSED


def refused_over(refusals: Sequence[Refusal], accepted: Collection[str]) -> list[Refusal]:
    """Return the refusals that a person did not accept.

    Parameters
    ----------
    refusals : as :func:`judge` gives them.
    accepted : codes.

    Raises
    ------
    SettingsError
        If a code does not exist, or may never be accepted.

    Examples
    --------
    >>> refused_over([], ["older"])
    []
    """
    known = [code for code, meaning in CODES.items() if meaning.is_acceptable]
    for code in accepted:
        if code not in known:
            raise SettingsError(
                f"Expected --accept with a code that may be accepted, got {code!r}; "
                f"{did_you_mean(code, known)}"
            )
    return [refusal for refusal in refusals if refusal.code not in accepted]


def require_passed(refusals: Sequence[Refusal], *, version: str) -> None:
    """Return if nothing speaks against a version.

    Raises
    ------
    NotReady
        If anything does; every reason is named.
    """
    if not refusals:
        return
    listed = "\n".join(f"  {refusal.code}: {refusal.words.en}" for refusal in refusals)
    codes = dict.fromkeys(refusal.code for refusal in refusals if refusal.is_acceptable)
    way = (
        f" Who has looked into it may accept it: {' '.join(f'--accept {each}' for each in codes)}."
        if len(codes) == len({refusal.code for refusal in refusals})
        else ""
    )
    raise NotReady(f"Version {version} may not be promoted:\n{listed}\nSee docs/gate.md.{way}")
