"""What ``ebbtide drift`` prints: a table of what may be judged, and the rest in one line."""

from __future__ import annotations

import numpy as np
import pytest
from typer.testing import CliRunner

from ebbtide.bundle.read import read_bundle
from ebbtide.cli import build_app
from ebbtide.store.prediction_window import LogPart
from small_model import KEY, NAMES, reference_rows, write_small_bundle

TOLD_OF = len(NAMES) + 1
"""The features, and the scores."""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drift") / "bundle"
    write_small_bundle(folder)
    return read_bundle(folder, key=KEY)


@pytest.fixture
def printed(bundle, tmp_path, monkeypatch):
    """Run the verb on a log in which customers have such values, and return what it prints."""
    config = tmp_path / "ebbtide.toml"
    config.write_text(
        '[project]\nname = "test"\ncurrency = "EUR"\n[tables.transactions]\npath = "t.csv"\n'
    )
    monkeypatch.setattr("training.registry.connect_registry", lambda project: None)
    monkeypatch.setattr("training.registry.fetch_champion", lambda *_, **__: bundle)

    def run(values, *words):
        count = len(values)
        part = LogPart(
            customer_ids=[str(place) for place in range(count)],
            statuses=["scored"] * count,
            p_churn=np.linspace(0.01, 0.99, count),
            answers=[],
            values={NAMES: (list(range(count)), values)},
        )
        monkeypatch.setattr("ebbtide.store.prediction_window.log_parts", lambda *_, **__: [part])
        done = CliRunner().invoke(build_app(), ["drift", "--config", str(config), *words])
        assert done.exit_code == 0, done.output
        return done.stdout.splitlines()

    return run


def test_what_too_few_have_is_counted_in_one_line(printed):
    lines = printed(reference_rows(50))
    assert len(lines) == 2
    assert lines[0].startswith(f"Not listed: {TOLD_OF} of {TOLD_OF}, ")
    assert "fewer than 200 customers" in lines[0]
    assert "50 answers about 50 customers" in lines[1]


def test_what_is_judged_is_listed_and_the_rest_counted(printed):
    lines = printed(reference_rows(500))
    assert any(line.strip().startswith("spend_365d") for line in lines)
    assert not any("complaint_open_days" in line for line in lines)  # nobody has one
    assert any(line.startswith(f"Not listed: 1 of {TOLD_OF}, ") for line in lines)


def test_all_are_listed_on_demand(printed):
    lines = printed(reference_rows(50), "--all")
    assert sum("too_few" in line for line in lines) == TOLD_OF
    assert not any(line.startswith("Not listed") for line in lines)


def test_values_that_nearly_all_lack_now_are_listed_though_few_are_left(printed):
    values = reference_rows(500)
    values[100:, NAMES.index("spend_365d")] = np.nan
    (line,) = (line for line in printed(values) if line.strip().startswith("spend_365d"))
    assert "too_few" in line
    assert "strongly_shifted" in line
