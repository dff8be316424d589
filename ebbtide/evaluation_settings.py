"""``[evaluation]`` of the project file: in whose money, for how many, and by which slices to judge.

How they are used is in ``training.evaluation``.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

Cost = Annotated[float, Field(ge=0, le=1e9)]
Shape = Annotated[float, Field(gt=0, le=1e6)]


class EvaluationSettings(BaseModel):
    """``[evaluation]``: what a model is measured against."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    capacity_share: float = Field(default=0.1, gt=0, le=1)
    """Share of the living customers who can be contacted in one round."""
    capacity_customers: int | None = Field(default=None, ge=1, le=1_000_000_000)
    """How many can be, instead of a share."""
    clv: float = Field(default=200.0, gt=0, le=1e9)
    """What a customer who is kept is worth, in the project's currency."""
    incentive: Cost = 10.0
    """Cost of the offer for one who takes it, in the project's currency; below ``clv``."""
    contact_cost: Cost = 1.0
    """Cost of contacting one customer, in the project's currency."""
    alpha: Shape = 6.0
    """With ``beta``: the save rate, the share of leavers whom an offer keeps, is uncertain and has
    this beta distribution; its mean is alpha / (alpha + beta)."""
    beta: Shape = 14.0
    """See ``alpha``."""
    resamples: int = Field(default=1_000, ge=200, le=100_000)
    """Bootstrap resamples behind every interval; of many customers fewer are drawn."""
    slices: list[str] | None = None
    """By which attributes of customers to judge besides all together; absent: all there are."""
    smallest_slice: int = Field(default=50, ge=20, le=1_000_000)
    """Slices of fewer customers are not measured, and not named."""

    @model_validator(mode="after")
    def _keeping_pays(self) -> EvaluationSettings:
        if self.incentive >= self.clv:
            raise ValueError(
                f"expected incentive below clv, or no customer is worth keeping; got "
                f"{self.incentive} and {self.clv}"
            )
        return self

    def capacity_of(self, n: int) -> float:
        """Return which share of n customers can be contacted in one round.

        Examples
        --------
        >>> EvaluationSettings(capacity_customers=50).capacity_of(200)
        0.25
        """
        if self.capacity_customers is None:
            return self.capacity_share
        return min(1.0, self.capacity_customers / n)
