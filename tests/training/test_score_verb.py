"""The options of ``ebbtide score`` that do not go together are refused before anything is read."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from ebbtide.cli import build_app
from ebbtide.errors import SettingsError


def score(*words):
    done = CliRunner().invoke(build_app(), ["score", "--out", "scores.parquet", *words])
    if done.exception is not None:
        raise done.exception
    return done.output


def test_histories_are_left_out_only_of_what_is_published():
    with pytest.raises(SettingsError, match="--no-histories goes with --publish"):
        score("--as-of", "2026-03-01", "--no-histories")


def test_the_instant_is_given_where_no_file_of_features_tells_it():
    with pytest.raises(SettingsError, match="Expected --as-of"):
        score()


def test_help_says_that_features_are_scored_into_parquet():
    verb = typer.main.get_command(build_app()).commands["score"]
    told = {option.opts[0]: option.help for option in verb.params}
    assert "with --features Parquet" in told["--out"]
