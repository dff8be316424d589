"""Routes whose parameter takes a line break, too: the check of the id then says that it is none.

Frameworks let ``{name:path}`` end before a line break. So ``a%0Ab`` would be at no address at all,
and ``DELETE .../a%0A`` would be about the customer ``a``. And what is escaped wrongly they mend by
guessing, so that ``caf%E9`` would be about somebody else than who was meant.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from fastapi.routing import APIRoute

if TYPE_CHECKING:
    from starlette.routing import Match
    from starlette.types import Scope

_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")


def is_well_escaped(scope: Scope) -> bool:
    """Return whether an address says exactly which text it stands for.

    Bytes that are no UTF-8 become U+FFFD before a route is looked for, which is a letter of ids as
    any other; so only the bytes as they were sent can tell.

    Examples
    --------
    >>> for raw_path in (b"/caf%C3%A9", b"/50%25", b"/caf%E9", b"/50%"):
    ...     is_well_escaped({"raw_path": raw_path})
    True
    True
    False
    False
    """
    raw_path: bytes = scope.get("raw_path") or b""
    if b"%" not in raw_path and raw_path.isascii():
        return True
    try:
        unquote_to_bytes(raw_path).decode()
    except UnicodeDecodeError:
        return False
    return _BROKEN_ESCAPE.search(raw_path) is None


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
