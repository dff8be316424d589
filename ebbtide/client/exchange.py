"""What both clients do with a request before it is sent, and with what comes of it.

Sending and waiting are theirs: one blocks, the other awaits.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar
from uuid import uuid4

import httpx

from ebbtide.client.errors import Unreachable, UnreadableAnswer, problem_of, refused
from ebbtide.client.retries import TRANSIENT, Retries, retry_after_seconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from ebbtide.client.asked import Asked
    from ebbtide.words import Language

T = TypeVar("T")

KEY_HEADER = "X-Api-Key"
IDEMPOTENCY_HEADER = "Idempotency-Key"


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _new_key() -> str:
    return uuid4().hex


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """How requests are written and answers read.

    Parameters
    ----------
    base_url : of the service, such as ``https://churn.example.com``.
    api_key : ``ebb_...``; None if a token is used, or none is needed.
    token : sent as ``Authorization: Bearer``.
    language : of the texts in answers.
    retries : how patient to be.
    now, draw, new_key : the present, chance, and keys of requests; others for tests.
    """

    base_url: str
    api_key: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    language: Language = "en"
    retries: Retries = field(default_factory=Retries)
    now: Callable[[], datetime] = _utc_now
    draw: Callable[[], float] = random.random
    new_key: Callable[[], str] = _new_key

    def request(self, asked: Asked[T]) -> httpx.Request:
        """Write a request; sent again, it is this very one, with the same key."""
        headers = {
            "Accept": "application/json, application/problem+json",
            "Accept-Language": self.language,
        }
        if self.api_key is not None:
            headers[KEY_HEADER] = self.api_key
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        if asked.changes and asked.method == "POST":
            headers[IDEMPOTENCY_HEADER] = self.new_key()
        if asked.file is not None:
            headers["Content-Type"] = asked.file[1]
        return httpx.Request(
            asked.method,
            self.base_url.rstrip("/") + asked.path,
            params={name: each for name, each in asked.query.items() if each is not None},
            headers=headers,
            json=asked.body,
            content=None if asked.file is None else asked.file[0],
        )

    def wait_after_failure(self, err: httpx.TransportError, *, attempt: int) -> float:
        """Return how long to wait after no answer came.

        Raises
        ------
        Unreachable
            If it has been tried often enough.
        """
        wait = self.retries.wait_seconds(attempt, retry_after_seconds=None, random=self.draw)
        if wait is None:
            raise Unreachable(
                f"Expected an answer, got none in {attempt} attempt(s): {type(err).__name__}. "
                f"Check that the service runs, the address, and the time limit of the client."
            ) from err
        return wait

    def wait_after_refusal(self, response: httpx.Response, *, attempt: int) -> float:
        """Return how long to wait after the service refused.

        Raises
        ------
        Refused
            If waiting will not help, or it has been tried often enough.
        """
        after = retry_after_seconds(response.headers.get("retry-after"), now=self.now())
        wait = None
        if response.status_code in TRANSIENT:
            wait = self.retries.wait_seconds(attempt, retry_after_seconds=after, random=self.draw)
        if wait is None:
            problem = problem_of(_json(response), status=response.status_code)
            raise refused(problem, retry_after_seconds=after)
        return wait

    def answer(self, asked: Asked[T], response: httpx.Response) -> T:
        """Read a good answer.

        Raises
        ------
        UnreadableAnswer
            If it is not what was asked for.
        """
        content = _json(response)
        if content is None and response.status_code != 204:
            raise UnreadableAnswer(
                "Expected JSON, got something else. Check that the address is that of Ebbtide."
            )
        return asked.read(content)


def broken_off(err: httpx.TransportError) -> Unreachable:
    """Return the error of a file that stopped coming."""
    return Unreachable(
        f"Expected the whole file, but it broke off: {type(err).__name__}. Ask for it again."
    )


def _json(response: httpx.Response) -> object:
    """Return the content of a response; None if it is no JSON."""
    try:
        content: object = response.json()
    except ValueError:
        return None
    return content
