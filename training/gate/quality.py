"""Whether a challenger has shown enough: against rules, in its promises, for every group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ebbtide.words import Words
from training.gate.case import evaluation_of, measured
from training.gate.refusal import Refusal
from training.gate.schema import few
from training.grade import NEAR

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ebbtide.bundle.contents import Bundle
    from training.gate.case import Case

BY_CHANCE_FACTOR = 1.5
"""Faultless promises seldom show an error beyond so many times that which chance brings."""

NEAR_PERFECT_AUC = 0.97
FAR_AHEAD = 0.2
"""Without a champion: so near to perfect, and so far ahead of every rule, outcomes were seen."""


def quality_shown(case: Case) -> Iterator[Refusal]:
    """Yield what the challenger has not shown out of time."""
    evaluation = evaluation_of(case.challenger)
    if evaluation is None:
        yield Refusal(
            code="unmeasured",
            expected=Words("what was measured out of time", "样本外评估结果"),
            came=Words("none", "无"),
        )
        return
    yield from _better_than_rule(case.challenger, evaluation)
    yield from _calibrated(evaluation)
    yield from _slices(case, evaluation)
    yield from _too_good(case)


def _better_than_rule(bundle: Bundle, evaluation: Mapping[str, Any]) -> Iterator[Refusal]:
    metrics = bundle.manifest["metrics"]
    rule = max(metrics["rule_auc"].values(), default=0.5)
    if not metrics["auc"] > rule:
        yield Refusal(
            code="not_better",
            expected=Words(
                f"an AUC above that of the best simple rule, {rule:.4f}",
                f"AUC 高于最佳简单规则的 {rule:.4f}",
            ),
            came=Words(f"{metrics['auc']:.4f}", f"{metrics['auc']:.4f}"),
        )
    low = evaluation["measures"]["auc"]["low"]
    if low is None or low <= 0.5:
        shown = "-" if low is None else f"{low:.3f}"
        yield Refusal(
            code="chance",
            expected=Words("an AUC whose interval lies above 0.5", "AUC 的区间高于 0.5"),
            came=Words(f"an interval from {shown}", f"区间下限 {shown}"),
        )


def _calibrated(evaluation: Mapping[str, Any]) -> Iterator[Refusal]:
    lowest, highest, most = NEAR
    error = evaluation["measures"]["calibration_error"]
    allowed = max(most, BY_CHANCE_FACTOR * evaluation["calibration_error_by_chance"])
    if min(error["low"], error["value"]) > allowed:
        yield Refusal(
            code="calibration",
            expected=Words(
                f"a calibration error of at most {allowed:.3f}", f"校准误差不超过 {allowed:.3f}"
            ),
            came=Words(
                f"{error['value']:.3f} ({error['low']:.3f} to {error['high']:.3f})",
                f"{error['value']:.3f}({error['low']:.3f} 至 {error['high']:.3f})",
            ),
        )
    slope = evaluation["measures"]["calibration_slope"]
    if slope["value"] is None:
        return
    low = slope["value"] if slope["low"] is None else slope["low"]
    high = slope["value"] if slope["high"] is None else slope["high"]
    if high < lowest or low > highest:
        yield Refusal(
            code="calibration",
            expected=Words(
                f"a calibration slope of {lowest} to {highest}", f"校准斜率在 {lowest} 至 {highest}"
            ),
            came=Words(
                f"{slope['value']:.2f} ({low:.2f} to {high:.2f})",
                f"{slope['value']:.2f}({low:.2f} 至 {high:.2f})",
            ),
        )


def _slices(case: Case, evaluation: Mapping[str, Any]) -> Iterator[Refusal]:
    """Yield groups that are worse off than all customers: what ails all is said of calibration."""
    settings, of_all = case.settings, evaluation["measures"]
    overall = of_all["p_churn_mean"]["value"] - of_all["churned_share"]["value"]
    least = of_all["auc"]["value"] - settings.slice_auc_drop
    off, badly_ranked = [], []
    for each in evaluation["slices"]:
        if each["n"] < settings.slice_customers:
            continue
        name = f"{each['attribute']} = {each['level']}"
        gap, within = each["gap"], each["auc"]
        beyond = max(gap["low"] - overall, overall - gap["high"])
        if beyond > settings.slice_gap:
            off.append(f"{name}: {gap['value'] - overall:+.1%}")
        if within["high"] is not None and within["high"] < least:
            badly_ranked.append(f"{name}: {within['value']:.3f}")
    if off:
        yield Refusal(
            code="slice",
            expected=Words(
                f"promises to every group within {settings.slice_gap:.0%} of what came, beside "
                f"what all were promised too much or too little",
                f"扣除总体偏差后,各群体的预测与实际相差不超过 {settings.slice_gap:.0%}",
            ),
            came=Words(few(off), few(off)),
        )
    if badly_ranked:
        yield Refusal(
            code="slice",
            expected=Words(
                f"an AUC of at least {least:.3f} within every group",
                f"各群体内的 AUC 不低于 {least:.3f}",
            ),
            came=Words(few(badly_ranked), few(badly_ranked)),
        )


def _too_good(case: Case) -> Iterator[Refusal]:
    metrics = case.challenger.manifest["metrics"]
    auc, rule = metrics["auc"], max(metrics["rule_auc"].values(), default=0.5)
    before = None if case.peer is None else measured(case.peer, "auc")
    if before is not None and before["value"] is not None and before["high"] is not None:
        most = max(before["value"] + case.settings.auc_jump, before["high"])
        now = measured(case.challenger, "auc")
        low = None if now is None else now["low"]
        if low is not None and low > before["high"] and auc > most:
            yield Refusal(
                code="too_good",
                expected=Words(
                    f"an AUC of at most {most:.3f}, the champion's being {before['value']:.3f}",
                    f"AUC 不超过 {most:.3f}(现任模型为 {before['value']:.3f})",
                ),
                came=Words(f"{auc:.3f}", f"{auc:.3f}"),
            )
    elif auc > NEAR_PERFECT_AUC and auc - rule > FAR_AHEAD:
        yield Refusal(
            code="too_good",
            expected=Words(
                f"an AUC of at most {NEAR_PERFECT_AUC} where the best simple rule has {rule:.3f}",
                f"AUC 不超过 {NEAR_PERFECT_AUC}(最佳简单规则为 {rule:.3f})",
            ),
            came=Words(f"{auc:.3f}", f"{auc:.3f}"),
        )
