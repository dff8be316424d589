"""The process that asks the registry: ``python -m service.champion.child``.

Reads one JSON object a line from standard input and answers each with one line. It fetches files
and never opens them; models are never loaded here.

Request: ``{"tracking_uri", "model_name", "known", "staging", "max_bytes"}``; ``known`` is the
identity of the champion that the parent already has, ``max_bytes`` what its files may take.
Answer: ``{"identity", "version", "bundle"}``, with ``bundle`` null where the champion is the known
one, or too large (``is_too_large``); all null where there is no champion; or ``{"error"}``.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import TextIO

ALIAS = "champion"
BUNDLE_PATH = ("artifacts", "bundle")
_NO_CHAMPION = {"identity": None, "version": None, "bundle": None}
_SQLITE = "sqlite:///"


def main() -> None:
    """Answer requests until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints must not end up among the answers
    serve(sys.stdin, answers)


def serve(requests: TextIO, answers: TextIO) -> None:
    """Answer each line of requests with one line."""
    opened: dict[str, tuple[int, int]] = {}
    for line in requests:
        try:
            question = json.loads(line)
            _require_same_file(question["tracking_uri"], opened)
            answer = _champion(**question)
        except Exception as err:
            answer = {"error": type(err).__name__}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _champion(
    *, tracking_uri: str, model_name: str, known: str | None, staging: str, max_bytes: int
) -> dict[str, Any]:
    if not _exists(tracking_uri):
        return _NO_CHAMPION
    import mlflow
    from mlflow.exceptions import MlflowException

    mlflow.set_tracking_uri(tracking_uri)
    client = mlflow.MlflowClient()
    try:
        found = client.get_model_version_by_alias(model_name, ALIAS)
    except MlflowException as err:
        if err.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return _NO_CHAMPION
        raise
    identity = f"{found.version}@{found.creation_timestamp}"
    answer = {"identity": identity, "version": str(found.version), "bundle": None}
    if identity == known:
        return answer
    _allow_no_larger_file(max_bytes)
    uri = f"models:/{model_name}/{found.version}"
    if _bytes_of(uri, at_most=max_bytes) > max_bytes:
        return {**answer, "is_too_large": True}
    fetched = mlflow.artifacts.download_artifacts(uri, dst_path=staging)
    return {**answer, "bundle": str(Path(fetched).joinpath(*BUNDLE_PATH))}


class RegistryReplaced(Exception):
    """The registry's file is not the one that was opened; a new process has to open it."""


def _require_same_file(tracking_uri: str, opened: dict[str, tuple[int, int]]) -> None:
    """Refuse to go on with a SQLite file that was moved or deleted after it had been opened.

    The open connection would answer from the old file for ever, or make an empty one.
    """
    path = Path(tracking_uri.removeprefix(_SQLITE))
    if not tracking_uri.startswith(_SQLITE) or not (path.exists() or tracking_uri in opened):
        return
    if not path.exists():
        raise RegistryReplaced
    found = path.stat()
    if opened.setdefault(tracking_uri, (found.st_dev, found.st_ino)) != (
        found.st_dev,
        found.st_ino,
    ):
        raise RegistryReplaced


def _allow_no_larger_file(max_bytes: int) -> None:
    """Let nothing be written beyond what a bundle may take, whatever the registry announced."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    is_below = hard == resource.RLIM_INFINITY or max_bytes < hard
    resource.setrlimit(resource.RLIMIT_FSIZE, (max_bytes if is_below else hard, hard))


def _bytes_of(uri: str, *, at_most: int) -> int:
    """Sum the sizes of a model's files as the registry lists them; stop when it is too much."""
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    repository = get_artifact_repository(uri)
    folders: list[str | None] = [None]
    total = 0
    while folders and total <= at_most:
        for entry in repository.list_artifacts(folders.pop()):
            if entry.is_dir:
                folders.append(entry.path)
            total += entry.file_size or 0
    return total


def _exists(tracking_uri: str) -> bool:
    """Whether there is a registry to ask; asking SQLite would make one, beside a first training."""
    is_sqlite = tracking_uri.startswith(_SQLITE)
    return not is_sqlite or Path(tracking_uri.removeprefix(_SQLITE)).exists()


if __name__ == "__main__":
    main()
