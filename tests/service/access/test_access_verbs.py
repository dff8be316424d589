"""The verbs: a key is printed once and alone, lists show no secret, a broken log is named."""

from __future__ import annotations

import json
import sqlite3

import pytest
from typer.testing import CliRunner

from ebbtide.api_key import read_key
from ebbtide.cli import build_app
from ebbtide.errors import EbbtideError, NotReady, SettingsError


@pytest.fixture
def run(project_file):
    def run(*words):
        result = CliRunner().invoke(build_app(), [*words, "--config", str(project_file)])
        if isinstance(result.exception, EbbtideError):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result

    return run


@pytest.fixture
def database_file(project_file, run):
    run("keys", "list")
    (file,) = project_file.parent.rglob("store.db")
    return file


def test_a_new_key_is_all_that_standard_output_holds(run):
    made = run("keys", "create", "--name", "crm", "--scope", "score", "--scope", "read")
    assert read_key(made.stdout.removesuffix("\n")) is not None
    assert "never shown again" in made.stderr


def test_the_list_shows_keys_without_their_secrets(run):
    text = run("keys", "create", "--name", "crm", "--scope", "score").stdout.strip()
    key = read_key(text)
    listed = run("keys", "list").output
    assert key.key_id in listed
    assert key.secret[:12] not in listed
    assert key.secret_hash[:12] not in listed
    run("keys", "revoke", key.key_id)
    assert "revoked" in run("keys", "list").output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--name", "crm", "--scope", "scroe"), "did you mean 'score'"),
        (("--name", "a b", "--scope", "score"), "Expected as the name"),
        (("--name", "demo", "--scope", "score"), "Expected as the name"),
        (("--name", "jwt:crm", "--scope", "score"), "Expected as the name"),
        (("--name", "crm", "--scope", "score", "--rate-limit", "many"), "600/minute"),
    ],
)
def test_what_cannot_be_made_says_what_could(run, words, told):
    with pytest.raises(SettingsError, match=told):
        run("keys", "create", *words)


def test_an_unknown_id_cannot_be_revoked(run):
    with pytest.raises(NotReady, match="keys list"):
        run("keys", "revoke", "nonsense")


def test_reading_the_log_is_a_deed_itself(run):
    run("keys", "create", "--name", "crm", "--scope", "score")
    shown = run("audit", "show").output
    assert "key.created" in shown
    assert "audit.read" in shown


def test_a_changed_entry_is_named(run, database_file):
    for _ in range(2):
        run("keys", "create", "--name", "crm", "--scope", "score")
    assert "Sound: 2 entries" in run("audit", "verify").output
    with sqlite3.connect(database_file) as connection:
        connection.execute("UPDATE audit_log SET actor = 'nobody' WHERE sequence = 2")
    connection.close()
    with pytest.raises(EbbtideError, match="broken at entry 2"):
        run("audit", "verify")


def test_the_anchor_moves_on_and_tells_a_log_that_was_cut_short(run, database_file, tmp_path):
    anchor = tmp_path / "anchor.json"
    run("keys", "create", "--name", "crm", "--scope", "score")
    run("audit", "verify", "--anchor", str(anchor))
    run("keys", "create", "--name", "crm", "--scope", "score")
    run("audit", "verify", "--anchor", str(anchor))
    assert json.loads(anchor.read_text())["sequence"] == 2
    with sqlite3.connect(database_file) as connection:
        connection.execute("DELETE FROM audit_log WHERE sequence = 2")
        connection.execute(
            "UPDATE audit_head SET sequence = 1, hash = (SELECT hash FROM audit_log)"
        )
    connection.close()
    run("audit", "verify")
    with pytest.raises(EbbtideError, match="anchor names entry 2"):
        run("audit", "verify", "--anchor", str(anchor))
    assert json.loads(anchor.read_text())["sequence"] == 2


def test_a_damaged_anchor_is_refused_and_kept(run, tmp_path):
    anchor = tmp_path / "anchor.json"
    anchor.write_text("{}")
    with pytest.raises(SettingsError, match="anchor"):
        run("audit", "verify", "--anchor", str(anchor))
    assert anchor.read_text() == "{}"
