"""The bodies of outcomes as pydantic models: the reference in the OpenAPI document.

Requests are checked by ``service.outcomes.row``; a test holds these shapes and that to each other.
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  pydantic reads it when the class is made
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ebbtide.contracts.taken import MAX_ID_LENGTH
from service.scoring.shapes import FailedRow  # noqa: TC001  pydantic reads it too
from service.settings import MAX_ROWS


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OutcomeShape(_Shape):
    """What became of one customer, or of what was done with them, or both."""

    customer_id: str = Field(
        min_length=1, max_length=MAX_ID_LENGTH, description="Id in your systems."
    )
    churned: bool | None = Field(
        default=None,
        description="Whether they churned in the outcome window; leave out to tell a delivery.",
    )
    observed_at: datetime = Field(
        description="When that was observed, with offset: at or after outcome_due_at."
    )
    known_at: datetime | None = Field(
        default=None, description="When your systems knew it. Default: observed_at."
    )
    prediction_id: str | None = Field(
        default=None,
        min_length=1,
        max_length=32,
        description="Id of the answer that is meant. Default: the newest window that had ended.",
    )
    action_code: str | None = Field(
        default=None,
        min_length=1,
        max_length=40,
        description="The action that was delivered. Default: that of the answer.",
    )
    accepted: bool | None = Field(default=None, description="Whether the customer accepted.")
    delivered_at: datetime | None = Field(
        default=None, description="When the action reached the customer, with offset."
    )
    cost: float | None = Field(
        default=None, ge=0, le=1e9, description="What it cost, in the project's currency."
    )


class OutcomesRequest(_Shape):
    """Many outcomes; each is checked and kept for itself."""

    outcomes: list[OutcomeShape] = Field(
        min_length=1,
        max_length=MAX_ROWS,
        description="Of several about one window the last counts.",
    )


class RecordedShape(_Shape):
    """A report that is kept."""

    status: Literal["recorded"] = Field(description="It is on disk.")
    outcome_id: str = Field(description="Unique id of the report.")
    outcomes: int = Field(description="Of how many assignments it is the outcome.")
    deliveries: int = Field(description="Of how many assignments it tells the delivery.")
    corrections: int = Field(description="How many outcomes it replaced.")
    unmatched_code: str | None = Field(
        description="Why it is the outcome of none: no_assignment, already_reported, "
        "window_long_over or customer_erased (it is not kept then); null otherwise."
    )


class OutcomesAnswer(_Shape):
    """One result for each outcome, in their order."""

    results: list[RecordedShape | FailedRow] = Field(
        description="What was kept, or the problem of a row that was not."
    )
