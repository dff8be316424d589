"""The bodies of privacy as pydantic models: the reference in the OpenAPI document."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  pydantic reads it when the class is made
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ErasedShape(_Shape):
    """What was erased."""

    erased_at: datetime = Field(description="What was known until then does not come back.")
    rows: int = Field(description="How many rows went, in all tables.")
    tables: dict[str, int] = Field(description="How many went by table, where any did.")


class ExportShape(_Shape):
    """Everything that is held about a customer."""

    exported_at: datetime = Field(description="When it was read.")
    preferences: PreferencesShape = Field(description="What the customer has decided.")
    tables: dict[str, list[dict[str, Any]]] = Field(
        description="Rows by table; empty where nothing is held."
    )


class PreferencesRequest(_Shape):
    """What the customer has decided; both are set."""

    profiling_opt_out: bool = Field(description="Whether no score may be made or shown.")
    contact_opt_out: bool = Field(
        description="Whether no action that needs consent may be suggested."
    )


class PreferencesShape(PreferencesRequest):
    """What the customer has decided."""

    updated_at: datetime | None = Field(description="When it was noted; null: never.")


ExportShape.model_rebuild()
