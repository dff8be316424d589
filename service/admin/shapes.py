"""The bodies of administration as pydantic models: the reference in the OpenAPI document."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  pydantic reads it when the class is made

from pydantic import BaseModel, ConfigDict, Field

MAX_WHY_LENGTH = 300


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RollbackRequest(_Shape):
    """Why another model is to be served."""

    why: str = Field(
        min_length=1, max_length=MAX_WHY_LENGTH, description="Reason, kept in the history."
    )


class PromoteRequest(RollbackRequest):
    """Which model is to be served, and why."""

    version: str | None = Field(
        default=None, max_length=20, description="Its number; default: the challenger."
    )
    accept: list[str] | None = Field(
        default=None, description="Codes of refusals that you have looked into."
    )


class ServedShape(_Shape):
    """What is served now."""

    text: str = Field(description="What was done, in words; empty for a reload.")
    model_version: str | None = Field(description="Version of the bundle; null: none is served.")
    registry_version: str | None = Field(description="Its number in the registry.")
    complaint: str | None = Field(description="What is wrong with the supply of models, if any.")


class DeedShape(_Shape):
    """One privileged deed."""

    sequence: int = Field(description="Its number, without a gap.")
    at: datetime = Field(description="When it was done.")
    actor: str = Field(description="Who did it.")
    deed: str = Field(description="What was done.")
    subject: str | None = Field(description="Pseudonym of the customer whom it was about.")
    details: str = Field(description="What else is to be known, as JSON.")
    hash: str = Field(description="Hash of this entry and all before it.")


class DeedList(_Shape):
    """Privileged deeds, the newest first."""

    deeds: list[DeedShape] = Field(description="The deeds.")
    next_cursor: str | None = Field(description="Send it as cursor for older ones; null: none.")
