"""``[segments]`` of the project file: where segments, customer levels and value types begin.

How they are used is in ``features.segments``.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Share = Annotated[float, Field(gt=0, lt=1)]
Days = Annotated[int, Field(ge=1, le=3650)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]


class Segments(BaseModel):
    """``[segments]``: thresholds of RFM segments, customer levels and value types."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    split: Literal["mean"] | float = "mean"
    """High recency, frequency or monetary is better than the ``"mean"``, or than that of such a
    share of customers."""
    vip_share: Share = 0.05
    """VIP are at most such a share of customers, by net spend."""
    important_share: Share = 0.2
    """VIP and important customers together are at most such a share, by net spend."""
    new_within_days: Days | None = None
    """New is who has been known for less; absent: a quarter of ``churn.active_within_days``."""
    potential_score: int = Field(default=4, ge=2, le=5)
    """Least r_score and f_score of a potential customer."""
    sleeping_after_days: Days | None = None
    """Asleep is who has not used the account for so long; absent: half of
    ``churn.active_within_days``."""
    valuable_share: Share = 0.5
    """Valuable are at most such a share of customers, by net spend."""
    high_value_share: Share = 0.2
    """High value-added are only among such a share of customers, by net spend."""
    min_products: Count | None = None
    """Different products in 365 days that are many; absent: as many as the first
    ``high_value_share`` of customers buy."""
    min_categories: Count | None = None
    """Different categories in 365 days that are many; absent: likewise."""

    @field_validator("split", mode="before")
    @classmethod
    def _is_mean_or_share(cls, split: Any) -> Any:
        is_share = isinstance(split, float) and 0 < split < 1
        if split != "mean" and not is_share:
            raise ValueError(
                'expected "mean", or a share of customers between 0 and 1 such as 0.5, both '
                "excluded"
            )
        return split

    @model_validator(mode="after")
    def _shares_are_nested(self) -> Segments:
        for inner, outer in (
            ("vip_share", "important_share"),
            ("high_value_share", "valuable_share"),
        ):
            if getattr(self, inner) >= getattr(self, outer):
                raise ValueError(
                    f"expected {inner} below {outer}, because the first lie within the second; "
                    f"got {getattr(self, inner)} and {getattr(self, outer)}"
                )
        return self
