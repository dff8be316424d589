"""File descriptors are raised as far as they may be, and connections are fewer where they lack."""

from __future__ import annotations

import resource

import pytest

from service.descriptors import BESIDES, raise_descriptors

ENDLESS = resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("limits", "soft", "connections"),
    [
        ((1024, 4096), 1024, 576),
        ((256, 4096), 576 + BESIDES, 576),
        ((256, ENDLESS), 576 + BESIDES, 576),
        ((256, 300), 300, 150),
        ((64, 64), 64, 32),
        ((ENDLESS, ENDLESS), ENDLESS, 576),
    ],
)
def test_connections_have_their_descriptors(monkeypatch, limits, soft, connections):
    held = [limits]
    monkeypatch.setattr("service.descriptors.resource.getrlimit", lambda _kind: held[-1])
    monkeypatch.setattr(
        "service.descriptors.resource.setrlimit", lambda _kind, given: held.append(given)
    )
    assert raise_descriptors(576) == connections
    assert held[-1] == (soft, limits[1])
