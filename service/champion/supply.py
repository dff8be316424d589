"""Keep the newest verified champion at hand, and swap it in one step.

A request takes ``current`` once and answers with that; a swap changes what later requests take.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Protocol

import structlog

from ebbtide.bundle.contents import MANIFEST, SIGNATURE
from ebbtide.bundle.read import read_bundle
from ebbtide.errors import BundleError
from service.champion.kept import Kept, KeptBundles
from service.champion.registry import RegistryUnreachable
from service.edge import place_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from ebbtide.bundle.contents import Bundle
    from service.champion.registry import Offer, Registry

_LOG = structlog.get_logger("ebbtide.champion")

_MAX_BACKOFF_SECONDS = 60.0
_RETRY_REFUSED_AFTER_POLLS = 60
_STOP_SECONDS = 2.0

_TOO_LARGE = (
    "Its files are larger than EBBTIDE_MAX_BUNDLE_BYTES allows, so it was not fetched. Train a "
    "smaller model, or raise it."
)
_NOT_KEPT = (
    "What is served could not be noted on disk, so that a restart without the registry would serve "
    "the champion before. Check the rights and free space of <stores.folder>/service."
)
_HARDLY_ROOM = (
    " There is hardly room left in <stores.folder>/service, which may be why: free some space."
)

Source = Literal["given", "registry", "last_verified"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What is being served.

    Parameters
    ----------
    bundle : the verified model.
    source : from the registry, from disk because the registry has not confirmed it yet, or given
        by the caller of ``create_app``.
    registry_version : number of the model version in the registry; None if it was given.
    loaded_at : when it was taken into service.
    """

    bundle: Bundle
    source: Source
    registry_version: str | None
    loaded_at: datetime


@dataclass(slots=True, kw_only=True)
class History:
    """What has happened to a supply since it began.

    Parameters
    ----------
    swaps : models taken into service, the first among them.
    refusals : models of the registry that were refused.
    is_refused : whether the champion that the registry named last is refused.
    registry_answered_at : when the registry answered last; None if it never did.
    """

    swaps: int = 0
    refusals: int = 0
    is_refused: bool = False
    registry_answered_at: datetime | None = None


class Supply(Protocol):
    """Where requests take the champion from."""

    @property
    def current(self) -> Served | None:
        """What is being served; None if there is nothing yet."""

    @property
    def complaint(self) -> str | None:
        """What is wrong with the supply, for ``/readyz``; None if all is well."""

    @property
    def is_registry_reachable(self) -> bool:
        """Whether the registry answered when it was last asked."""

    @property
    def history(self) -> History:
        """What has happened so far."""

    def start(self) -> None:
        """Begin to supply."""

    def poll(self) -> None:
        """Look for another champion now; return when it is served or refused."""

    def stop(self) -> None:
        """Stop and release everything."""


class FixedSupply:
    """One bundle for ever: for tests, and for trying things out."""

    complaint: str | None = None
    is_registry_reachable = True

    def __init__(self, bundle: Bundle, *, loaded_at: datetime) -> None:
        self.current: Served | None = Served(
            bundle=bundle, source="given", registry_version=None, loaded_at=loaded_at
        )
        self.history = History(swaps=1)

    def start(self) -> None:
        """Nothing has to begin."""

    def poll(self) -> None:
        """There is never another one."""

    def stop(self) -> None:
        """Nothing is held."""


class ChampionSupply:
    """Follows the champion of a registry in a thread of its own."""

    def __init__(
        self,
        *,
        registry: Registry,
        kept: KeptBundles,
        try_bundle: Callable[[Path], None],
        key: bytes | None,
        poll_seconds: float,
        now: Callable[[], datetime],
        warm_up: Callable[[Bundle], object] = lambda _bundle: None,
    ) -> None:
        self._registry = registry
        self._kept = kept
        self._try_bundle = try_bundle
        self._key = key
        self._poll_seconds = poll_seconds
        self._now = now
        self._warm_up = warm_up
        self._stopping = threading.Event()
        self._polling = threading.Lock()
        self._thread: threading.Thread | None = None
        self._served: Served | None = None
        self._identity: str | None = None
        self._refused: tuple[str, int] | None = None
        self._complaint: str | None = "The registry has not been asked yet."
        self._unpointed: Kept | None = None
        self._reachable = False
        self.history = History()

    @property
    def current(self) -> Served | None:
        """What is being served; None if there is nothing yet."""
        return self._served

    @property
    def complaint(self) -> str | None:
        """What is wrong with the supply; None if all is well."""
        not_kept = None if self._unpointed is None else _NOT_KEPT
        return " ".join(each for each in (self._complaint, not_kept) if each) or None

    @property
    def is_registry_reachable(self) -> bool:
        """Whether the registry answered when it was last asked."""
        return self._reachable

    def start(self) -> None:
        """Serve the last verified bundle, if there is one, and begin to follow the champion."""
        self._kept.remove_leftovers()
        self.serve_last_verified()
        self._thread = threading.Thread(target=self._follow, name="champion", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread and the process that asks the registry."""
        self._stopping.set()
        self._registry.close()
        if self._thread is not None:
            self._thread.join(_STOP_SECONDS)  # a trial may be going on; its time is bounded

    def serve_last_verified(self) -> None:
        """Serve from disk what was verified last and is still good, after trying it again."""
        for kept in self._kept.verified():
            try:
                self._try_bundle(self._kept.path(kept))
                bundle = read_bundle(self._kept.path(kept), key=self._key)
            except (BundleError, OSError) as err:
                reason = str(err) if isinstance(err, BundleError) else type(err).__name__
                _LOG.warning("last_verified_refused", reason=reason)
                continue
            self._swap(bundle, kept, source="last_verified")
            return

    def poll(self) -> None:
        """Ask the registry once, and take in a new champion if it is good."""
        with self._polling:
            self._poll()

    def _poll(self) -> None:
        if self._unpointed is not None:
            self._point_to(self._unpointed)
        try:
            with self._kept.staging() as staging:
                offer = self._registry.champion(known=self._known(), staging=staging)
                if offer.bundle is not None and not _is_inside(offer.bundle, staging):
                    raise RegistryUnreachable("it named a bundle elsewhere")
                self._reachable = True
                self.history.registry_answered_at = self._now()
                self._consider(offer)
        except RegistryUnreachable as err:
            self._reachable = False
            self._complaint = (
                f"The registry does not answer ({err}). Check that it runs and that "
                f"MLFLOW_TRACKING_URI or [stores] tracking_uri is right."
                f"{_HARDLY_ROOM if self._kept.is_nearly_full else ''}"
            )
        except OSError as err:
            self._complaint = (
                f"The folder of bundles cannot be written ({type(err).__name__}). "
                f"Check its rights and free space."
            )
        except Exception as err:  # whatever a registry makes us trip over, it is asked again
            _LOG.error("champion_failed", error=type(err).__name__, at=place_of(err))
            self._complaint = (
                f"A new champion could not be taken in ({type(err).__name__}). What was served is "
                f"served on; promote another version, and tell who looks after the service."
            )

    def _follow(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            self.poll()
            failures = 0 if self._reachable else failures + 1
            backoff = min(self._poll_seconds * 2 ** min(failures, 10), _MAX_BACKOFF_SECONDS)
            self._stopping.wait(
                max(backoff, self._poll_seconds) if failures else self._poll_seconds
            )

    def _known(self) -> str | None:
        """Return the identity that need not be fetched: served, or refused not long ago."""
        if self._refused is not None:
            identity, polls = self._refused
            self._refused = (identity, polls + 1) if polls < _RETRY_REFUSED_AFTER_POLLS else None
            if self._refused is not None:
                return identity
        return self._identity

    def _consider(self, offer: Offer) -> None:
        if offer.identity is None:
            self.history.is_refused = False
            self._complaint = (
                "The registry names no champion. Run: ebbtide train, then ebbtide promote."
            )
        elif offer.is_too_large:
            self._refuse(offer, offer.identity, _TOO_LARGE)
        elif offer.bundle is not None:
            self._take_in(offer, offer.bundle)
        elif offer.identity == self._identity:
            self._confirm()

    def _confirm(self) -> None:
        """Note that the registry names what is served already."""
        self._complaint, self._refused, self.history.is_refused = None, None, False
        if self._served is not None and self._served.source == "last_verified":
            self._served = replace(self._served, source="registry")

    def _take_in(self, offer: Offer, fetched: Path) -> None:
        assert offer.identity is not None
        if offer.identity == self._identity:  # back to what is served, after a refused one
            self._confirm()
            return
        try:
            self._try_bundle(fetched)
            bundle = read_bundle(fetched, key=self._key)
            kept = Kept(
                bundle_version=bundle.version,
                identity=offer.identity,
                registry_version=offer.version or "",
            )
            self._kept.take_in(fetched, kept, names=_names_of(bundle))
        except BundleError as err:
            self._refuse(offer, offer.identity, str(err))
            return
        self._point_to(kept)
        self._swap(bundle, kept, source="registry")

    def _refuse(self, offer: Offer, identity: str, reason: str) -> None:
        """Go on as before, and do not fetch this one again for a while."""
        self._refused = (identity, 0)
        self.history.refusals += 1
        self.history.is_refused = True
        self._complaint = f"Version {offer.version} of the registry is refused. {reason}"
        _LOG.warning("champion_refused", registry_version=offer.version, reason=reason)

    def _point_to(self, kept: Kept) -> None:
        """Start from this bundle next time; what could not be written is tried at the next poll.

        A champion that is verified is served all the same: only a restart without the registry
        would go back to the one before.
        """
        try:
            self._kept.point_to(kept)
            self._unpointed = None
        except OSError as err:
            self._unpointed = kept
            _LOG.warning("champion_not_kept", error=type(err).__name__)

    def _swap(self, bundle: Bundle, kept: Kept, *, source: Source) -> None:
        try:
            self._warm_up(bundle)
        except Exception as err:  # it was tried; who asks first waits a little longer then
            _LOG.warning("champion_not_warm", error=type(err).__name__, at=place_of(err))
        self._served = Served(
            bundle=bundle,
            source=source,
            registry_version=kept.registry_version,
            loaded_at=self._now(),
        )
        self._identity, self._refused = kept.identity, None
        self.history.swaps += 1
        if source == "registry":
            self._complaint, self.history.is_refused = None, False
        _LOG.info("champion_swapped", version=bundle.version, source=source)


def _names_of(bundle: Bundle) -> frozenset[str]:
    return frozenset({MANIFEST, SIGNATURE, *bundle.manifest["files"]})


def _is_inside(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())
