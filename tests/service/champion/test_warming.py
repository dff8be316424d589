"""A model has answered before it is served, for nobody; one that cannot is served all the same."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from service.champion import warming
from service.champion.kept import Kept, KeptBundles
from service.champion.supply import ChampionSupply
from service.champion.warming import warm_up
from service.fast.groups import AT_ONCE
from small_model import KEY, NOW


@pytest.fixture
def policy(app):
    return app.state.desk.policy


def test_as_many_questions_as_are_answered_together_are_answered_in_each_language(
    bundle, policy, monkeypatch
):
    asked, real = [], warming.answer_rows

    def noting(rows, *, language, **how):
        asked.append((len(rows), language))
        return real(rows, language=language, **how)

    monkeypatch.setattr(warming, "answer_rows", noting)
    assert warm_up(bundle, policy=policy, now=NOW) == 2 * AT_ONCE
    assert asked == [(AT_ONCE, "en"), (AT_ONCE, "zh")]


def swapped(tmp_path, bundle, warm):
    supply = ChampionSupply(
        registry=None,
        kept=KeptBundles(tmp_path / "kept"),
        try_bundle=lambda _folder: None,
        key=KEY,
        poll_seconds=1.0,
        now=lambda: NOW,
        warm_up=lambda given: warm(given, supply.current),
    )
    kept = Kept(bundle_version=bundle.version, identity="1@1", registry_version="1")
    supply._swap(bundle, kept, source="registry")
    return supply


def test_it_is_warm_before_it_is_served(tmp_path, bundle):
    found = []
    supply = swapped(tmp_path, bundle, lambda given, current: found.append((given, current)))
    assert found == [(bundle, None)]
    assert supply.current.bundle is bundle


def test_what_fails_there_is_logged_and_keeps_no_verified_model_from_being_served(tmp_path, bundle):
    def failing(_given, _current):
        raise ZeroDivisionError("c-1")

    with capture_logs() as logs:
        supply = swapped(tmp_path, bundle, failing)
    assert supply.current.bundle is bundle
    (said,) = [each for each in logs if each["event"] == "champion_not_warm"]
    assert said["error"] == "ZeroDivisionError"
    assert "c-1" not in str(logs)
