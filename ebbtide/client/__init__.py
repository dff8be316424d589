"""A typed client of the HTTP interface, blocking and asynchronous; it needs httpx only.

It knows nothing of models and features: what it sends and reads is in ``docs/client.md``.
"""

from ebbtide.client.async_client import AsyncClient
from ebbtide.client.client import Client
from ebbtide.client.errors import (
    Conflicting,
    InvalidRequest,
    NotAllowed,
    NotFound,
    Problem,
    Refused,
    ServiceError,
    TooMany,
    Unavailable,
    Unreachable,
    UnreadableAnswer,
)
from ebbtide.client.jobs import Job, JobUnfinished
from ebbtide.client.retries import NEVER, Retries
from ebbtide.client.rows import Row
from ebbtide.webhook_signature import verify

__all__ = [
    "NEVER",
    "AsyncClient",
    "Client",
    "Conflicting",
    "InvalidRequest",
    "Job",
    "JobUnfinished",
    "NotAllowed",
    "NotFound",
    "Problem",
    "Refused",
    "Retries",
    "Row",
    "ServiceError",
    "TooMany",
    "Unavailable",
    "Unreachable",
    "UnreadableAnswer",
    "verify",
]
