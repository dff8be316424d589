"""An answer that is sent in pieces, and takes no turn from others while its client takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import StreamingResponse

from service.under_way import give_turn_back

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send


class LongAnswer(StreamingResponse):
    """A body in pieces. Behind the first, the request is not counted as under way any more.

    How long the rest takes is up to who takes it: the next piece is made when the one before has
    left. Limits of connections bound it, and of how little may be taken in a time.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer."""

        async def sending(message: Message) -> None:
            await send(message)
            if message["type"] == "http.response.body":
                give_turn_back(scope)

        await super().__call__(scope, receive, sending)
