"""Every table of the store, so that they can be made together."""

from __future__ import annotations

from ebbtide.store.schema import (
    access,
    effects,
    events,
    idempotency,
    jobs,
    privacy,
    scores,
    webhooks,
)
from ebbtide.store.schema.base import METADATA

TOPICS = (
    access,
    effects,
    events,
    idempotency,
    jobs,
    privacy,
    scores,
    webhooks,
)
"""The modules that declare tables."""

__all__ = ["METADATA", "TOPICS"]
