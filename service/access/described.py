"""What the OpenAPI document says about access: answers that any protected address may give.

Without the store nobody knows the keys, so that 503 is among them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from service.problems import KINDS, MEDIA_TYPE

if TYPE_CHECKING:
    from collections.abc import Mapping

_STATUSES = (401, 403, 429, 500, 503)


def describe_refusals(document: Mapping[str, Any]) -> None:
    """Add to every operation that needs a key or token how it refuses, in place.

    Parameters
    ----------
    document : as FastAPI made it; the schemes and who needs them are in it already.
    """
    problem = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemShape"}}}
    for operations in document["paths"].values():
        for operation in operations.values():
            if not operation.get("security"):
                continue
            answers = operation.setdefault("responses", {})
            for status in _STATUSES:
                answers.setdefault(
                    str(status), {"description": _titles(status), "content": problem}
                )
            operation["responses"] = dict(sorted(answers.items()))


def _titles(status: int) -> str:
    return "; ".join(f"{title} ({kind})" for kind, (code, title) in KINDS.items() if code == status)
