"""A question about one customer, and its answer: plain data and the words of an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import msgspec

from ebbtide.words import Words

if TYPE_CHECKING:
    from datetime import datetime

    from ebbtide.answer.value import ValueBasis
    from ebbtide.decision import EffectBasis, NoAction
    from ebbtide.holdout import Arm
    from ebbtide.policy.policy import Band, Channel
    from ebbtide.reasons import Reason
    from ebbtide.words import Language

Abstain = Literal[
    "already_churned",
    "too_little_history",
    "out_of_range",
    "no_finite_score",
    "definition_changed",
    "expired",
    "profiling_opt_out",
]

ABSTAIN: dict[Abstain, Words] = {
    "already_churned": Words(
        "Not scored: by the churn definition the customer has already left",
        "未评分：按流失定义，该客户已经流失",
    ),
    "too_little_history": Words(
        "Not scored: too little is known of this customer from before as_of to judge by",
        "未评分：as_of 之前对该客户所知甚少，不足以判断",
    ),
    "out_of_range": Words(
        "Not scored: most of what moves the score lies outside what the model learned from",
        "未评分：影响评分的因素大部分超出模型学习过的范围",
    ),
    "no_finite_score": Words(
        "Not scored: the model gives no finite score for these values",
        "未评分：模型无法对这些数值给出有效评分",
    ),
    "definition_changed": Words(
        "No longer scored: the score was made by another churn definition than is in force now; "
        "score again",
        "评分已失效：该评分依据的流失定义已变更；请重新评分",
    ),
    "expired": Words(
        "No longer scored: valid_until has passed; score again",
        "评分已失效：已过有效期（valid_until）；请重新评分",
    ),
    "profiling_opt_out": Words(
        "Not scored: the customer has opted out of profiling",
        "未评分：客户已选择不接受用户画像分析",
    ),
}

WarningCode = Literal[
    "missing_feature",
    "missing_table",
    "missing_column",
    "other_fit",
    "unseen_category",
    "unlearned_null",
    "unlearned_range",
    "calibration_off",
    "calibration_unchecked",
    "expired",
    "newer_events",
    "log_spooled",
]

WARNINGS: dict[WarningCode, Words] = {
    "missing_feature": Words(
        "{subject} was not sent; taken as: {meaning}", "未提供 {subject}，视为：{meaning}"
    ),
    "missing_table": Words(
        "Table {subject} was not sent; taken as: no such events",
        "未提供表 {subject}，视为：没有此类事件",
    ),
    "missing_column": Words(
        "Column {subject} is in none of the rows that were sent, though the model learned with it; "
        "taken as null",
        "发送的数据行中均无列 {subject}，而模型训练时用到该列；按空值处理",
    ),
    "other_fit": Words(
        "The stored snapshot was filled with the buying model of another version; publish it anew",
        "已存储的快照使用了另一模型版本的购买模型参数；请重新发布",
    ),
    "unseen_category": Words(
        "{subject} has a category that the model did not learn; taken as unknown",
        "{subject} 的类别未被模型学习；按未知处理",
    ),
    "unlearned_null": Words(
        "{subject} is missing, though the model never saw it missing; rely on the score less",
        "{subject} 缺失，而模型训练时该列从未缺失；评分的可靠性因此降低",
    ),
    "unlearned_range": Words(
        "{subject} lies outside what the model learned from; taken as the nearest value that it "
        "learned from",
        "{subject} 超出模型训练数据的范围；按范围内最近的取值处理",
    ),
    "calibration_off": Words(
        "When last checked, probabilities were off by {subject} on average; rely on the order of "
        "customers more than on the number",
        "最近一次检验时，概率平均偏差为 {subject}；请更多参考客户排序而非数值",
    ),
    "calibration_unchecked": Words(
        "The probability was checked only on other customers of the same period, not on a later "
        "one; rely on the order of customers more than on the number",
        "概率仅用同一时期的其他客户检验过，未用后续时期检验；请更多参考客户排序而非数值",
    ),
    "expired": Words(
        "as_of is longer ago than the policy lets an answer hold; send or publish newer data",
        "as_of 已超过策略规定的有效期，请发送或发布更新的数据",
    ),
    "newer_events": Words(
        "Events of this customer have come in since; the score has not seen them",
        "此后又收到该客户的新事件；本评分未将其计入",
    ),
    "log_spooled": Words(
        "The log of answers could not be written; this answer is on disk beside it, and cannot be "
        "looked up until the log has taken it",
        "答复日志暂时无法写入；本答复已保存在旁边的磁盘文件中，写入日志之前无法查询",
    ),
}

assert tuple(ABSTAIN) == get_args(Abstain)
assert tuple(WARNINGS) == get_args(WarningCode)


class Warned(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the reader of an answer should know; ``subject`` is what it is about, or empty."""

    code: WarningCode
    subject: str
    text: str


class Question(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is asked about one customer, apart from the feature values.

    Parameters
    ----------
    prediction_id : unique id of the answer.
    customer_id : who.
    as_of : instant of the snapshot, aware.
    is_alive : whether the customer is alive by the churn definition; the dead are not scored.
    has_history : whether a purchase or contract from before ``as_of`` is known, by which one who is
        not alive can have left.
    profiling_opt_out : whether the customer does not wish to be scored; values are not looked at.
    value : margin at stake, currency, >= 0; None to estimate it from spend.
    contact_opt_out : whether the customer does not wish to be contacted.
    missing : names of features that were not sent, and whose null has a meaning.
    missing_tables : names of tables of events that were not sent and count as empty.
    missing_columns : columns, as ``table.column``, that the model learned with and that none of the
        events that were sent has; they count as null.
    with_interval : whether the answer is to say how sure its probability is.
    with_reasons : whether the answer is to give reasons; without them it is the same in all else,
        and may be found sooner.
    has_other_fit : whether stored features were filled with another model's fitted parameters.
    has_newer_events : whether events are known that stored features have not seen.
    """

    prediction_id: str
    customer_id: str
    as_of: datetime
    is_alive: bool = True
    has_history: bool = True
    profiling_opt_out: bool = False
    value: float | None = None
    contact_opt_out: bool = False
    with_interval: bool = False
    with_reasons: bool = True
    missing: tuple[str, ...] = ()
    missing_tables: tuple[str, ...] = ()
    missing_columns: tuple[str, ...] = ()
    has_other_fit: bool = False
    has_newer_events: bool = False


class RiskOnDay(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How likely the customer is to have left by a day.

    Parameters
    ----------
    day : days after the start of the outcome window.
    probability : of having left by then, in [0, 1].
    voluntary, payment : the same by cause, which sum to it; None where churn has no causes.
    """

    day: int
    probability: float
    voluntary: float | None = None
    payment: float | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is answered about one customer; ``docs/api.md`` explains each field.

    ``status`` is ``scored`` or ``abstained``; an abstained answer has ``abstain_code`` and
    ``abstain_text``, and no score, reasons or action.

    ``reasons_asked`` is False where the question left reasons out: then that there are none says
    nothing about the customer.

    ``reasons`` and the action may disagree. Causes and actions rest on every family of features
    that matters to the score. Reasons show, of those families, the ones that raise the risk most
    and have a feature that reads as bad news (none reads as good news); such a family speaks
    through the one of those features that raises the risk most. So an action may answer a cause
    that no reason shows.
    """

    prediction_id: str
    customer_id: str
    status: Literal["scored", "abstained"]
    as_of: datetime
    scored_at: datetime
    valid_until: datetime
    model_version: str
    policy_version: str
    definition: str
    language: Language
    churn_probability: float | None = None
    churn_probability_low: float | None = None
    churn_probability_high: float | None = None
    churn_score: int | None = None
    risk_band: Band | None = None
    percentile: float | None = None
    risk_by_day: tuple[RiskOnDay, ...] = ()
    expected_days_to_churn: float | None = None
    reasons: tuple[Reason, ...] = ()
    reasons_asked: bool = True
    action_code: str | None = None
    action_text: str | None = None
    action_channel: Channel | None = None
    no_action_code: NoAction | None = None
    no_action_text: str | None = None
    action_family: str | None = None
    arm: Arm | None = None
    propensity: float | None = None
    withheld_action_code: str | None = None
    value: float | None = None
    value_basis: ValueBasis | None = None
    expected_value: float | None = None
    expected_cost: float | None = None
    effect: float | None = None
    effect_low: float | None = None
    effect_high: float | None = None
    effect_basis: EffectBasis | None = None
    abstain_code: Abstain | None = None
    abstain_text: str | None = None
    warnings: tuple[Warned, ...] = ()
    outcome_due_at: datetime | None = None
