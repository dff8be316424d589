"""The bodies of recording as pydantic models: the reference in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from service.scoring.served_shapes import marked
from service.scoring.shapes import FaultShape  # noqa: TC001  pydantic reads it


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class EventsRequest(_Shape):
    """Rows of tables, of any customers."""

    events: dict[str, list[dict[str, Any]]] = Field(
        description="Rows by table. Each has customer_id and the columns of its table; event_id "
        "tells events apart that are equal in all of them. known_at is the time of receipt where "
        "it is not sent.",
        json_schema_extra=marked("RecordedEvents"),
    )


class NotRescored(_Shape):
    """Customers who are not scored again, and why."""

    reason: str = Field(
        description="no_history, history_too_old, history_differs, covered, not_read or "
        "profiling_opt_out: see docs."
    )
    customers: int = Field(description="How many.")


class EventsAnswer(_Shape):
    """What became of the rows. Those that are kept are on disk."""

    kept: int = Field(description="Rows that are new.")
    already_known: int = Field(description="Rows that were sent before; nothing was changed.")
    erased: int = Field(
        description="Rows that were known before their customer was erased; they are not kept."
    )
    failed: int = Field(description="Rows that are not kept; problems says why.")
    customers: int = Field(description="Customers with new rows.")
    rescoring: int = Field(description="Those of them who are being scored again.")
    not_rescored: list[NotRescored] = Field(description="The others, by reason.")
    unread_tables: list[str] = Field(
        description="Tables of which rows were kept, and that the served model does not read."
    )
    problems: list[FaultShape] = Field(
        description="What is wrong with rows that failed; the first hundred things."
    )
    more_problems: int = Field(description="How many further things are wrong.")
