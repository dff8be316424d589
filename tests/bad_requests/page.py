"""The tables of bad requests as a page of the reference."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from bad_requests.every import TABLES, TAKE_JSON

if TYPE_CHECKING:
    from bad_requests.bad import Bad

_HEAD = """# Bad requests

What a request gets that breaks its contract: {count} of them, each with its exact answer. A test
sends every one. Whoever builds a client can rely on status, kind, pointer and `got_kind`; the
English sentences are for people. Nothing that was sent comes back in any of them.

An answer is a problem document (`application/problem+json`, RFC 9457), as [the HTTP
interface](../api.md) says: `type` is `urn:ebbtide:problem:<kind>`. Where the kind is
`invalid-request`, the table shows the one entry of `errors`: `pointer` · `expected` · `got_kind`;
otherwise it shows `detail`. Limits are those of the test (bodies of 200,000 bytes, 50 events a row,
files of 300,000 bytes); yours are [settings](../settings.md).

**In a row**: the status stands in the problem of that row, others of the same request are answered
(200), or those of the same file (the job is `done`). **In the job**: the file was taken (202), and
the job is `failed` with that problem.

{kinds}
"""


def page() -> str:
    """Return the page as Markdown, without the line that says who made it."""
    every = [bad for table in TABLES.values() for bad in table]
    count = Counter((bad.status, bad.kind) for bad in every)
    kinds = [f"| {status} | `{kind}` | {n} |" for (status, kind), n in sorted(count.items())]
    head = _HEAD.format(
        count=len(every), kinds="\n".join(["| status | kind | requests |", "|---|---|---|", *kinds])
    )
    return head + "".join(_section(heading, table) for heading, table in TABLES.items())


def _section(heading: str, table: list[Bad]) -> str:
    routes = dict.fromkeys(bad.route for bad in table)
    return f"\n## {heading}\n" + "".join(_route(route, table) for route in routes)


def _route(route: str, table: list[Bad]) -> str:
    named = f"`{route}`" if route != "*" else " · ".join(f"`{name}`" for name, _ in TAKE_JSON)
    rows = [_row(bad) for bad in table if bad.route == route]
    head = ["| what is sent | status | kind | what is said |", "|---|---|---|---|"]
    return "\n".join(["", named, "", *head, *rows, ""])


def _row(bad: Bad) -> str:
    where = {"answer": "", "row": ", in a row", "job": ", in the job"}[bad.told_in]
    said = bad.detail if bad.fault is None else " · ".join(_code(part) for part in bad.fault)
    return f"| {bad.what} | {bad.status}{where} | `{bad.kind}` | {said} |"


def _code(text: str) -> str:
    return "`" + (text.replace("|", r"\|") or '""') + "`"
