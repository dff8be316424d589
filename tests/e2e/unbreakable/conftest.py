"""A service that follows a registry, and what its two versions have to answer."""

from __future__ import annotations

import pytest

from ebbtide.bundle.read import read_bundle
from faulty_service import following
from small_model import KEY
from steady_load import SteadyLoad, expected_answers


@pytest.fixture
def project(tmp_path):
    """Two bundles and a registry that names the first; not served yet."""
    return following(tmp_path / "shop")


@pytest.fixture(scope="session")
def expected(tmp_path_factory):
    """What each version has to say of each row."""
    folder = tmp_path_factory.mktemp("expected")
    made = following(folder / "shop")
    bundles = [read_bundle(made.bundle(number), key=KEY) for number in range(2)]
    return expected_answers(bundles, folder / "alone")


@pytest.fixture
def load(project, expected):
    """Four clients; a test says when they begin."""
    return SteadyLoad(lambda: project.address, expected, count=4)
