"""Send one message once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from ebbtide.webhook_signature import signed_headers
from service.webhooks.addresses import ForbiddenAddress, checked_address, parse_target, resolve
from service.webhooks.deadline import Deadline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from ebbtide.store.webhooks import Due

_TIMEOUT = httpx.Timeout(10.0, connect=5.0)
_USER_AGENT = "ebbtide-webhooks/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of an attempt.

    Parameters
    ----------
    status : what the other side answered; None if it did not.
    error : why it failed, as a word; None if it did not.
    """

    status: int | None
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Sends over HTTP.

    Parameters
    ----------
    client : connects; must follow no redirects and know no proxies.
    allow_private : whether addresses within the company will do.
    resolve : returns the addresses of a name.
    deadline_seconds : for the whole of an attempt, after its name was resolved; less than a lease.
    """

    client: httpx.Client
    allow_private: bool
    resolve: Callable[[str, int], Iterable[str]] = resolve
    deadline_seconds: float = 20.0

    def send(self, due: Due, *, now: datetime) -> Outcome:
        """Send a message to its webhook; any answer below 300 means that it has arrived."""
        webhook = due.webhook
        try:
            target = parse_target(webhook.url, allow_private=self.allow_private)
            address = checked_address(
                target, allow_private=self.allow_private, resolve=self.resolve
            )
        except ForbiddenAddress:
            return Outcome(status=None, error="forbidden_address")
        deadline = Deadline(self.deadline_seconds)
        headers = {
            "Host": target.host_header,
            "Content-Type": "application/json",
            "User-Agent": _USER_AGENT,
            **signed_headers(
                due.body, message_id=due.message_id, sent_at=now, secrets=webhook.secrets(now)
            ),
        }
        request = self.client.build_request(
            "POST",
            target.at(address),
            content=due.body,
            headers=headers,
            extensions={"sni_hostname": target.host, "trace": deadline.trace},
        )
        try:
            with deadline:
                answer = self.client.send(request, stream=True)  # nobody reads what it says
                answer.close()
        except httpx.TimeoutException:
            return Outcome(status=None, error="timeout")
        except (httpx.HTTPError, OSError, ValueError) as err:
            error = "timeout" if deadline.is_over else type(err).__name__
            return Outcome(status=None, error=error)
        has_arrived = 200 <= answer.status_code < 300
        return Outcome(status=answer.status_code, error=None if has_arrived else "refused")


def web_client() -> httpx.Client:
    """Return a client that goes straight to the address it is given."""
    return httpx.Client(
        timeout=_TIMEOUT,
        limits=httpx.Limits(max_keepalive_connections=0),  # others may have the same address
        follow_redirects=False,
        trust_env=False,
    )
