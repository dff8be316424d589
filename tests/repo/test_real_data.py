"""Tests on real data are skipped where there are none, and never unnoticed on a build machine."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

CONFTEST = Path(__file__).resolve().parents[1] / "conftest.py"


@pytest.fixture
def data_folder(monkeypatch: pytest.MonkeyPatch):
    """The class behind ``data_dir``, read anew; ``is_ci`` says on which machine."""

    def make(folder: Path | None, *, is_ci: bool):
        spec = importlib.util.spec_from_file_location("conftest_read_anew", CONFTEST)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        monkeypatch.setenv("CI", "true" if is_ci else "")
        return module.DataFolder(folder)

    return make


@pytest.mark.parametrize("is_ci", [True, False])
def test_a_file_that_is_there_is_its_path(data_folder, tmp_path: Path, is_ci: bool) -> None:
    (tmp_path / "shop.parquet").touch()
    assert data_folder(tmp_path, is_ci=is_ci) / "shop.parquet" == tmp_path / "shop.parquet"


@pytest.mark.parametrize("is_ci", [True, False])
def test_without_a_folder_the_test_is_skipped_and_says_so(data_folder, is_ci: bool) -> None:
    with pytest.raises(pytest.skip.Exception, match="set EBBTIDE_DATA_DIR"):
        data_folder(None, is_ci=is_ci) / "shop.parquet"


def test_a_file_that_is_missing_on_a_build_machine_fails_the_test(
    data_folder, tmp_path: Path
) -> None:
    with pytest.raises(pytest.fail.Exception, match=r"no shop\.parquet in the data folder"):
        data_folder(tmp_path, is_ci=True) / "shop.parquet"
    with pytest.raises(pytest.skip.Exception, match=r"no shop\.parquet"):
        data_folder(tmp_path, is_ci=False) / "shop.parquet"
