"""The bodies of looking up as pydantic models: the reference in the OpenAPI document."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, get_origin

from pydantic import BaseModel, ConfigDict, Field, create_model

from service.scoring.shapes import AnswerShape


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


_FLAT: dict[str, Any] = {
    name: (field.annotation, field)
    for name, field in AnswerShape.model_fields.items()
    if get_origin(field.annotation) is not list
}

CurrentScore = create_model(
    "CurrentScore",
    __base__=_Shape,
    __doc__="The flat fields of an answer; one that does not hold any more has abstained.",
    **_FLAT,
    updated_at=(datetime, Field(description="When it became current.")),
)


class ScoreList(_Shape):
    """A page of current scores, in the order of their changes."""

    results: list[CurrentScore] = Field(  # type: ignore[valid-type]  # a class made above
        description="At most as many as asked for."
    )
    has_more: bool = Field(description="Whether the next page has something already.")
    next_cursor: str | None = Field(
        description="Send it as cursor for the next page, also later for what changes from now on; "
        "null before there was any score."
    )


class ReasonChangeShape(_Shape):
    """One feature that is a reason of either answer."""

    feature: str = Field(description="The feature.")
    family: str = Field(description="Its family.")
    change: Literal["appeared", "gone", "stronger", "weaker", "same", "not_comparable"] = Field(
        description="Among the reasons; not_comparable where another model scored."
    )
    value_before: float | str | None = Field(description="Its earlier value; null is missing.")
    value_after: float | str | None = Field(description="Its later value; null is missing.")
    contribution_before: float | None = Field(description="Null where it was no reason.")
    contribution_after: float | None = Field(description="Null where it is no reason.")


class DifferenceShape(_Shape):
    """What differs from an earlier answer to a later one."""

    before: str = Field(description="prediction_id of the earlier.")
    after: str = Field(description="prediction_id of the later.")
    probability_before: float | None = Field(description="Null if it abstained.")
    probability_after: float | None = Field(description="Null if it abstained.")
    probability_difference: float | None = Field(description="Later less earlier.")
    model_changed: bool = Field(description="Whether another model scored.")
    policy_changed: bool = Field(description="Whether another policy decided.")
    definition_changed: bool = Field(description="Whether churn means something else.")
    reasons: list[ReasonChangeShape] = Field(description="Features that are reasons of either.")
    why_changed: str = Field(description="The same in a sentence; it claims no cause.")


class HistoryEntry(_Shape):
    """One answer, and what differs from the one given before it."""

    answer: AnswerShape = Field(description="As it was given.")
    difference: DifferenceShape | None = Field(description="Null for the first answer.")


class History(_Shape):
    """What was said about a customer, the newest first."""

    customer_id: str = Field(description="As it was sent.")
    results: list[HistoryEntry] = Field(description="The answers that were given.")
    changed_since: DifferenceShape | None = Field(
        description="With as_of: what differs from the answer of then to the current one; null if "
        "it is the same, or none is current."
    )
    next_cursor: str | None = Field(description="Send it as cursor for older answers; null: none.")
