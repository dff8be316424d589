"""How functions are compiled: once, kept on disk where a folder may be written.

numba keeps compiled code beside the module, or in the user's cache folder; where neither can be
written, each process compiles again, which takes some seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numba

if TYPE_CHECKING:
    from collections.abc import Callable

_OPTIONS = {"nogil": True, "error_model": "numpy", "boundscheck": False}
"""Without ``fastmath``: sums keep their order, so that a row has the same bits everywhere."""


def compiled(function: Callable[..., Any]) -> Any:
    """Return a function that is compiled when it is first called."""
    try:
        return numba.njit(cache=True, **_OPTIONS)(function)
    except RuntimeError:
        return numba.njit(**_OPTIONS)(function)
