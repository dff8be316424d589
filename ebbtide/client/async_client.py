"""The client for programs that do other things while an answer is on its way."""

from __future__ import annotations

import asyncio
from itertools import count, islice
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

from ebbtide.client import asked
from ebbtide.client.client import TIMEOUT
from ebbtide.client.exchange import Exchange
from ebbtide.client.retries import Retries
from ebbtide.client.rows import Row

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
    from types import TracebackType

    from ebbtide.answer.answer import Answer
    from ebbtide.client.answers import ModelSchema, PolicyActions, ServedModel, WhatIf
    from ebbtide.client.asked import Asked
    from ebbtide.client.errors import Problem
    from ebbtide.words import Language

T = TypeVar("T")


class AsyncClient:
    """Talks to the service; as :class:`~ebbtide.client.client.Client`, with ``await``.

    Parameters
    ----------
    base_url : of the service, such as ``https://churn.example.com``.
    api_key : ``ebb_...``, from ``ebbtide keys create``; None if a token is used, or none is needed.
    token : sent as ``Authorization: Bearer``.
    language : of the texts in answers.
    retries : how patient to be.
    timeout : seconds, or what httpx knows as one.
    transport : sends requests; another one for tests.
    exchange : settings of tests; it wins over those above.
    sleep : waits some seconds; another one for tests.

    Examples
    --------
    >>> def service(request):
    ...     return httpx.Response(200, json={"model_version": "f2cc83d32ca4", "features": []})
    >>> async def version():
    ...     transport = httpx.MockTransport(service)
    ...     async with AsyncClient("https://churn.example.com", transport=transport) as client:
    ...         return (await client.schema()).model_version
    >>> asyncio.run(version())
    'f2cc83d32ca4'
    """

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str | None = None,
        token: str | None = None,
        language: Language = "en",
        retries: Retries | None = None,
        timeout: float | httpx.Timeout = TIMEOUT,
        transport: httpx.AsyncBaseTransport | None = None,
        exchange: Exchange | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._exchange = exchange or Exchange(
            base_url=base_url,
            api_key=api_key,
            token=token,
            language=language,
            retries=retries or Retries(),
        )
        self._http = httpx.AsyncClient(timeout=timeout, transport=transport)
        self._sleep = sleep

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        err: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"AsyncClient({self._exchange.base_url!r})"

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def score(self, customer_id: str, **about: Any) -> Answer:
        """Ask about one customer.

        Parameters
        ----------
        customer_id : id in your systems.
        about : further fields of a :class:`~ebbtide.client.rows.Row`: ``features`` or ``events``,
            ``as_of``, ``value``, ``contact_opt_out``, ``interval``.

        Raises
        ------
        Refused
            If the service cannot answer; ``problem`` says why.
        Unreachable
            If no answer came.
        """
        return await self._send(asked.score(Row(customer_id=customer_id, **about)))

    async def scores(self, rows: Sequence[Row]) -> list[Answer | Problem]:
        """Ask about up to 1,000 customers at once; a row that fails has a problem instead."""
        return await self._send(asked.scores(rows))

    async def score_each(
        self, rows: Iterable[Row], *, batch_size: int = 200
    ) -> AsyncIterator[tuple[Row, Answer | Problem]]:
        """Ask about any number of customers, some at a time, and yield each with its result.

        Parameters
        ----------
        rows : read as they are needed.
        batch_size : how many are sent at once, 1 to 1,000.
        """
        waiting = iter(rows)
        while batch := list(islice(waiting, batch_size)):
            for each in zip(batch, await self.scores(batch), strict=True):
                yield each

    async def what_if(self, features: Mapping[str, Any], changes: Mapping[str, Any]) -> WhatIf:
        """Ask what the model makes of other values: a recomputation, and no promised effect."""
        return await self._send(asked.what_if(features, changes))

    async def model(self) -> ServedModel:
        """Ask which model is served."""
        return await self._send(asked.model())

    async def schema(self) -> ModelSchema:
        """Ask for the features that the served model reads."""
        return await self._send(asked.schema())

    async def actions(self) -> PolicyActions:
        """Ask for the policy in force."""
        return await self._send(asked.actions())

    async def _send(self, asking: Asked[T]) -> T:
        request = self._exchange.request(asking)
        for attempt in count(1):
            try:
                response = await self._http.send(request)
            except httpx.TransportError as err:
                wait = self._exchange.wait_after_failure(err, attempt=attempt)
            else:
                if response.is_success:
                    return self._exchange.answer(asking, response)
                wait = self._exchange.wait_after_refusal(response, attempt=attempt)
            await self._sleep(wait)
        raise AssertionError("unreachable")
