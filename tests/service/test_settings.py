"""Settings: from the environment, checked whole, secrets never shown."""

from __future__ import annotations

import pytest

from ebbtide.errors import SettingsError
from service.settings import Settings, read_settings


def test_the_environment_is_read(monkeypatch):
    monkeypatch.setenv("EBBTIDE_MAX_ROWS", "10")
    assert read_settings().max_rows == 10
    assert read_settings(max_rows=20).max_rows == 20


def test_wrong_values_are_named_together_and_not_repeated(monkeypatch):
    monkeypatch.setenv("EBBTIDE_MAX_ROWS", "many-secret")
    monkeypatch.setenv("EBBTIDE_CHAMPION_POLL_SECONDS", "-5")
    with pytest.raises(SettingsError) as caught:
        read_settings()
    message = str(caught.value)
    assert "EBBTIDE_MAX_ROWS" in message
    assert "EBBTIDE_CHAMPION_POLL_SECONDS" in message
    assert "many-secret" not in message


def test_no_setting_allows_more_rows_than_openapi_promises(client):
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    promised = schemas["ScoresRequest"]["properties"]["rows"]["maxItems"]
    assert read_settings(max_rows=promised).max_rows == promised
    with pytest.raises(SettingsError, match="EBBTIDE_MAX_ROWS"):
        read_settings(max_rows=promised + 1)


def test_an_empty_key_is_no_key_by_mistake(monkeypatch):
    monkeypatch.setenv("EBBTIDE_BUNDLE_KEY", "")
    with pytest.raises(SettingsError, match="EBBTIDE_BUNDLE_KEY"):
        read_settings()


def test_the_key_is_not_shown():
    assert "hush" not in repr(read_settings(bundle_key="hush-hush"))


def test_settings_cannot_be_changed_afterwards():
    with pytest.raises(ValueError, match="frozen"):
        Settings().max_rows = 3
