"""Why a challenger may not serve: a code, what was expected, what came, and what to do.

The codes and the advice that goes with each stand in one table, which ``docs/gate.md`` prints.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ebbtide.words import Words

Code = Literal[
    "golden",
    "unmeasured",
    "not_better",
    "chance",
    "calibration",
    "slice",
    "too_good",
    "unreadable_champion",
    "schema",
    "definition",
    "catalogue",
    "future",
    "immature",
    "older",
    "lost_rows",
    "short_history",
    "stale_table",
    "repeated_rows",
    "shifted_hours",
    "customers",
    "churned_share",
    "upside_down",
    "probabilities",
    "feature_moved",
    "feature_constant",
    "feature_missing",
    "slow",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a code stands for.

    Parameters
    ----------
    asks : what the gate asks.
    advice : what to do about a refusal.
    is_acceptable : whether a person may promote in spite of it.
    """

    asks: Words
    advice: Words
    is_acceptable: bool = True


CODES: dict[Code, Meaning] = {
    "golden": Meaning(
        asks=Words("Do the golden rows score as in training?", "基准行的得分是否与训练时一致?"),
        advice=Words(
            "Compare the versions of libraries with the bundle's lineage, and train again",
            "请核对库版本与模型包记录是否一致,然后重新训练",
        ),
        is_acceptable=False,
    ),
    "unmeasured": Meaning(
        asks=Words("Was it measured at all?", "是否经过评估?"),
        advice=Words("Train again", "请重新训练"),
        is_acceptable=False,
    ),
    "not_better": Meaning(
        asks=Words("Does it rank better than the best simple rule?", "排序是否优于最佳简单规则?"),
        advice=Words(
            "Bring a longer history, or more columns and tables, and train again; until then the "
            "simple rule is the better choice",
            "请提供更长的历史或更多的字段与数据表后重新训练;在此之前使用简单规则更好",
        ),
    ),
    "chance": Meaning(
        asks=Words("Does it surely rank better than chance?", "排序是否确定优于随机?"),
        advice=Words(
            "Check that outcomes belong to their customers; bring more customers",
            "请检查结果是否与客户对应,并提供更多客户",
        ),
    ),
    "calibration": Meaning(
        asks=Words("Do its probabilities come true?", "概率是否与实际相符?"),
        advice=Words(
            "Look at the calibration plot of its report; bring a longer history",
            "请查看报告中的校准图,并提供更长的历史",
        ),
    ),
    "slice": Meaning(
        asks=Words(
            "Is it usable for every large group of customers?", "对每个较大的客户群体是否都可用?"
        ),
        advice=Words(
            "Look at the slices of its report, and at the data of that group",
            "请查看报告中的分组结果以及该群体的数据",
        ),
    ),
    "too_good": Meaning(
        asks=Words("Is it not too good to be true?", "效果是否好得不真实?"),
        advice=Words(
            "Look at its first drivers: a column or table may tell the outcome, being written or "
            "deleted after it",
            "请查看首要驱动因素:某个字段或数据表可能在结果之后才写入或删除,从而泄露了结果",
        ),
    ),
    "unreadable_champion": Meaning(
        asks=Words("Can the champion be read, to be compared with?", "现任模型能否读取以作比较?"),
        advice=Words(
            "If it was made by another version of Ebbtide or signed with another key, look at the "
            "challenger by hand",
            "若现任模型由其他版本生成或使用其他密钥签名,请人工检查新模型",
        ),
    ),
    "schema": Meaning(
        asks=Words("Does it read what the champion reads?", "读取的特征是否与现任模型兼容?"),
        advice=Words(
            "Check that every table and column is still there; tell those who send features",
            "请检查各数据表和字段是否齐全,并告知发送特征的系统",
        ),
    ),
    "definition": Meaning(
        asks=Words("Does churn mean the same?", "流失定义是否相同?"),
        advice=Words(
            "If the change is meant, tell the readers of scores",
            "若确需更改,请告知分数的使用者",
        ),
    ),
    "catalogue": Meaning(
        asks=Words("Do the same features mean the same?", "同名特征的含义是否相同?"),
        advice=Words(
            "If the change is meant, have those who send features compute them anew",
            "若确需更改,请让发送特征的系统重新计算",
        ),
    ),
    "future": Meaning(
        asks=Words("Does it know nothing of the future?", "是否不含未来数据?"),
        advice=Words("Check the clock, and the time zone of the tables", "请检查时钟和数据的时区"),
    ),
    "immature": Meaning(
        asks=Words(
            "Had every outcome matured that it learned from?", "所学习的结果是否均已完整观察?"
        ),
        advice=Words(
            "Learn only from outcome windows that are over", "只能从已结束的结果窗口中学习"
        ),
    ),
    "older": Meaning(
        asks=Words("Is it of newer data than the champion?", "数据是否不早于现任模型?"),
        advice=Words("Load the newest data, and train again", "请载入最新数据后重新训练"),
    ),
    "lost_rows": Meaning(
        asks=Words("Are the data still as many?", "数据量是否没有大幅减少?"),
        advice=Words("Check that every file was loaded completely", "请检查各文件是否完整载入"),
    ),
    "short_history": Meaning(
        asks=Words("Does the log reach back as far?", "历史长度是否没有大幅缩短?"),
        advice=Words("Bring the older data back", "请补回较早的数据"),
    ),
    "stale_table": Meaning(
        asks=Words("Does every table reach to the end?", "各数据表是否更新到最后?"),
        advice=Words("Load the newest rows of the table", "请载入该表的最新数据"),
    ),
    "repeated_rows": Meaning(
        asks=Words("Is every row there once?", "每一行是否只出现一次?"),
        advice=Words(
            "A file may have been loaded twice: drop it, or use SELECT DISTINCT in a query",
            "可能有文件被重复载入:请删除,或在查询中使用 SELECT DISTINCT",
        ),
    ),
    "shifted_hours": Meaning(
        asks=Words("Is it read in the same time zone?", "时区是否一致?"),
        advice=Words(
            "Check project.time_zone, and the zone in which the table was written",
            "请检查 project.time_zone 以及数据写入时所用的时区",
        ),
    ),
    "customers": Meaning(
        asks=Words("Are there about as many living customers?", "在留客户数是否相近?"),
        advice=Words(
            "Check that no customers were lost and that ids are written as before",
            "请检查客户是否丢失,客户编号的写法是否与之前一致",
        ),
    ),
    "churned_share": Meaning(
        asks=Words("Did about as many leave?", "流失比例是否相近?"),
        advice=Words(
            "Check how outcomes are told, and that the last months are complete",
            "请检查结果的判定方式以及最近几个月的数据是否完整",
        ),
    ),
    "upside_down": Meaning(
        asks=Words(
            "Do the simple rules point the way that they did?", "简单规则的方向是否与之前一致?"
        ),
        advice=Words(
            "Leavers and stayers may have changed places: check how outcomes are told",
            "流失与留存可能颠倒:请检查结果的判定方式",
        ),
    ),
    "probabilities": Meaning(
        asks=Words("Are its probabilities spread about alike?", "概率分布是否相近?"),
        advice=Words(
            "See on the compare page who would be on the list, and why",
            "请在对比页面查看名单的变化及原因",
        ),
    ),
    "feature_moved": Meaning(
        asks=Words("Are features spread about alike?", "特征分布是否相近?"),
        advice=Words(
            "Check units, currency and definition of the columns behind it",
            "请检查相关字段的单位、币种和口径",
        ),
    ),
    "feature_constant": Meaning(
        asks=Words("Does every feature still vary?", "各特征是否仍有变化?"),
        advice=Words(
            "Check the columns behind it: they may be filled with a default",
            "请检查相关字段是否被填充了默认值",
        ),
    ),
    "feature_missing": Meaning(
        asks=Words("Are features about as often there?", "特征缺失是否没有明显增加?"),
        advice=Words(
            "Check that the columns behind it are still filled", "请检查相关字段是否仍有数据"
        ),
    ),
    "slow": Meaning(
        asks=Words("Is it fast enough?", "速度是否足够快?"),
        advice=Words(
            "Measure again on an idle machine; else try fewer or smaller candidates",
            "请在空闲的机器上重新测量;否则请减少或缩小候选模型",
        ),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One reason against promotion.

    Parameters
    ----------
    code : what is wrong, for programs and for ``--accept``.
    expected, came : the facts.

    Examples
    --------
    >>> refusal = Refusal(
    ...     code="older",
    ...     expected=Words("data up to 2026-02-01 or later", "数据截至 2026-02-01 或更晚"),
    ...     came=Words("2026-01-01", "2026-01-01"),
    ... )
    >>> refusal.words.en  # doctest: +ELLIPSIS
    'Expected data up to 2026-02-01 or later, got 2026-01-01. Load the newest data...'
    """

    code: Code
    expected: Words
    came: Words

    @property
    def words(self) -> Words:
        """The reason in full: what was expected, what came, what to do."""
        advice = CODES[self.code].advice
        return Words(
            f"Expected {self.expected.en}, got {self.came.en}. {advice.en}.",
            f"预期{self.expected.zh},实际为 {self.came.zh}。{advice.zh}。",
        )

    @property
    def is_acceptable(self) -> bool:
        """Whether a person may promote in spite of it."""
        return CODES[self.code].is_acceptable
