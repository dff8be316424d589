"""Routes whose parameter takes a line break, too: the check of the id then says that it is none.

Frameworks let ``{name:path}`` end before a line break. So ``a%0Ab`` would be at no address at all,
and ``DELETE .../a%0A`` would be about the customer ``a``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi.routing import APIRoute

if TYPE_CHECKING:
    from starlette.routing import Match
    from starlette.types import Scope


class IdAddress(APIRoute):
    r"""A route of a path with ``{name:path}`` in which a line break is a letter like any other.

    It is handed on as NUL, which is in no id either.

    Examples
    --------
    >>> route = IdAddress("/customers/{customer_id:path}", lambda: None, methods=["DELETE"])
    >>> scope = {"type": "http", "method": "DELETE", "root_path": "", "path": "/customers/a\n"}
    >>> route.matches(scope)[1]["path_params"]
    {'customer_id': 'a\x00'}
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Say whether an address is one of this route's."""
        if "\n" in scope["path"]:
            scope = {**scope, "path": scope["path"].replace("\n", "\0")}
        return super().matches(scope)
