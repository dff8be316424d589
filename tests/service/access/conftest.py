"""Keys in the store of the small service, and clients that know one."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from fastapi.testclient import TestClient

from ebbtide.store.keys import revoke_key
from service.access.key_verbs import create_key
from service.app import create_app


@pytest.fixture
def settings(settings):
    return settings.model_copy(update={"key_cache_seconds": 0.0})


@pytest.fixture
def make_key(store, frozen_now):
    """Make a key and return it taken apart."""

    def make(*scopes, name="crm", days=30, rate_limit=None, at=frozen_now):
        return create_key(
            store.database,
            name=name,
            scopes=scopes or ("score",),
            days=days,
            rate_limit=rate_limit,
            at=at,
            actor="cli:ops",
        )

    return make


@pytest.fixture
def revoke(store, frozen_now):
    def revoke(key):
        unit = partial(revoke_key, key_id=key.key_id, at=frozen_now, actor="cli:ops")
        store.database.write(unit)

    return revoke


@pytest.fixture
def frozen_now(app):
    return app.state.desk.now()


@pytest.fixture
def make_client(settings, bundle, store, frozen_now):
    """Serve with other settings, host or peer."""

    def make(
        host="127.0.0.1",
        peer="testclient",
        base_url="http://testserver",
        later=timedelta(0),
        **changed,
    ):
        app = create_app(
            settings.model_copy(update=changed),
            model=bundle,
            store=store,
            now=lambda: frozen_now + later,
            host=host,
        )
        return TestClient(app, client=(peer, 50_000), base_url=base_url)

    return make
