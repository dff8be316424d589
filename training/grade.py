"""The honest grade: a letter for what a model has shown, with the reasons in words.

It reads what was measured and judges nothing else. What a challenger must show before it may serve
is asked by the gate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ebbtide.words import Words
from training.evaluation.bootstrap import Estimate
from training.rule_words import rule_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from features.usability.shortfall import Shortfall
    from training.evaluation.evaluation import Evaluation

Letter = Literal["A", "B", "C", "D", "F"]
Standing = Literal["surely better", "likely better", "not better", "worse", "chance"]
Calibration = Literal["in range", "near", "off"]

FEWEST_OF_EACH = 100
"""Leavers, and stayers, that a grade needs; with fewer no check of probabilities is worth much
(Y. Vergouwe et al., Substantial effective sample sizes were required for external validation
studies of predictive logistic regression models, Journal of Clinical Epidemiology 58 (2005))."""

IN_RANGE: tuple[float, float, float] = (0.8, 1.25, 0.05)
"""Lowest and highest calibration slope, and highest calibration error, of a model in range."""
NEAR: tuple[float, float, float] = (0.67, 1.5, 0.1)
"""The same of a model that is near."""

LETTERS: dict[Standing, dict[Calibration, Letter]] = {
    "surely better": {"in range": "A", "near": "B", "off": "C"},
    "likely better": {"in range": "B", "near": "C", "off": "D"},
    "not better": {"in range": "D", "near": "D", "off": "D"},
    "worse": {"in range": "F", "near": "F", "off": "F"},
    "chance": {"in range": "F", "near": "F", "off": "F"},
}
"""The letter, by how the model stands to the best rule, and by its calibration."""

MEANINGS: dict[Letter, Words] = {
    "A": Words(
        "Better than every simple rule that was tried, by its 95% interval, and its probabilities "
        "came true",
        "按 95% 区间优于所有试过的简单规则,且预测概率与实际相符",
    ),
    "B": Words(
        "Good to work with: either its lead over the rules or its probabilities are not yet sure",
        "可以使用:相对规则的优势或概率的准确性尚有一项未完全证实",
    ),
    "C": Words(
        "Good for ranking at best: do not count with its probabilities",
        "至多适合排序:不要直接使用其概率",
    ),
    "D": Words("No reason to prefer it to a simple rule", "没有理由弃用简单规则而选用它"),
    "F": Words("Do not use it", "不要使用"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """What a model is worth.

    Parameters
    ----------
    letter : None where none can be given.
    reasons : why, the first being the letter's meaning or what is missing.
    standing : how it stands to the best rule; None without a letter.
    calibration : whether its probabilities come true; None without a letter.
    """

    letter: Letter | None
    reasons: tuple[Words, ...]
    standing: Standing | None = None
    calibration: Calibration | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "letter": self.letter,
            "reasons": [{"en": reason.en, "zh": reason.zh} for reason in self.reasons],
            "standing": self.standing,
            "calibration": self.calibration,
        }


def grade(
    evaluation: Evaluation,
    *,
    is_later_period: bool,
    earlier: Sequence[Evaluation] = (),
    lacking: Shortfall | None = None,
) -> Grade:
    """Grade a model.

    Parameters
    ----------
    evaluation : at the latest period.
    is_later_period : whether that is later than anything that model and calibrator were trained or
        tuned on.
    earlier : of the same recipe at earlier periods; only whether it led there is asked.
    lacking : what there is, and what it would take to test at a later period; None where that is
        not known.

    Examples
    --------
    >>> from ebbtide.evaluation_settings import EvaluationSettings
    >>> from training.evaluation.evaluate import evaluate
    >>> from training.evaluation.judged import Judged
    >>> import numpy as np
    >>> p_churn = np.linspace(0.05, 0.95, 150)
    >>> judged = Judged(
    ...     as_of=None,
    ...     customer_ids=np.arange(150).astype(str),
    ...     churned=np.round(p_churn),
    ...     log_odds=p_churn,
    ...     p_churn=p_churn,
    ...     rules={"dummy": np.zeros(150)},
    ...     value=np.full(150, np.nan),
    ... )
    >>> few = evaluate(judged, settings=EvaluationSettings(resamples=200), seed=0)
    >>> grade(few, is_later_period=True).reasons[0].en
    'No grade: only 75 customers left in the period of the test; a grade needs at least 100'
    """
    missing = _missing(evaluation, None if is_later_period else _no_later(lacking))
    if missing:
        return Grade(letter=None, reasons=missing)
    behind = sum(_lead(each).value <= 0 for each in earlier)
    standing = standing_of(evaluation, behind_before=behind)
    calibration = calibration_of(evaluation)
    letter = LETTERS[standing][calibration]
    reasons = [MEANINGS[letter], _on_standing(evaluation, standing)]
    if behind:
        reasons.append(_on_earlier(behind, len(earlier)))
    reasons.append(_on_calibration(evaluation, calibration))
    if calibration != "in range" and _may_be_chance(evaluation):
        reasons.append(
            Words(
                "So few customers show such an error even where every probability is right",
                "客户数量较少,即使概率完全正确也可能出现这样的误差",
            )
        )
    return Grade(letter=letter, reasons=tuple(reasons), standing=standing, calibration=calibration)


def standing_of(evaluation: Evaluation, *, behind_before: int = 0) -> Standing:
    """Return how a model stands to the best rule.

    Parameters
    ----------
    evaluation : at the latest period.
    behind_before : at how many earlier periods it did not lead; then its lead is not sure.
    """
    auc, lead = evaluation.measures["auc"], _lead(evaluation)
    if not auc.low > 0.5:
        return "chance"
    if lead.high < 0:
        return "worse"
    if not lead.value > 0:
        return "not better"
    return "surely better" if lead.low > 0 and not behind_before else "likely better"


def calibration_of(evaluation: Evaluation) -> Calibration:
    """Return whether probabilities came true: slope and error both within their limits.

    To be in range the slope's whole interval must be near as well: of few customers any slope is
    told so roughly that its value alone says little.
    """
    interval = evaluation.measures["calibration_slope"]
    slope, is_told = interval.value, NEAR[0] <= interval.low and interval.high <= NEAR[1]
    error = evaluation.measures["calibration_error"].value
    limits: tuple[tuple[Calibration, tuple[float, float, float]], ...] = (
        ("in range", IN_RANGE),
        ("near", NEAR),
    )
    for name, (lowest, highest, most) in limits:
        is_within = lowest <= slope <= highest and error <= most
        if is_within and (is_told or name != "in range"):
            return name
    return "off"


def _lead(evaluation: Evaluation) -> Estimate:
    """Return AUC less that of the best rule, or than that of chance where there is no rule."""
    if evaluation.difference is not None:
        return evaluation.difference
    auc = evaluation.measures["auc"]
    return Estimate(value=auc.value - 0.5, low=auc.low - 0.5, high=auc.high - 0.5)


def _no_later(lacking: Shortfall | None) -> Words:
    if lacking is None or not (lacking.has_few_snapshots or lacking.days_missing):
        return Words(
            "No grade: the history is too short, or has no dates, to test the model at a later "
            "period than it learned from",
            "无法评级:历史数据太短或没有日期,无法在晚于训练数据的时期检验模型",
        )
    few = Words(
        f"at least {lacking.snapshots_needed} snapshots, and snapshots.max_count is "
        f"{lacking.max_count}",
        f"至少 {lacking.snapshots_needed} 个快照,而 snapshots.max_count 为 {lacking.max_count}",
    )
    short = Words(
        f"{lacking.days_needed:,} days of log, and there are {lacking.log_days:,}",
        f"{lacking.days_needed:,} 天的历史数据,现有 {lacking.log_days:,} 天",
    )
    said = [few] if lacking.has_few_snapshots else []
    if lacking.days_missing:
        said.append(short)
    return Words(
        "No grade: to test the model at a later period than it learned from takes "
        + "; and ".join(each.en for each in said),
        "无法评级:在晚于训练数据的时期检验模型,需要" + ";并需要".join(each.zh for each in said),
    )


def _missing(evaluation: Evaluation, no_later: Words | None) -> tuple[Words, ...]:
    reasons = [] if no_later is None else [no_later]
    stayed = evaluation.n - evaluation.n_churned
    for count, en, zh in ((evaluation.n_churned, "left", "流失"), (stayed, "stayed", "留存")):
        if count < FEWEST_OF_EACH:
            reasons.append(
                Words(
                    f"No grade: only {count} customers {en} in the period of the test; a grade "
                    f"needs at least {FEWEST_OF_EACH}",
                    f"无法评级:检验期内仅有 {count} 位客户{zh};评级至少需要 {FEWEST_OF_EACH} 位",
                )
            )
    return tuple(reasons)


def _on_standing(evaluation: Evaluation, standing: Standing) -> Words:
    auc, lead = evaluation.measures["auc"], _lead(evaluation)
    if standing == "chance":
        return Words(
            f"It may rank no better than chance: AUC {auc.value:.3f}, 95% interval from "
            f"{auc.low:.3f}; chance is 0.5",
            f"其排序可能并不优于随机:AUC {auc.value:.3f},95% 区间下限 {auc.low:.3f};随机为 0.5",
        )
    rule = rule_words(evaluation.best_rule) if evaluation.best_rule else Words("chance", "随机")
    said = {
        "surely better": Words("It ranks better than the best simple rule", "排序优于最佳简单规则"),
        "likely better": Words(
            "It ranks better than the best simple rule, though that is not sure",
            "排序优于最佳简单规则,但尚不确定",
        ),
        "not better": Words(
            "It does not rank better than the best simple rule", "排序并不优于最佳简单规则"
        ),
        "worse": Words("It ranks worse than the best simple rule", "排序不如最佳简单规则"),
    }[standing]
    return Words(
        f"{said.en} ({rule.en}): AUC {auc.value:.3f}, difference {lead.value:+.3f} "
        f"(95% interval {lead.low:+.3f} to {lead.high:+.3f})",
        f"{said.zh}({rule.zh}):AUC {auc.value:.3f},差值 {lead.value:+.3f}"
        f"(95% 区间 {lead.low:+.3f} 至 {lead.high:+.3f})",
    )


def _on_earlier(behind: int, periods: int) -> Words:
    return Words(
        f"It did not lead at {behind} of {periods} earlier periods",
        f"在 {periods} 个更早时期中,有 {behind} 个时期未领先",
    )


def _on_calibration(evaluation: Evaluation, calibration: Calibration) -> Words:
    measures = evaluation.measures
    slope, error = measures["calibration_slope"].value, measures["calibration_error"].value
    promised, came = measures["p_churn_mean"].value, measures["churned_share"].value
    said = {
        "in range": Words("Its probabilities came true", "预测概率与实际相符"),
        "near": Words("Its probabilities are somewhat off", "预测概率略有偏差"),
        "off": Words("Its probabilities are off", "预测概率偏差较大"),
    }[calibration]
    band = measures["calibration_slope"]
    steepness = "-"
    if math.isfinite(slope):
        steepness = f"{slope:.2f} [{band.low:.2f}, {band.high:.2f}]"
    return Words(
        f"{said.en}: promised {promised:.1%}, came {came:.1%}; calibration error {error:.3f} "
        f"(at most {IN_RANGE[2]}), slope {steepness} ({IN_RANGE[0]} to {IN_RANGE[1]})",
        f"{said.zh}:预测 {promised:.1%},实际 {came:.1%};校准误差 {error:.3f}"
        f"(不超过 {IN_RANGE[2]}),斜率 {steepness}({IN_RANGE[0]} 至 {IN_RANGE[1]})",
    )


def _may_be_chance(evaluation: Evaluation) -> bool:
    """Return whether only the error is out of range, by no more than chance may well do.

    Over ten bins the error of faultless promises is seldom beyond one and a half times its mean.
    """
    slope = evaluation.measures["calibration_slope"].value
    error = evaluation.measures["calibration_error"].value
    is_steep_enough = IN_RANGE[0] <= slope <= IN_RANGE[1]
    return is_steep_enough and error <= 1.5 * evaluation.calibration_error_by_chance
