"""The client for programs that do other things while an answer is on its way."""

from __future__ import annotations

import asyncio
from itertools import count, islice
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

from ebbtide.client import asked, asked_of_customers, jobs
from ebbtide.client.client import TIMEOUT
from ebbtide.client.exchange import Exchange, broken_off
from ebbtide.client.retries import Retries
from ebbtide.client.rows import Row

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path
    from types import TracebackType

    from ebbtide.answer.answer import Answer
    from ebbtide.client.answers import ModelSchema, PolicyActions, ServedModel, WhatIf
    from ebbtide.client.asked import Asked
    from ebbtide.client.errors import Problem
    from ebbtide.client.jobs import Job
    from ebbtide.client.kept import (
        Choices,
        Effect,
        Erased,
        EventsKept,
        HistoryEntry,
        OutcomeKept,
        ScorePage,
    )
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

    async def score(
        self,
        customer_id: str,
        *,
        features: Mapping[str, Any] | None = None,
        events: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
        as_of: datetime | None = None,
        value: float | None = None,
        contact_opt_out: bool | None = None,
        interval: bool | None = None,
        reasons: bool | None = None,
    ) -> Answer:
        """Ask about one customer: with features or events, or neither for what is stored.

        Parameters
        ----------
        customer_id : id in your systems.
        features, events, as_of, value, contact_opt_out, interval, reasons : as in
            :class:`~ebbtide.client.rows.Row`.

        Raises
        ------
        Refused
            If the service cannot answer; ``problem`` says why.
        Unreachable
            If no answer came.
        """
        row = Row(
            customer_id=customer_id,
            features=features,
            events=events,
            as_of=as_of,
            value=value,
            contact_opt_out=contact_opt_out,
            interval=interval,
            reasons=reasons,
        )
        return await self._send(asked.score(row))

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

    async def current_score(self, customer_id: str) -> Answer:
        """Look up the newest answer about a customer; it abstains if it does not hold any more."""
        return await self._send(asked_of_customers.current_score(customer_id))

    async def history(
        self, customer_id: str, *, page_size: int = 20
    ) -> AsyncIterator[HistoryEntry]:
        """Yield what was said about a customer, the newest first, page by page as it is needed."""
        cursor = None
        while True:
            page = await self._send(
                asked_of_customers.history(customer_id, limit=page_size, cursor=cursor, as_of=None)
            )
            for entry in page.entries:
                yield entry
            cursor = page.next_cursor
            if cursor is None:
                return

    async def answer_at(self, customer_id: str, as_of: datetime) -> Answer | None:
        """Return what was said about a customer at an instant; None if nothing was."""
        page = await self._send(
            asked_of_customers.history(customer_id, limit=1, cursor=None, as_of=as_of)
        )
        return page.entries[0].answer if page.entries else None

    async def score_pages(
        self,
        *,
        cursor: str | None = None,
        page_size: int = 1000,
        band: str | None = None,
        action: str | None = None,
        updated_since: datetime | None = None,
    ) -> AsyncIterator[ScorePage]:
        """Yield current scores, page by page, in the order of their changes.

        Keep ``next_cursor`` of the last page: begun there, a later call yields what has changed
        since, and misses nothing.

        Parameters
        ----------
        cursor : where to go on; None to begin with the first.
        page_size : how many at once, 1 to 1,000.
        band, action : only those with this risk band or action code.
        updated_since : only those that became current at this instant or later.
        """
        while True:
            page = await self._send(
                asked_of_customers.score_page(
                    cursor=cursor,
                    limit=page_size,
                    band=band,
                    action=action,
                    updated_since=updated_since,
                )
            )
            yield page
            cursor = page.next_cursor
            if not page.has_more:
                return

    async def record_events(self, events: Mapping[str, Sequence[Mapping[str, Any]]]) -> EventsKept:
        """Keep rows of tables, by table; their customers are scored again within seconds."""
        return await self._send(asked_of_customers.record_events(events))

    async def record_outcomes(
        self, outcomes: Sequence[Mapping[str, Any]]
    ) -> list[OutcomeKept | Problem]:
        """Report what became of up to 1,000 customers, or of what was done with them."""
        return await self._send(asked_of_customers.record_outcomes(outcomes))

    async def effect(self, action_code: str) -> Effect:
        """Ask what an action did, by its hold-out."""
        return await self._send(asked_of_customers.effect(action_code))

    async def choices(self, customer_id: str) -> Choices:
        """Ask what a customer has decided."""
        return await self._send(asked_of_customers.choices(customer_id))

    async def keep_choices(
        self, customer_id: str, *, profiling_opt_out: bool, contact_opt_out: bool
    ) -> Choices:
        """Keep what a customer has decided; both are set."""
        return await self._send(
            asked_of_customers.keep_choices(
                customer_id,
                profiling_opt_out=profiling_opt_out,
                contact_opt_out=contact_opt_out,
            )
        )

    async def export(self, customer_id: str) -> dict[str, Any]:
        """Return all that is held about a customer."""
        return await self._send(asked_of_customers.export(customer_id))

    async def erase(self, customer_id: str) -> Erased:
        """Erase all that is held about a customer, for good."""
        return await self._send(asked_of_customers.erase(customer_id))

    async def submit_job(
        self, path: Path | None = None, *, reasons: bool = True, language: Language | None = None
    ) -> Job:
        """Begin to score a file (``.csv``, ``.jsonl``, ``.parquet``), or every stored snapshot."""
        return await self._send(jobs.submit(path, reasons=reasons, language=language))

    async def job(self, job_id: str) -> Job:
        """Ask how far a job is."""
        return await self._send(jobs.job(job_id))

    async def cancel_job(self, job_id: str) -> Job:
        """End a job."""
        return await self._send(jobs.cancel(job_id))

    async def wait_for_job(
        self, job_id: str, *, at_most_seconds: float = 3600.0, every_seconds: float = 2.0
    ) -> Job:
        """Return a job when it is done.

        Raises
        ------
        JobUnfinished
            If it fails, is cancelled, or is still under way after that time.
        """
        for asked_times in count(1):
            job = await self.job(job_id)
            if job.state == "done":
                return job
            if job.has_ended or asked_times * every_seconds > at_most_seconds:
                raise jobs.JobUnfinished(job)
            await self._sleep(every_seconds)
        raise AssertionError("unreachable")

    async def download_results(self, job_id: str, path: Path) -> Path:
        """Write the results of a job to a file, in the form that its name says."""
        asking = jobs.results(job_id, jobs.form_of(path))
        draft = path.with_name(f"{path.name}.part")
        response = await self._answered(asking, is_streamed=True)
        try:
            with draft.open("wb") as file:
                async for piece in response.aiter_bytes():
                    file.write(piece)
        except httpx.TransportError as err:
            raise broken_off(err) from err
        finally:
            await response.aclose()
        return draft.replace(path)

    async def _send(self, asking: Asked[T]) -> T:
        return self._exchange.answer(asking, await self._answered(asking))

    async def _answered(self, asking: Asked[T], *, is_streamed: bool = False) -> httpx.Response:
        """Return a good response, after as many attempts as it takes."""
        request = self._exchange.request(asking)
        for attempt in count(1):
            try:
                response = await self._http.send(request, stream=is_streamed)
                if response.is_success:
                    return response
                await response.aread()
            except httpx.TransportError as err:
                wait = self._exchange.wait_after_failure(err, attempt=attempt)
            else:
                wait = self._exchange.wait_after_refusal(response, attempt=attempt)
            await self._sleep(wait)
        raise AssertionError("unreachable")
