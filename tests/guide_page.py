"""A guide as what it asks of the reader: files to write, requests to send, answers to expect.

In a guide, a block of ``bash`` that begins with curl and a block of ``http`` are requests; a block
of ``json`` or ``csv`` right after one is its answer, shortened. A block of ``csv NAME`` or ``json
NAME`` is a file. ``<!-- status: 422 -->`` before a request expects that status, and ``<!-- until:
state=done -->`` repeats it until its answer says so. Names in capitals after ``$`` are fields of
earlier answers.
"""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_PART = re.compile(
    r"^<!-- (?P<name>status|until): (?P<value>[^>]*?) -->$"
    r"|^```(?P<language>\w+)(?: (?P<file>[\w.-]+))?\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_VARIABLE = re.compile(r"\$([A-Z_]+)")
_URL = "$EBBTIDE_URL"
_RANDOM = frozenset({"prediction_id", "job_id", "webhook_id", "next_cursor", "secret"})


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file that the reader has."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request that the reader sends; ``path`` with its query."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    body_file: str | None = None
    expected_status: int | None = None
    until: tuple[str, str] | None = None

    def filled(self, known: Mapping[str, str]) -> Request:
        """Put in what earlier answers said."""

        def put(text: str) -> str:
            return _VARIABLE.sub(lambda found: known[found[1]], text)

        def put_quoted(text: str) -> str:
            return _VARIABLE.sub(lambda found: quote(known[found[1]], safe=""), text)

        return replace(
            self,
            path=put_quoted(self.path),
            headers={name: put(value) for name, value in self.headers.items()},
            body=None if self.body is None else put(self.body),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the reader is shown as the answer to the request before; where it stands in the page."""

    language: str
    text: str
    start: int
    end: int


def parts(page: str) -> Iterator[File | Request | Shown]:
    """Yield what a page asks and shows, in order."""
    wanted: dict[str, str] = {}
    may_answer = False
    for found in _PART.finditer(page):
        if found["name"]:
            wanted[found["name"]] = found["value"]
            continue
        language, text = found["language"], found["text"]
        request = _request(language, text)
        if request is not None:
            yield _expecting(request, wanted)
            wanted, may_answer = {}, True
        elif found["file"]:
            yield File(name=found["file"], text=text)
        elif may_answer and language in ("json", "csv"):
            yield Shown(
                language=language, text=text, start=found.start("text"), end=found.end("text")
            )
            may_answer = False
        else:
            may_answer = False


def _request(language: str, text: str) -> Request | None:
    if language == "bash" and text.startswith("curl "):
        return _of_curl(text)
    return _of_http(text) if language == "http" else None


def _expecting(request: Request, wanted: Mapping[str, str]) -> Request:
    name, _, value = wanted.get("until", "").partition("=")
    return replace(
        request,
        expected_status=int(wanted["status"]) if "status" in wanted else None,
        until=(name, value) if name else None,
    )


def _of_curl(text: str) -> Request:
    """Read a command of curl with the options that the guides use, and no others."""
    words = iter(shlex.split(text.replace("\\\n", " "))[1:])
    method, path, headers, body, file = None, None, {}, None, None
    query: list[str] = []
    for word in words:
        if word in ("-s", "-sS", "-f", "-i"):
            continue
        if word == "-G":
            method = "GET"
        elif word == "-X":
            method = next(words)
        elif word == "-o":
            next(words)
        elif word == "-H":
            name, _, value = next(words).partition(": ")
            headers[name] = value
        elif word in ("-d", "--data-binary"):
            given = next(words)
            body, file = (None, given[1:]) if given.startswith("@") else (given, None)
        elif word == "--data-urlencode":
            name, _, value = next(words).partition("=")
            query.append(f"{name}={value if value.startswith('$') else quote(value)}")
        elif word.startswith(_URL):
            path = word.removeprefix(_URL)
        else:
            raise AssertionError(f"the guides do not use curl's {word!r}")
    assert path is not None, text
    sent = body is not None or file is not None
    return Request(
        method=method or ("POST" if sent else "GET"),
        path=path + ("?" + "&".join(query) if query else ""),
        headers=headers,
        body=body,
        body_file=file,
    )


def _of_http(text: str) -> Request:
    head, _, body = text.partition("\n\n")
    first, *rest = head.splitlines()
    method, path = first.split()
    named = (line.partition(": ") for line in rest)
    headers = {name: value for name, _, value in named}
    return Request(method=method, path=path, headers=headers, body=body.strip() or None)


def differences(shown: Any, real: Any, place: str = "") -> list[str]:
    """Name where an answer that is shown is not of the shape of the real one.

    What is shown may be shortened: it may lack fields and the ends of lists.
    """
    if isinstance(shown, dict) and isinstance(real, dict):
        unknown = [f"{place}/{name}: no such field" for name in shown if name not in real]
        deeper = (differences(shown[n], real[n], f"{place}/{n}") for n in shown if n in real)
        return unknown + [each for found in deeper for each in found]
    if isinstance(shown, list) and isinstance(real, list):
        if len(shown) > len(real):
            return [f"{place}: {len(shown)} are shown of {len(real)}"]
        pairs = zip(shown, real, strict=False)
        return [each for n, pair in enumerate(pairs) for each in differences(*pair, f"{place}/{n}")]
    same = _kind(shown) == _kind(real)
    return [] if same else [f"{place}: shown as {_kind(shown)}, but is {_kind(real)}"]


def refreshed(shown: Any, real: Any) -> Any:
    """Return what is shown with the values of the real answer, as short as it was.

    What is another one each time stays as it is shown.
    """
    if isinstance(shown, dict) and isinstance(real, dict):
        return {
            name: shown[name] if name in _RANDOM else refreshed(shown[name], real[name])
            for name in shown
            if name in real
        }
    if isinstance(shown, list) and isinstance(real, list):
        return [refreshed(*pair) for pair in zip(shown, real, strict=False)]
    return real


def written(content: Any) -> str:
    """Write an answer as the guides show it."""
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def variables(content: Any) -> dict[str, str]:
    """Return the plain fields of an answer as later requests name them."""
    if not isinstance(content, dict):
        return {}
    return {
        name.upper(): str(value)
        for name, value in content.items()
        if isinstance(value, str | int) and not isinstance(value, bool)
    }


def write_files(page: str, folder: Path) -> None:
    """Write the files of a page into a folder."""
    for part in parts(page):
        if isinstance(part, File):
            (folder / part.name).write_text(part.text, encoding="utf-8")


def _kind(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "null" if value is None else "boolean"
    if isinstance(value, int | float):
        return "number"
    return {str: "string", list: "array", dict: "object"}[type(value)]
