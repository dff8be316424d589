"""The small signed model, a project around it, and a client of the service that serves it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient

from ebbtide.bundle.read import read_bundle
from ebbtide.store.sql import open_store
from service.app import create_app
from service.settings import read_settings
from small_model import KEY, NOW, write_small_bundle

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def make_bundle(tmp_path_factory):
    """Write a bundle into a new folder; the intercept makes one differ from another."""

    def make(intercept: float = 0.0, *, key: bytes | None = KEY, golden_off: float = 0.0) -> Path:
        folder = tmp_path_factory.mktemp("bundle") / "bundle"
        write_small_bundle(folder, intercept=intercept, key=key, golden_off=golden_off)
        return folder

    return make


@pytest.fixture(scope="session")
def bundle(make_bundle):
    return read_bundle(make_bundle(), key=KEY)


@pytest.fixture
def project_file(tmp_path):
    file = tmp_path / "ebbtide.toml"
    file.write_text(
        '[project]\nname = "test"\ncurrency = "EUR"\n[tables.transactions]\npath = "t.csv"\n'
    )
    return file


@pytest.fixture
def settings(project_file):
    return read_settings(
        project_file=project_file,
        bundle_key=KEY.decode(),
        champion_poll_seconds=0.05,
        max_body_bytes=200_000,
        max_events=50,
        max_request_events=120,
        event_wait_seconds=0.0,
    )


@pytest.fixture
def store(tmp_path):
    made = open_store(f"sqlite:///{tmp_path}/store.db", folder=tmp_path)
    yield made
    made.close()


@pytest.fixture
def app(settings, bundle, store):
    return create_app(settings, model=bundle, store=store, now=lambda: NOW)


@pytest.fixture
def client(app):
    with TestClient(app) as made:
        yield made
