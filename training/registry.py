"""The registered versions of a project's model: list, promote, roll back, fetch."""

from __future__ import annotations

import json
import logging
import os
import tempfile
import time
import uuid
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import mlflow
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from ebbtide.bundle.read import check_golden, read_bundle
from ebbtide.errors import BundleError, NotReady, SettingsError
from training.gate import judge, refused_over, require_passed
from training.interruptions import interruption_waits
from training.mlflow_environment import environment_kept

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import datetime

    from mlflow import MlflowClient

    from ebbtide.bundle.contents import Bundle
    from ebbtide.gate_settings import GateSettings
    from ebbtide.project import Project
    from training.gate import Refusal

CHAMPION = "champion"
CHALLENGER = "challenger"
_HISTORY = "promotion."
_NOT_THERE = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE", "NOT_FOUND")


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One registered version."""

    number: str
    aliases: tuple[str, ...]
    tags: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChampionBefore:
    """The bundle that serves before a promotion; None where there is none or it cannot be read."""

    bundle: Bundle | None = None
    is_unreadable: bool = False
    number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Deed:
    """Who did something, when and why, and the codes of the gate that it was about."""

    who: str
    why: str
    at: datetime
    codes: str = ""


def connect_registry(project: Project) -> MlflowClient:
    """Point MLflow at a project's store, make its experiment, and return a client.

    Raises
    ------
    SettingsError
        If the store cannot be reached.
    """
    logging.getLogger("mlflow").setLevel(logging.CRITICAL)  # we say it in one sentence
    logging.getLogger("alembic").setLevel(logging.WARNING)
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")  # we show our own
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
    uri = project.tracking_uri
    is_local = uri.startswith("sqlite:")
    with (
        interruption_waits() if is_local else nullcontext(),  # a server may let one wait long
        environment_kept(),
        registry_errors("The experiment is gone. Run: ebbtide train"),
    ):
        mlflow.set_tracking_uri(uri)
        mlflow.set_registry_uri(uri)
        if is_local:
            project.folder.mkdir(parents=True, exist_ok=True)
        client = mlflow.MlflowClient()
        if client.get_experiment_by_name(project.model_name) is None:
            place = (project.folder / "artifacts").resolve().as_uri() if is_local else None
            client.create_experiment(project.model_name, artifact_location=place)
        mlflow.set_experiment(project.model_name)
    return client


def versions(client: MlflowClient, model_name: str) -> list[Version]:
    """Return the registered versions, the newest first.

    Raises
    ------
    NotReady
        If nothing is registered yet.
    SettingsError
        If the registry does not answer.
    """
    with registry_errors(f"No model {model_name!r} is registered yet. Run: ebbtide train"):
        aliases = client.get_registered_model(model_name).aliases
        found = client.search_model_versions(f"name = '{model_name}'")
    listed = [
        Version(
            number=str(each.version),
            aliases=tuple(sorted(a for a, n in aliases.items() if str(n) == str(each.version))),
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
    key: bytes | None,
    settings: GateSettings,
    who: str,
    why: str,
    at: datetime,
    accepted: Collection[str] = (),
) -> str:
    """Make a version the champion, if its bundle passes the gate, and return its number.

    The bundle is fetched and verified, and judged beside the champion's: what the registry says of
    it is not relied on. An attempt that is refused is kept in the history, too.

    Parameters
    ----------
    client : connected to the registry.
    model_name : the registered model.
    number : which version; None is the challenger.
    key : must have signed the bundle; None accepts an unsigned one.
    settings : limits of the gate.
    who, why, at : go into the history of promotions.
    accepted : codes of refusals that a person has looked into; those that came up go into the
        history.

    Raises
    ------
    NotReady
        If there is no such version, it is champion already, or it does not pass the gate.
    BundleError
        If its bundle cannot be trusted.
    SettingsError
        If an accepted code does not exist, or may not be accepted.
    """
    refused_over([], accepted)
    listed = versions(client, model_name)
    chosen = _choose(listed, number)
    if CHAMPION in chosen.aliases:
        raise NotReady(f"Version {chosen.number} is champion already. List them: ebbtide models")
    with tempfile.TemporaryDirectory() as scratch:
        bundle = read_bundle(_download(model_name, chosen.number, Path(scratch)), key=key)
        champion = champion_before(client, model_name, key=key)
        refusals = judge(
            bundle,
            champion.bundle,
            settings=settings,
            at=at,
            is_champion_unreadable=champion.is_unreadable,
        )
    remaining = refused_over(refusals, accepted)
    deed = _Deed(who=who, why=why, at=at, codes=_codes(remaining or refusals))
    if remaining:
        _note(client, model_name, "refused", chosen.number, deed)
    require_passed(remaining, version=chosen.number)
    _move(client, model_name, "promote", chosen.number, deed)
    return chosen.number


def champion_before(client: MlflowClient, model_name: str, *, key: bytes | None) -> ChampionBefore:
    """Return the bundle that a challenger is compared with.

    Parameters
    ----------
    client : connected to the registry.
    model_name : the registered model.
    key : must have signed it.
    """
    with tempfile.TemporaryDirectory() as scratch:
        try:
            number = champion_number(client, model_name)
            bundle = _fetch(model_name, number, Path(scratch), key=key)
            return ChampionBefore(bundle=bundle, number=number)
        except NotReady:
            return ChampionBefore(is_unreadable=_has_champion(client, model_name))
        except BundleError:
            return ChampionBefore(is_unreadable=True)


def rollback(client: MlflowClient, model_name: str, *, who: str, why: str, at: datetime) -> str:
    """Make the champion before the present one champion again, and return its number.

    Raises
    ------
    NotReady
        If there was no other champion before.
    """
    champion = champion_number(client, model_name)
    earlier: list[str] = []
    for entry in promotions(client, model_name):
        if entry["deed"] == "promote":
            earlier.append(entry["to"])
        elif entry["deed"] == "rollback" and earlier:
            earlier.pop()
    while earlier and earlier[-1] == champion:
        earlier.pop()
    if not earlier:
        raise NotReady("There is no earlier champion to go back to. List them: ebbtide models")
    _move(client, model_name, "rollback", earlier[-1], _Deed(who=who, why=why, at=at))
    return earlier[-1]


def promotions(client: MlflowClient, model_name: str) -> list[dict[str, str]]:
    """Return every promotion, refused attempt and rollback, the first first.

    Each has deed, from, to, who, why, at, and the codes of what was accepted, or refused over.
    """
    with registry_errors(f"No model {model_name!r} is registered yet. Run: ebbtide train"):
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
    SettingsError
        If the registry does not answer.
    """
    return _fetch(model_name, champion_number(client, model_name), into, key=key)


def champion_number(client: MlflowClient, model_name: str) -> str:
    """Return the number of the champion.

    Raises
    ------
    NotReady
        If there is none.
    SettingsError
        If the registry does not answer.
    """
    with registry_errors(f"{model_name!r} has no champion yet. Run: ebbtide promote"):
        return str(client.get_model_version_by_alias(model_name, CHAMPION).version)


def fetch_version(
    client: MlflowClient, model_name: str, number: str | None, into: Path, *, key: bytes | None
) -> tuple[Version, Bundle]:
    """Download, verify and read the bundle of a version; None is the challenger.

    Raises
    ------
    NotReady
        If there is no such version.
    BundleError
        If the bundle cannot be trusted.
    SettingsError
        If the registry does not answer.
    """
    chosen = _choose(versions(client, model_name), number)
    return chosen, _fetch(model_name, chosen.number, into, key=key)


def download_champion(client: MlflowClient, model_name: str, into: Path) -> Path:
    """Download the champion's bundle, not verified yet, and return its folder.

    Raises
    ------
    NotReady
        If there is no champion.
    SettingsError
        If the registry does not answer.
    """
    return _download(model_name, champion_number(client, model_name), into)


def _fetch(model_name: str, number: str, into: Path, *, key: bytes | None) -> Bundle:
    bundle = read_bundle(_download(model_name, number, into), key=key)
    check_golden(bundle)
    return bundle


def _download(model_name: str, number: str, into: Path) -> Path:
    with registry_errors(f"The files of version {number} are gone. Run: ebbtide train"):
        place: str = mlflow.artifacts.download_artifacts(
            f"models:/{model_name}/{number}", dst_path=str(into)
        )
    return into / place / "artifacts" / "bundle"


def _choose(listed: list[Version], number: str | None) -> Version:
    for each in listed:
        if each.number == number or (number is None and CHALLENGER in each.aliases):
            return each
    wanted = "a challenger" if number is None else f"version {number}"
    raise NotReady(f"Expected {wanted}; registered are: {', '.join(e.number for e in listed)}.")


def _has_champion(client: MlflowClient, model_name: str) -> bool:
    try:
        champion_number(client, model_name)
    except NotReady:
        return False
    return True


def _codes(refusals: Sequence[Refusal]) -> str:
    return ", ".join(dict.fromkeys(refusal.code for refusal in refusals))


def _move(client: MlflowClient, model_name: str, name: str, to: str, deed: _Deed) -> None:
    """Write the history first: an entry without effect misleads less than an effect without one."""
    _note(client, model_name, name, to, deed)
    with registry_errors(f"No model {model_name!r} is registered yet. Run: ebbtide train"):
        client.set_registered_model_alias(model_name, CHAMPION, to)


def _note(client: MlflowClient, model_name: str, name: str, to: str, deed: _Deed) -> None:
    with registry_errors(f"No model {model_name!r} is registered yet. Run: ebbtide train"):
        aliases = client.get_registered_model(model_name).aliases
        entry = {
            "deed": name,
            "from": str(aliases.get(CHAMPION, "")),
            "to": to,
            "who": deed.who,
            "why": deed.why,
            "at": deed.at.isoformat(timespec="seconds"),
            "codes": deed.codes,
        }
        place = f"{_HISTORY}{time.time_ns()}.{uuid.uuid4().hex[:8]}"
        client.set_registered_model_tag(model_name, place, json.dumps(entry))


@contextmanager
def registry_errors(not_there: str) -> Iterator[None]:
    """Tell what does not exist from a registry that does not answer or cannot be written.

    Parameters
    ----------
    not_there : what to say where something does not exist.

    Raises
    ------
    NotReady
        If what was asked for does not exist.
    SettingsError
        If the registry or its files cannot be reached, read or written.
    """
    try:
        yield
    except FileNotFoundError as err:
        raise NotReady(not_there) from err
    except (MlflowException, SQLAlchemyError, OSError) as err:
        code = getattr(err, "error_code", type(err).__name__)
        if code in _NOT_THERE:
            raise NotReady(not_there) from err
        place = f": {str(err.filename)!r}" if isinstance(err, OSError) and err.filename else ""
        raise SettingsError(
            f"The MLflow store cannot be used ({code}{place}). Check stores.tracking_uri or "
            f"MLFLOW_TRACKING_URI, that its server runs, and that there is free space and the "
            f"right to write."
        ) from err
