"""The bodies that describe model, features and actions."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  pydantic reads it when the class is made
from typing import Any, Literal

from pydantic import BaseModel, Field


class DriverShape(BaseModel):
    """A feature's part in the scores of all customers."""

    name: str = Field(description="The feature.")
    family: str = Field(description="Its family.")
    cause: str = Field(description="What its evidence may point at.")
    mean_abs_contribution: float = Field(
        description="Mean size of its exact contributions, in the scale of the raw score."
    )
    share: float = Field(description="Of the sum of these over all features, 0 to 1.")
    direction: Literal[-1, 0, 1] = Field(
        description="1 where the score rises with the value, -1 where it falls, 0 where neither."
    )


class DriverGroupShape(BaseModel):
    """The part of a family or a cause, its features taken together."""

    name: str = Field(description="The family or cause.")
    mean_abs_contribution: float = Field(description="Mean size of the sum of contributions.")
    share: float = Field(description="Of the sum of these over all groups, 0 to 1.")


class DriversShape(BaseModel):
    """What moves the scores most, the strongest first. No driver is proven to be a cause."""

    n_rows: int = Field(description="How many customers of the newest snapshot it was found on.")
    features: list[DriverShape] = Field(description="Every feature of the model.")
    families: list[DriverGroupShape] = Field(description="Every family.")
    causes: list[DriverGroupShape] = Field(description="Every cause.")


class ModelShape(BaseModel):
    """The model that is being served."""

    model_version: str = Field(description="Version of the bundle.")
    registry_version: str | None = Field(description="Number of the version in the registry.")
    kind: str = Field(description="logistic, random_forest, lightgbm or blend.")
    kernel: str = Field(description="What computes its scores: compiled or lightgbm.")
    source: str = Field(
        description="registry; last_verified (from disk, not confirmed yet); given."
    )
    is_signed: bool = Field(description="Whether a signature was there and verified.")
    loaded_at: datetime = Field(description="When it was taken into service.")
    definition: str = Field(description="Code of the churn definition.")
    definition_text: str = Field(description="The definition in words.")
    horizon_days: int = Field(description="Length of the outcome window, days.")
    gap_days: int = Field(description="Days between as_of and the outcome window.")
    lookback_days: int = Field(description="How far before as_of the features look, days.")
    feature_count: int = Field(description="How many features it reads.")
    reference_as_of: str = Field(description="Snapshot behind the percentiles.")
    metrics: dict[str, Any] = Field(description="What was measured out of time.")
    drivers: DriversShape = Field(description="What moves the scores most.")
    policy_version: str = Field(description="Version of the policy in force.")
    currency: str = Field(description="Currency of every sum of money, ISO 4217.")


class FeatureShape(BaseModel):
    """One feature of the model."""

    name: str = Field(description="The name to send.")
    family: str = Field(description="Recency, frequency, ...")
    table: str = Field(description="The raw table it is computed from.")
    unit: str = Field(description="Its unit.")
    low: float | None = Field(description="Smallest value that is taken; null is unbounded.")
    high: float | None = Field(description="Largest value that is taken; null is unbounded.")
    is_nullable: bool = Field(description="Whether it may be null or left out.")
    when_null: str | None = Field(description="What null means.")
    meaning: str = Field(description="One sentence.")
    reason: str = Field(
        description="Text of a reason, with {value}; {s} is an s unless the value is 1."
    )
    cause: str = Field(description="What the evidence may point at.")
    risk: str | None = Field(description="Whether risk rises or falls with it; null if open.")
    typical: float | str | None = Field(
        description="Median of the living customers, or their commonest category."
    )
    typical_stayers: float | str | None = Field(
        description="The same of customers who stayed, in training; null where unknown."
    )
    typical_leavers: float | str | None = Field(
        description="The same of customers who left, in training; null where unknown."
    )
    categories: list[str] = Field(
        description="Categories that were learned, of a column of a snapshot table; others are "
        "tolerated with a warning. Empty for a number."
    )


class SchemaShape(BaseModel):
    """The features that the served model reads."""

    model_version: str = Field(description="Version of the bundle.")
    features: list[FeatureShape] = Field(description="In the order of the model.")


class ActionShape(BaseModel):
    """One action of the policy."""

    code: str = Field(description="Stable name.")
    text: str = Field(description="What to do.")
    channel: str = Field(description="How the customer is reached.")
    contact_cost: float = Field(description="Cost of one contact.")
    acceptance_cost: float = Field(description="Further cost for one who accepts.")
    stayer_acceptance_rate: float = Field(description="Share of stayers who accept.")
    answers: list[str] = Field(description="Causes that it does something about.")
    is_discount: bool = Field(description="Whether it lowers a price.")
    needs_contact_consent: bool = Field(description="Withheld from those who opted out.")
    save_rate_mean: float = Field(description="Believed share of would-be churners kept.")
    save_rate_sd: float = Field(description="Standard deviation of that belief.")
    min_p_churn: float = Field(description="Offered from this probability on.")
    min_value: float = Field(description="Offered from this value on.")
    family: str = Field(description="Customers are held out of all actions of a family.")
    holdout_share: float = Field(description="Part of the customers that is held out.")


class ActionsShape(BaseModel):
    """The policy in force."""

    policy_version: str = Field(description="Version of the policy.")
    owner: str = Field(description="Who answers for it.")
    currency: str = Field(description="Currency of every sum of money, ISO 4217.")
    margin_rate: float = Field(description="Margin as a share of spend.")
    value_horizon_days: int = Field(description="Time over which value is counted, days.")
    discount_rate_yearly: float = Field(description="By how much a sum a year later is worth less.")
    valid_days: int = Field(description="How long an answer holds, days.")
    band_high: float = Field(description="High risk from this probability on.")
    band_medium: float = Field(description="Medium risk from this probability on.")
    actions: list[ActionShape] = Field(description="What can be done.")
