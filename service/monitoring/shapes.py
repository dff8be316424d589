"""The body that tells how scores and features have shifted."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  pydantic reads it when the class is made
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ebbtide.drift.verdicts import Verdict  # noqa: TC001  pydantic reads it, too


class CountShape(BaseModel):
    """How many customers or answers have something."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(description="What they have: a status, a warning, a reason to abstain.")
    count: int = Field(description="How many.")
    share: float = Field(description="Of all that were looked at.")


class DriftShape(BaseModel):
    """How the values of one feature, or the scores, have shifted."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(description="Name of the feature; score for the scores.")
    verdict: Verdict = Field(description="What may be said of the values.")
    customers: int = Field(description="Customers of the window who have a value.")
    psi: float | None = Field(description="Population stability index; null where too few.")
    psi_threshold: float | None = Field(description="Above it the values have shifted.")
    psi_strong_threshold: float | None = Field(description="Above it strongly.")
    ks: float | None = Field(
        description="Largest difference of the distribution functions; null for categories."
    )
    ks_threshold: float | None = Field(description="Above it the values have shifted.")
    ks_strong_threshold: float | None = Field(description="Above it strongly.")
    missing_share: float = Field(description="Share of customers without a value, now.")
    reference_missing_share: float = Field(description="The same at training.")
    missing_threshold: float | None = Field(
        description="A difference of the two above it is a shift."
    )
    missing_verdict: Verdict = Field(description="What may be said of what is missing.")
    beyond: float = Field(description="The largest measure as a multiple of its threshold.")


class ScoreBinShape(BaseModel):
    """A range of probabilities, and who is in it."""

    model_config = ConfigDict(extra="forbid")

    above: float = Field(description="Beginning of the range.")
    up_to: float = Field(description="Its end, which belongs to it.")
    reference_share: float = Field(description="Share of the customers at training.")
    share: float | None = Field(description="Share of the window's customers; null for none.")


class NoteShape(BaseModel):
    """Something to know when the numbers are read."""

    model_config = ConfigDict(extra="forbid")

    code: Literal["selection", "no_outcomes", "one_model", "newest_only"] = Field(
        description="For machines; docs/monitoring.md lists them."
    )
    text: str = Field(description="In words.")


class MonitoringShape(BaseModel):
    """What the served model said in a window, against what it was trained on."""

    model_config = ConfigDict(extra="forbid")

    model_version: str = Field(description="Whose answers.")
    since: datetime = Field(description="Beginning of the window.")
    until: datetime = Field(description="Its end.")
    computed_at: datetime = Field(description="When this was measured; once a minute at most.")
    reference_as_of: str = Field(description="Date of the snapshot that it is compared with.")
    reference_customers: int = Field(description="Customers of that snapshot.")
    answers: int = Field(description="Answers of the window that were looked at.")
    statuses: list[CountShape] = Field(description="Of what status these are.")
    customers: int = Field(description="Customers they are about; each counts once, as said last.")
    scored_customers: int = Field(description="Customers who have a score.")
    is_cut: bool = Field(description="Whether there was more; then the newest were looked at.")
    answers_read: int = Field(description="Customers whose warnings and abstentions were counted.")
    warnings: list[CountShape] = Field(description="Customers by the warnings they carry.")
    abstentions: list[CountShape] = Field(description="Customers by why there is no score.")
    score: DriftShape = Field(description="How the scores have shifted.")
    score_bins: list[ScoreBinShape] = Field(description="About tenths of the reference.")
    features: list[DriftShape] = Field(
        description="Each feature, what is farthest beyond its threshold first."
    )
    comparisons: int = Field(description="Tests that were made together.")
    level: float = Field(
        description="Probability that any of them claims a shift where there is none."
    )
    notes: list[NoteShape] = Field(description="To know when this is read.")
