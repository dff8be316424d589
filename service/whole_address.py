"""Routes whose parameter may hold a slash, but only a written one: ``%2F``.

Frameworks decode an address before they look for its route, so that ``DELETE .../17/preferences``
would erase the customer ``17/preferences``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Match

from service.id_address import IdAddress

if TYPE_CHECKING:
    from starlette.types import Scope


class WholeAddress(IdAddress):
    """A route of a path with ``{name:path}`` that fits no address with more parts than the path.

    Examples
    --------
    >>> route = WholeAddress("/customers/{customer_id:path}", lambda: None, methods=["DELETE"])
    >>> scope = {"type": "http", "method": "DELETE", "root_path": ""}
    >>> for raw in ("/customers/a%2Fb", "/customers/a/b"):
    ...     asked = {**scope, "path": "/customers/a/b", "raw_path": raw.encode()}
    ...     print(route.matches(asked)[0].name)
    FULL
    NONE
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Say whether an address is one of this route's."""
        raw_path = scope.get("raw_path") or scope["path"].encode()
        parts = raw_path.count(b"/") - scope.get("root_path", "").count("/")
        if parts != self.path_format.count("/"):
            return Match.NONE, {}
        return super().matches(scope)
