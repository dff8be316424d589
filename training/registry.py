"""The registered versions of a project's model: list, promote, roll back, fetch."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import mlflow
from mlflow.exceptions import MlflowException

from ebbtide.bundle.read import check_golden, read_bundle
from ebbtide.errors import NotReady, SettingsError
from training.gate import GATE_TAG, require_passed

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from mlflow import MlflowClient

    from ebbtide.bundle.contents import Bundle
    from ebbtide.project import Project

CHAMPION = "champion"
CHALLENGER = "challenger"
_HISTORY = "promotion."


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One registered version."""

    number: str
    aliases: tuple[str, ...]
    tags: dict[str, str]


def connect_registry(project: Project) -> MlflowClient:
    """Point MLflow at a project's store, make its experiment, and return a client.

    Raises
    ------
    SettingsError
        If the store cannot be reached.
    """
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
    uri = project.tracking_uri
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    client = mlflow.MlflowClient()
    is_local = uri.startswith("sqlite:")
    if is_local:
        project.folder.mkdir(parents=True, exist_ok=True)
    try:
        if client.get_experiment_by_name(project.model_name) is None:
            place = (project.folder / "artifacts").resolve().as_uri() if is_local else None
            client.create_experiment(project.model_name, artifact_location=place)
    except MlflowException as err:
        raise SettingsError(
            "The MLflow store cannot be reached. Check stores.tracking_uri or MLFLOW_TRACKING_URI, "
            "and that its server runs."
        ) from err
    mlflow.set_experiment(project.model_name)
    return client


def versions(client: MlflowClient, model_name: str) -> list[Version]:
    """Return the registered versions, the newest first.

    Raises
    ------
    NotReady
        If nothing is registered yet.
    """
    try:
        aliases = client.get_registered_model(model_name).aliases
    except MlflowException as err:
        raise NotReady(f"No model {model_name!r} is registered yet. Run: ebbtide train") from err
    found = client.search_model_versions(f"name = '{model_name}'")
    listed = [
        Version(
            number=str(each.version),
            aliases=tuple(
                sorted(a for a, number in aliases.items() if str(number) == str(each.version))
            ),
            tags=dict(each.tags),
        )
        for each in found
    ]
    return sorted(listed, key=lambda each: int(each.number), reverse=True)


def promote(
    client: MlflowClient,
    model_name: str,
    *,
    number: str | None,
    who: str,
    why: str,
    at: datetime,
) -> str:
    """Make a version the champion, if it passed the gate, and return its number.

    Parameters
    ----------
    client : connected to the registry.
    model_name : the registered model.
    number : which version; None is the challenger.
    who, why, at : go into the history of promotions.

    Raises
    ------
    NotReady
        If there is no such version, or it did not pass the gate.
    """
    chosen = _choose(versions(client, model_name), number)
    require_passed(chosen.tags.get(GATE_TAG, "it was never judged"), version=chosen.number)
    _move(client, model_name, to=chosen.number, deed="promote", who=who, why=why, at=at)
    return chosen.number


def rollback(client: MlflowClient, model_name: str, *, who: str, why: str, at: datetime) -> str:
    """Make the champion before the present one champion again, and return its number.

    Raises
    ------
    NotReady
        If there was no champion before.
    """
    versions(client, model_name)
    stack: list[str] = []
    for entry in promotions(client, model_name):
        if entry["deed"] == "promote":
            stack.append(entry["to"])
        else:
            stack.pop()
    if len(stack) < 2:
        raise NotReady("There is no earlier champion to go back to. List them: ebbtide models")
    _move(client, model_name, to=stack[-2], deed="rollback", who=who, why=why, at=at)
    return stack[-2]


def promotions(client: MlflowClient, model_name: str) -> list[dict[str, str]]:
    """Return every promotion and rollback, the first first: deed, from, to, who, why, at."""
    tags = client.get_registered_model(model_name).tags
    return [json.loads(tags[name]) for name in sorted(tags) if name.startswith(_HISTORY)]


def fetch_champion(
    client: MlflowClient, model_name: str, into: Path, *, key: bytes | None
) -> Bundle:
    """Download, verify and read the champion's bundle.

    Raises
    ------
    NotReady
        If there is no champion.
    BundleError
        If the bundle cannot be trusted.
    """
    try:
        number = str(client.get_model_version_by_alias(model_name, CHAMPION).version)
    except MlflowException as err:
        raise NotReady(f"{model_name!r} has no champion yet. Run: ebbtide promote") from err
    place = mlflow.artifacts.download_artifacts(
        f"models:/{model_name}/{number}", dst_path=str(into)
    )
    bundle = read_bundle(into / place / "artifacts" / "bundle", key=key)
    check_golden(bundle)
    return bundle


def _choose(listed: list[Version], number: str | None) -> Version:
    for each in listed:
        if each.number == number or (number is None and CHALLENGER in each.aliases):
            return each
    wanted = "a challenger" if number is None else f"version {number}"
    raise NotReady(f"Expected {wanted}; registered are: {', '.join(e.number for e in listed)}.")


def _move(
    client: MlflowClient, model_name: str, *, to: str, deed: str, who: str, why: str, at: datetime
) -> None:
    model = client.get_registered_model(model_name)
    entry = {
        "deed": deed,
        "from": str(model.aliases.get(CHAMPION, "")),
        "to": to,
        "who": who,
        "why": why,
        "at": at.isoformat(timespec="seconds"),
    }
    client.set_registered_model_alias(model_name, CHAMPION, to)
    place = sum(name.startswith(_HISTORY) for name in model.tags) + 1
    client.set_registered_model_tag(model_name, f"{_HISTORY}{place:06d}", json.dumps(entry))
