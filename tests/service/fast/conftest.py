"""Two services that differ in nothing but that one of them has no fast way."""

from __future__ import annotations

import json
import re

import pytest
from fastapi.testclient import TestClient

from ebbtide.store.sql import open_store
from service.app import create_app
from service.settings import read_settings
from small_model import KEY, NOW

_ID = re.compile(rb'(?<="prediction_id":")[^"]*')
LIMITS = {"max_body_bytes": 20_000, "max_rows": 20, "max_events": 50, "max_request_events": 120}


class BothWays:
    """Sends the same request to either service.

    Parameters
    ----------
    fast, ordinary : the services.
    """

    def __init__(self, fast, ordinary) -> None:
        self.fast, self.ordinary = fast, ordinary
        self.taken = 0
        """How many requests were answered on the fast way."""

    def send(self, method, path, **given):
        """Return status, headers and body that both ways agree on."""
        there, here = (
            client.request(method, path, **given) for client in (self.ordinary, self.fast)
        )
        assert _said(here) == _said(there)
        return here

    def logged(self, customer_id):
        """Return what both logs hold of a customer, without the ids."""
        logs = []
        for client in (self.ordinary, self.fast):
            store = client.app.state.desk.store
            logs.append(
                sorted(
                    (repr(logged.values), _lasting(_plain(logged.answer)))
                    for logged in store.history(customer_id, limit=1000)
                )
            )
        assert logs[0] == logs[1]
        return logs[0]


def _plain(answer):
    return json.dumps({name: str(getattr(answer, name)) for name in answer.__struct_fields__})


def _lasting(text):
    content = json.loads(text)
    del content["prediction_id"]
    return json.dumps(content)


def _said(response):
    """Return what was answered to the byte, but for the id, which has the same length each time."""
    headers = sorted(response.headers.multi_items())
    assert int(response.headers["content-length"]) == len(response.content)
    return response.status_code, headers, _ID.sub(b"", response.content)


@pytest.fixture(scope="package")
def make_both(bundle, tmp_path_factory):
    """Make the two services, with the same model unless another is given."""
    made = []

    def make(model=bundle, **changes):
        clients = []
        for has_fast_way in (True, False):
            folder = tmp_path_factory.mktemp("service")
            (folder / "ebbtide.toml").write_text(
                '[project]\nname = "test"\ncurrency = "EUR"\n'
                '[tables.transactions]\npath = "t.csv"\n'
            )
            settings = read_settings(
                project_file=folder / "ebbtide.toml",
                bundle_key=KEY.decode(),
                job_workers=0,
                **{**LIMITS, **changes},
            )
            store = open_store(f"sqlite:///{folder}/store.db", folder=folder)
            app = create_app(settings, model=model, store=store, now=lambda: NOW)
            if not has_fast_way:
                app.state.fast.handler = lambda _scope: None
            clients.append(TestClient(app))
            made.append(store)
        return BothWays(*clients)

    yield make
    for store in made:
        store.close()


@pytest.fixture(scope="package")
def both(make_both):
    """The two services, and a count of what the fast way answers."""
    made = make_both()
    fast = made.fast.app.state.fast
    for name in ("_answer_one", "_answer_many"):
        setattr(fast, name, _counting(made, getattr(fast, name)))
    return made


def _counting(both, answer):
    async def counting(*given):
        content = await answer(*given)
        both.taken += content is not None
        return content

    return counting
