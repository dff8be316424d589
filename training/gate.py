"""The gate: what a challenger must have shown before it may serve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ebbtide.errors import NotReady
from training.calibration import BRING_MORE

if TYPE_CHECKING:
    from collections.abc import Mapping

GATE_TAG = "gate"
PASSED = "passed"


def judge(metrics: Mapping[str, Any], best_rule_auc: float) -> str:
    """Return ``passed``, or why a model may not serve.

    Parameters
    ----------
    metrics : as in the bundle's manifest; measured out of time.
    best_rule_auc : AUC of the best simple rule on the same customers.

    Examples
    --------
    >>> judge({"auc": 0.79}, 0.77)
    'passed'
    >>> judge({"auc": 0.76}, 0.77)
    'AUC 0.7600 does not beat the best simple rule, 0.7700'
    """
    if not metrics["auc"] > best_rule_auc:
        return f"AUC {metrics['auc']:.4f} does not beat the best simple rule, {best_rule_auc:.4f}"
    return PASSED


def require_passed(verdict: str, *, version: str) -> None:
    """Return if the verdict is ``passed``.

    Raises
    ------
    NotReady
        If it is anything else.
    """
    if verdict != PASSED:
        raise NotReady(
            f"Version {version} may not be promoted: {verdict}. {BRING_MORE}, and "
            f"train again; until then the simple rule is the better choice."
        )
