"""The bodies of what-if as pydantic models: the reference in the OpenAPI document."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from service.scoring.served_shapes import marked
from service.scoring.shapes import WarningShape  # noqa: TC001  pydantic reads it when the class is made


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class WhatIfRequest(_Shape):
    """A customer's values, and those that are to be others."""

    features: dict[str, float | str | bool | None] = Field(
        description="Values by feature name, as in POST /v1/score.",
        json_schema_extra=marked("Features"),
    )
    changes: dict[str, float | str | bool | None] = Field(
        description="New values of one feature or more; the others stay.",
        json_schema_extra=marked("Changes"),
    )


class ChangeShape(_Shape):
    """One feature that was changed."""

    feature: str = Field(description="The feature.")
    family: str = Field(description="Its family.")
    before: float | str | None = Field(description="Its value as sent; null is missing.")
    after: float | str | None = Field(description="Its value as changed.")
    contribution_before: float = Field(description="Its exact share in the raw score before.")
    contribution_after: float = Field(description="Its exact share in the raw score after.")


class WhatIfAnswer(_Shape):
    """Both probabilities. Nothing is logged and no action is chosen."""

    model_version: str = Field(description="Version of the bundle.")
    definition: str = Field(description="Code of the churn definition.")
    language: Literal["en", "zh"] = Field(description="Language of the texts.")
    status: Literal["scored", "abstained"] = Field(description="Whether there are probabilities.")
    churn_probability_before: float | None = Field(description="Calibrated, of the values sent.")
    churn_probability_after: float | None = Field(description="Calibrated, of the changed ones.")
    difference: float | None = Field(description="After less before; below zero is less risk.")
    changed: list[ChangeShape] = Field(description="What was changed, in the model's order.")
    kept_in_families: list[str] = Field(
        description="Other features of the same families, which stayed as they were though they "
        "are likely to move together."
    )
    notice: str = Field(description="That this is a recomputation and promises no effect.")
    abstain_code: str | None = Field(
        description="Why there are none: already_churned or no_finite_score."
    )
    abstain_text: str | None = Field(description="The same in words.")
    warnings: list[WarningShape] = Field(description="What the reader should know.")
