"""Who is asking, and how often: told by key, by token, or by the very machine."""

from __future__ import annotations

import asyncio
import math
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, Literal

import structlog
from starlette.concurrency import run_in_threadpool

from ebbtide.api_key import PREFIX
from ebbtide.errors import SettingsError
from ebbtide.store.store import StoreUnavailable
from service.access.credentials import KEY_HEADER, UnclearCredentialsError, credential_of
from service.access.demo import is_from_here, is_loopback, why_not_from_here
from service.access.jwks import Jwks
from service.access.keyring import Keyring
from service.access.rates import Buckets, Rate
from service.access.scopes import DEMO, Caller
from service.access.tokens import Tokens
from service.problems import Problem, ProblemError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from starlette.requests import HTTPConnection

    from ebbtide.store.database import Database
    from ebbtide.store.keys import ApiKey
    from service.settings import Settings

_LOG = structlog.get_logger("ebbtide.access")
Mode = Literal["keys", "demo mode", "closed"]
_LARGE_BODY_BYTES = 65_536
_BEARER = b"Bearer " + PREFIX.encode()
_KEY_HEADER = KEY_HEADER.lower().encode()

NOBODY_KNOWN = (
    "There is no key, and the service listens to other machines: every request gets 401. Run "
    "`ebbtide keys create`."
)


_NO_KEY = (
    "Expected a valid API key as Authorization: Bearer <key> or X-Api-Key: <key>, got none. Send "
    "one; whoever runs the service makes it with `ebbtide keys create`."
)


def open_gate(
    settings: Settings, *, database: Database, now: Callable[[], datetime], host: str
) -> Gate:
    """Make the gate of a service.

    Parameters
    ----------
    settings : how keys and tokens are told and how often callers may ask.
    database : where the keys are.
    now : the present.
    host : address that the service listens at.

    Raises
    ------
    SettingsError
        If the settings of tokens are not given together, or their keys cannot be read.
    """
    return Gate(
        keyring=Keyring(database, now=now, cache_seconds=settings.key_cache_seconds),
        tokens=_tokens(settings, now),
        host=host,
        rate=Rate.of(settings.rate_limit),
        failures_rate=Rate.of(settings.failed_access_limit),
        buckets=Buckets(),
    )


class Gate:
    """Tells who sent a request, or refuses it.

    Parameters
    ----------
    keyring : the keys.
    tokens : what tells good tokens; None if there are none.
    host : address that the service listens at; demo mode only at loopback.
    rate : how often each caller may ask that has no rate of its own.
    failures_rate : how often each peer address may fail to show who it is.
    buckets : what counts both.
    """

    def __init__(
        self,
        *,
        keyring: Keyring,
        tokens: Tokens | None,
        host: str,
        rate: Rate,
        failures_rate: Rate,
        buckets: Buckets,
    ) -> None:
        self._keyring = keyring
        self._tokens = tokens
        self._is_local = is_loopback(host)
        self._rate = rate
        self._failures_rate = failures_rate
        self._buckets = buckets
        self._callers: dict[str, tuple[ApiKey, Caller]] = {}
        self._reading: asyncio.Task[None] | None = None

    async def admit(self, request: HTTPConnection) -> Caller:
        """Return who sent a request; its body is not touched.

        Raises
        ------
        ProblemError
            401 if nobody knows, 429 if that, or the caller, comes too often.
        StoreUnavailable
            If the keys cannot be read.
        """
        if not self._keyring.is_fresh:
            await self._refresh()
        caller = self._caller(request)
        if caller is None and await self._is_news(request):
            caller = self._caller(request)
        if caller is None:
            raise ProblemError(self._refusal(request))
        self._count(caller)
        return caller

    async def _refresh(self) -> None:
        """Read the keys; who comes while that is done waits for it, and takes no thread of its own.

        With dozens of callers each reading would else begin dozens of threads, to wait in them.
        """
        if not self._keyring.is_relied_on:
            await run_in_threadpool(self._keyring.refresh)
            return
        for _ in range(2):  # the second one surely begins after whoever joins it has come
            if not await self._joined() or self._keyring.is_fresh:
                return

    async def _joined(self) -> bool:
        """Wait for the reading that is under way, or for a new one; return whether it was."""
        reading, loop = self._reading, asyncio.get_running_loop()
        is_joined = reading is not None and not reading.done() and reading.get_loop() is loop
        if reading is None or not is_joined:
            reading = self._reading = loop.create_task(run_in_threadpool(self._keyring.refresh))
            reading.add_done_callback(_take_note)
        await asyncio.shield(reading)  # who leaves takes it from nobody else
        return is_joined

    def note_uses(self) -> None:
        """Write down which keys are in use; see :meth:`Keyring.note_uses`."""
        self._keyring.note_uses()

    def recognised(self, headers: Mapping[bytes, bytes]) -> Caller | None:
        """Return who sent a request with a key that is known, as ``admit`` does, without waiting.

        Parameters
        ----------
        headers : of the request, none of them twice.

        Returns
        -------
        Caller or None
            None if ``admit`` has to tell; nothing was counted then.

        Raises
        ------
        ProblemError
            429 if the caller comes too often.
        """
        given = headers.get(b"authorization", b"")
        if not given.startswith(_BEARER) or _KEY_HEADER in headers or not self._keyring.is_fresh:
            return None
        key = self._keyring.find(given[len(_BEARER) - len(PREFIX) :].decode("latin-1"))
        if key is None:
            return None
        caller = self._callers.get(key.key_id)
        if caller is None or caller[0] is not key:
            caller = self._callers[key.key_id] = (key, _holder(key))
        self._count(caller[1])
        return caller[1]

    def mode(self) -> Mode:
        """Return how callers are told: by keys and tokens, not at all, or that nobody can be.

        Raises
        ------
        StoreUnavailable
            If the keys cannot be read.
        """
        self._keyring.refresh()
        if self._tokens is not None or not self._keyring.is_empty:
            return "keys"
        return "demo mode" if self._is_local else "closed"

    def announce(self) -> None:
        """Log how callers are told, with what to do about it."""
        try:
            mode = self.mode()
        except StoreUnavailable:
            return  # /readyz says so
        if mode == "demo mode":
            _LOG.warning(
                "demo mode",
                detail="There is no key: whoever is on this machine may do everything. Make one "
                "with `ebbtide keys create`; that ends demo mode.",
            )
        elif mode == "closed":
            _LOG.warning("closed", detail=NOBODY_KNOWN)

    def _count(self, caller: Caller) -> None:
        if caller is DEMO:
            return
        rate = _rate_of(caller.rate_limit) if caller.rate_limit else self._rate
        wait_seconds = self._buckets.take(f"caller {caller.key_id or caller.name}", rate)
        if wait_seconds:
            raise ProblemError(_too_many(wait_seconds, rate))

    async def _is_news(self, request: HTTPConnection) -> bool:
        """Whether the keys were read anew, because a request has one that was not known yet."""
        try:
            credential = credential_of(request.headers)
        except UnclearCredentialsError:
            return False
        if credential is None or not credential.startswith(PREFIX):
            return False
        if self._buckets.is_empty(f"peer {_peer_of(request)}", self._failures_rate):
            return False  # for who fails too often nothing is read
        return await run_in_threadpool(self._keyring.refresh_for, credential)

    def _caller(self, request: HTTPConnection) -> Caller | None:
        try:
            credential = credential_of(request.headers)
        except UnclearCredentialsError:
            return None
        if credential is None:
            return DEMO if self._is_demo(request) else None
        if credential.startswith(PREFIX):
            key = self._keyring.find(credential)
            return None if key is None else _holder(key)
        return self._tokens.caller_of(credential) if self._tokens else None

    @property
    def _is_in_demo_mode(self) -> bool:
        return self._is_local and self._tokens is None and self._keyring.is_empty

    def _is_demo(self, request: HTTPConnection) -> bool:
        return self._is_in_demo_mode and is_from_here(request)

    def _why_no_demo(self, request: HTTPConnection) -> str | None:
        """Return why demo mode does not answer who sends no key; None where that is not why."""
        has_sent = "authorization" in request.headers or KEY_HEADER in request.headers
        return why_not_from_here(request) if self._is_in_demo_mode and not has_sent else None

    def _refusal(self, request: HTTPConnection) -> Problem:
        peer = _peer_of(request)
        wait_seconds = self._buckets.take(f"peer {peer}", self._failures_rate)
        if wait_seconds:
            return _too_many(wait_seconds, self._failures_rate)
        return Problem(
            kind="not-authenticated",
            detail=self._why_no_demo(request) or _NO_KEY,
            headers={"WWW-Authenticate": 'Bearer realm="ebbtide"', **_ending(request)},
        )


def _take_note(reading: asyncio.Task[None]) -> None:
    """Look at an error: all who waited for it may have left."""
    if not reading.cancelled():
        reading.exception()


def _holder(key: ApiKey) -> Caller:
    return Caller(name=key.name, scopes=key.scopes, key_id=key.key_id, rate_limit=key.rate_limit)


def _tokens(settings: Settings, now: Callable[[], datetime]) -> Tokens | None:
    given = (settings.jwt_issuer, settings.jwt_audience, settings.jwt_jwks_file)
    issuer, audience, path = given
    if issuer is not None and audience is not None and path is not None:
        return Tokens(
            issuer=issuer,
            audience=audience,
            jwks=Jwks(path),
            leeway_seconds=settings.jwt_leeway_seconds,
            now=now,
        )
    if given != (None, None, None):
        raise SettingsError(
            "Expected EBBTIDE_JWT_ISSUER, EBBTIDE_JWT_AUDIENCE and EBBTIDE_JWT_JWKS_FILE together, "
            "got only some of them. Set all three, or none."
        )
    return None


_rate_of = lru_cache(maxsize=256)(Rate.of)


def _too_many(wait_seconds: float, rate: Rate) -> Problem:
    return Problem(
        kind="too-many-requests",
        detail=f"Expected at most {rate.requests} requests in {rate.seconds} s. Wait for "
        "retry_after_seconds, and send many customers in one request.",
        retry_after_seconds=max(1, math.ceil(wait_seconds)),
    )


def _peer_of(request: HTTPConnection) -> str:
    """Return whom failures are counted for; who has one IPv6 address has 2**64 of them."""
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(ip_network((int(address), 64), strict=False))
    return host


def _ending(request: HTTPConnection) -> dict[str, str]:
    """Return the header that ends the connection where a large body would still be sent."""
    length = request.headers.get("content-length", "0")
    is_small = length.isdecimal() and len(length) < 20 and int(length) <= _LARGE_BODY_BYTES
    is_chunked = "transfer-encoding" in request.headers
    return {} if is_small and not is_chunked else {"Connection": "close"}
