"""The body that tells the effect of an action."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  pydantic reads it when the class is made
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class SaidShape(BaseModel):
    """A code and its words."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(description="For machines; docs/effects.md lists them.")
    text: str = Field(description="In words.")


class EffectShape(BaseModel):
    """The effect of one action."""

    model_config = ConfigDict(extra="forbid")

    action_code: str = Field(description="The action.")
    as_of: datetime = Field(description="The present; only windows that had ended then count.")
    verdict: Literal["helps", "harms", "not_shown", "not_enough"] = Field(
        description="What may be said; only helps and harms claim an effect."
    )
    verdict_text: str = Field(description="The same in words.")
    basis: Literal["intention_to_treat"] = Field(
        description="Arms are compared as they were dealt, whether the action was delivered or not."
    )
    level: float = Field(description="Of every interval here.")
    effect: float | None = Field(
        description="By how much fewer of the treated churned, -1 to 1; null without a hold-out."
    )
    effect_low: float | None = Field(description="Lower end of its interval.")
    effect_high: float | None = Field(description="Upper end of its interval.")
    churn_treated: float | None = Field(description="Share of the treated who churned.")
    churn_treated_low: float | None = Field(description="Lower end of its interval.")
    churn_treated_high: float | None = Field(description="Upper end of its interval.")
    churn_holdout: float | None = Field(description="Share of the held-out who churned.")
    churn_holdout_low: float | None = Field(description="Lower end of its interval.")
    churn_holdout_high: float | None = Field(description="Upper end of its interval.")
    treated: int = Field(description="Treated customers with a known outcome.")
    treated_left: int = Field(description="How many of them churned.")
    holdout: int = Field(description="Held-out customers with a known outcome.")
    holdout_left: int = Field(description="How many of them churned.")
    p_churn_treated: float | None = Field(description="Mean probability of the treated then.")
    p_churn_holdout: float | None = Field(description="Mean probability of the held-out then.")
    saved_customers: float | None = Field(
        description="The effect times the treated; null unless enough is known."
    )
    saved_customers_low: float | None = Field(description="Lower end of its interval.")
    saved_customers_high: float | None = Field(description="Upper end of its interval.")
    saved_value: float | None = Field(description="The effect times their value, currency.")
    saved_value_low: float | None = Field(description="Lower end of its interval.")
    saved_value_high: float | None = Field(description="Upper end of its interval.")
    cost: float = Field(description="Cost of the treated, currency: reported or expected.")
    costs_reported: int = Field(description="How many of their costs were reported.")
    net_value: float | None = Field(description="Saved value less cost, currency.")
    net_value_low: float | None = Field(description="Lower end of its interval.")
    net_value_high: float | None = Field(description="Upper end of its interval.")
    currency: str = Field(description="Of every sum of money, ISO 4217.")
    assigned: int = Field(description="Customers dealt to either arm.")
    matured: int = Field(description="Those of them whose window has ended.")
    not_randomised: int = Field(description="Treated for sure; compared with nobody.")
    later_assignments: int = Field(description="Of customers who are counted already.")
    holdout_delivered: int = Field(description="Held-out customers reported as treated.")
    effect_to_find: float | None = Field(description="The effect that needed is for.")
    needed: int | None = Field(description="Known outcomes that it takes to find it.")
    more_needed: int | None = Field(description="How many of them are lacking.")
    not_enough: list[SaidShape] = Field(description="Why nothing may be said; empty if it may.")
    warnings: list[SaidShape] = Field(description="What speaks against the comparison.")
