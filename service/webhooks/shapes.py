"""The bodies of webhooks as pydantic models: the reference in the OpenAPI document."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  pydantic reads it when the class is made
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ebbtide.store.outbox import Kind  # noqa: TC001  pydantic reads it when the class is made
from service.webhooks.addresses import MAX_URL_LENGTH

MAX_DESCRIPTION_LENGTH = 200


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class WebhookRequest(_Shape):
    """A webhook to be made."""

    url: str = Field(max_length=MAX_URL_LENGTH, description="Where to send; https.")
    kinds: list[Kind] = Field(min_length=1, description="What to tell.")
    description: str | None = Field(
        default=None, max_length=MAX_DESCRIPTION_LENGTH, description="Your own words."
    )


class WebhookChange(_Shape):
    """What to change of a webhook; what is left out stays."""

    kinds: list[Kind] | None = Field(default=None, min_length=1, description="What to tell.")
    description: str | None = Field(
        default=None, max_length=MAX_DESCRIPTION_LENGTH, description="Your own words."
    )
    is_enabled: bool | None = Field(default=None, description="Whether anything is sent.")


class WebhookShape(_Shape):
    """A webhook."""

    webhook_id: str = Field(description="Unique id.")
    url: str = Field(description="Where it is sent.")
    kinds: list[Kind] = Field(description="What is told.")
    description: str = Field(description="Your own words; may be empty.")
    is_enabled: bool = Field(description="Whether anything is sent.")
    disabled_because: Literal["by_request", "gone", "failing"] | None = Field(
        description="Why not: you said so, the other side answered 410, or it failed for 5 days."
    )
    failing_since: datetime | None = Field(
        description="Since when no attempt has succeeded; null if the last one did."
    )
    created_at: datetime = Field(description="When it was made.")


class WebhookWithSecret(WebhookShape):
    """A webhook with the secret that signs; it is shown this once."""

    secret: str = Field(description="whsec_ and base64; verify signatures with it.")


class WebhookList(_Shape):
    """Every webhook, the oldest first."""

    webhooks: list[WebhookShape] = Field(description="The webhooks.")


class DeliveryShape(_Shape):
    """What became of one message at one webhook."""

    message_id: str = Field(description="The header webhook-id of every attempt.")
    kind: str = Field(description="What was told.")
    state: Literal["waiting", "delivered", "dead"] = Field(
        description="dead: given up after the last attempt."
    )
    attempts: int = Field(description="How often it was tried.")
    due_at: datetime = Field(description="When the next attempt is due, or the last one was.")
    last_status: int | None = Field(description="HTTP status of the last attempt, if any.")
    last_error: str | None = Field(description="Why the last attempt failed, as a word.")
    delivered_at: datetime | None = Field(description="When it arrived.")
    created_at: datetime = Field(description="When it came about.")


class DeliveryList(_Shape):
    """Deliveries of a webhook, the newest first."""

    deliveries: list[DeliveryShape] = Field(description="The deliveries.")
    next_cursor: str | None = Field(description="Send it as cursor for older ones; null: none.")


class SentTest(_Shape):
    """A test message that will be sent at once."""

    message_id: str = Field(description="Its header webhook-id.")
