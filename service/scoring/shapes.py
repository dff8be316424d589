"""The bodies of scoring as pydantic models: the reference in the OpenAPI document.

Requests are checked by ``service.scoring.row`` and answers written by ``ebbtide.answer.written``; a
test holds these shapes and those to each other.
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  pydantic reads it when the class is made
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ebbtide.contracts.taken import MAX_ID_LENGTH
from service.scoring.served_shapes import marked
from service.settings import MAX_ROWS


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class FaultShape(_Shape):
    """One thing that is wrong with a body."""

    pointer: str = Field(description="JSON pointer (RFC 6901) to it.")
    expected: str = Field(description="What was expected there.")
    got_kind: str = Field(description="Which kind of thing came; never the thing itself.")
    fix: str = Field(description="What to do.")


class ProblemShape(_Shape):
    """A problem after RFC 9457."""

    type: str = Field(description="urn:ebbtide:problem: and the kind; docs/api.md lists them.")
    title: str = Field(description="The kind in words.")
    status: int = Field(description="HTTP status.")
    detail: str = Field(description="What was expected and what to do.")
    errors: list[FaultShape] = Field(description="Each thing that is wrong with the body.")
    retry_after_seconds: int = Field(
        default=0, description="When to try again; there for 429 and 503 only."
    )


class ScoreRequest(_Shape):
    """One customer. Send features or events, or neither for what is stored."""

    customer_id: str = Field(
        min_length=1, max_length=MAX_ID_LENGTH, description="Id in your systems."
    )
    as_of: datetime | None = Field(
        default=None,
        description="Instant of the question, with offset, not in the future. Default: now, or "
        "the instant of the stored snapshot.",
    )
    value: float | None = Field(
        default=None,
        ge=0,
        le=1e12,
        description="Margin at stake, in the project's currency. Default: estimated.",
    )
    contact_opt_out: bool | None = Field(
        default=None, description="Whether the customer does not wish to be contacted."
    )
    interval: bool | None = Field(
        default=None, description="Whether to answer how sure the probability is. Default: no."
    )
    reasons: bool | None = Field(
        default=None,
        description="Whether to give reasons; without them the answer comes sooner, and is the "
        "same in all else. Default: yes.",
    )
    features: dict[str, float | str | bool | None] | None = Field(
        default=None,
        description="Values by feature name; GET /v1/schema lists them.",
        json_schema_extra=marked("Features"),
    )
    events: dict[str, list[dict[str, Any]]] | None = Field(
        default=None,
        description="Raw rows by table; the same code as in training computes.",
        json_schema_extra=marked("Events"),
    )


class ScoresRequest(_Shape):
    """Many customers; each row is checked and answered for itself."""

    rows: list[ScoreRequest] = Field(
        min_length=1, max_length=MAX_ROWS, description="The customers, in any order."
    )


class ReasonShape(_Shape):
    """One fact that raises the risk. It never claims to be the cause."""

    feature: str = Field(description="The feature.")
    family: str = Field(description="Its family; each family gives at most one reason.")
    cause: str = Field(description="What the evidence may point at.")
    contribution: float = Field(description="Exact share in the raw score, above 0.")
    value: float | str | None = Field(
        description="The customer's value, a category as text; null is missing."
    )
    typical: float | str | None = Field(
        description="Median of the living customers, or their commonest category."
    )
    typical_stayers: float | str | None = Field(
        description="The same of customers who stayed, in training; null where unknown."
    )
    typical_leavers: float | str | None = Field(
        description="The same of customers who left, in training; null where unknown."
    )
    text: str = Field(description="The fact in words.")


class WarningShape(_Shape):
    """Something that the reader should know."""

    code: str = Field(description="What kind of thing; docs/api.md lists them.")
    subject: str = Field(description="Feature or table it is about; may be empty.")
    text: str = Field(description="In words.")


class RiskOnDayShape(_Shape):
    """How likely the customer is to have left by a day."""

    day: int = Field(description="Days after the start of the outcome window.")
    probability: float = Field(description="Of having left by then, 0 to 1.")
    voluntary: float | None = Field(description="Part of it by own choice; contracts only.")
    payment: float | None = Field(description="Part of it for want of payment; contracts only.")


class AnswerShape(_Shape):
    """What is answered about one customer."""

    prediction_id: str = Field(description="Unique id of this answer; it is in the log.")
    customer_id: str = Field(description="As it was sent.")
    status: Literal["scored", "abstained"] = Field(description="Whether there is a score.")
    as_of: datetime = Field(description="Only what was known before this instant was seen.")
    scored_at: datetime = Field(description="When the answer was made.")
    valid_until: datetime = Field(description="Ask again after this; as_of + policy valid_days.")
    model_version: str = Field(description="Version of the bundle.")
    policy_version: str = Field(description="Version of the policy.")
    definition: str = Field(description="Code of the churn definition.")
    language: Literal["en", "zh"] = Field(description="Language of the texts.")
    churn_probability: float | None = Field(description="Calibrated, within the horizon, 0 to 1.")
    churn_probability_low: float | None = Field(
        description="Lower end of its 90 % interval; null unless it was asked for."
    )
    churn_probability_high: float | None = Field(
        description="Upper end of its 90 % interval; null unless it was asked for."
    )
    churn_score: int | None = Field(description="The same in whole percent, 0 to 100.")
    risk_band: Literal["low", "medium", "high"] | None = Field(description="By the policy.")
    percentile: float | None = Field(
        description="Percentage of the reference customers at strictly lower risk, 0 to 100."
    )
    risk_by_day: list[RiskOnDayShape] = Field(
        description="Risk by later days; never falls, and goes through churn_probability."
    )
    expected_days_to_churn: float | None = Field(
        description="Days until the customer leaves, counted up to the last of those days."
    )
    reasons: list[ReasonShape] = Field(description="What raises the risk most, at most three.")
    reasons_asked: bool = Field(
        description="False where the request left reasons out: that there are none then says "
        "nothing about the customer."
    )
    reason_1: str | None = Field(description="Text of the first reason.")
    reason_2: str | None = Field(description="Text of the second reason.")
    reason_3: str | None = Field(description="Text of the third reason.")
    reason_1_code: str | None = Field(description="Feature of the first reason.")
    reason_2_code: str | None = Field(description="Feature of the second reason.")
    reason_3_code: str | None = Field(description="Feature of the third reason.")
    warning_codes: str | None = Field(
        description="Codes of the warnings, each once, with commas between; null if there are none."
    )
    action_code: str | None = Field(description="The suggested action; null is none.")
    action_text: str | None = Field(description="What to do, in words.")
    action_channel: str | None = Field(description="How to reach the customer.")
    no_action_code: str | None = Field(
        description="Why there is no action: value_unknown, not_eligible, contact_opt_out, "
        "not_worth_it or holdout."
    )
    no_action_text: str | None = Field(description="The same in words.")
    action_family: str | None = Field(
        description="Family of the chosen action, suggested or withheld; null where none was."
    )
    arm: Literal["treated", "holdout"] | None = Field(
        description="Whether the chosen action is suggested or withheld; null where none was."
    )
    propensity: float | None = Field(description="Probability of being treated, above 0 up to 1.")
    withheld_action_code: str | None = Field(
        description="For analysts: the action that is withheld. Do not act on it."
    )
    value: float | None = Field(description="Margin at stake, currency.")
    value_basis: Literal["given", "subscription", "expected", "spend"] | None = Field(
        description="Whether it was sent, or estimated from price, purchases to expect, or spend."
    )
    expected_value: float | None = Field(
        description="Profit expected of the action against doing nothing, currency; 0 for none."
    )
    expected_cost: float | None = Field(description="Cost expected of it, currency.")
    effect: float | None = Field(description="By how much it lowers the probability.")
    effect_low: float | None = Field(description="Lower end of its central 90 % interval.")
    effect_high: float | None = Field(description="Upper end of its central 90 % interval.")
    effect_basis: Literal["assumed"] | None = Field(
        description="assumed: a belief of the policy, not yet measured."
    )
    abstain_code: str | None = Field(
        description="Why there is no score: already_churned, too_little_history, out_of_range, "
        "no_finite_score, definition_changed, expired or profiling_opt_out."
    )
    abstain_text: str | None = Field(description="The same in words.")
    warnings: list[WarningShape] = Field(description="What the reader should know.")
    outcome_due_at: datetime | None = Field(
        description="From then on it can be told whether the customer churned; null if abstained."
    )


class FailedRow(_Shape):
    """A row that could not be answered; its neighbours are not touched."""

    status: Literal["failed"] = Field(description="There is no answer.")
    problem: ProblemShape = Field(description="Why, and what to do.")


class ScoresAnswer(_Shape):
    """One result for each row, in the order of the rows."""

    results: list[AnswerShape | FailedRow] = Field(
        description="An answer for each row, or the problem of a row that failed."
    )
