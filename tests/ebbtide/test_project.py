"""The project file: everything that is wrong at once, with the word that was meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from ebbtide.errors import SettingsError
from ebbtide.project import STARTER_POLICY, expand_variables, load_project
from ebbtide.project_variables import expand_query

HEAD = '[project]\nname = "shop"\ncurrency = "EUR"\n'
TABLES = '[tables.transactions]\npath = "t.csv"\n'


@pytest.fixture
def load(tmp_path):
    def make(text: str = HEAD + TABLES):
        (tmp_path / "ebbtide.toml").write_text(text, encoding="utf-8")
        return load_project(tmp_path / "ebbtide.toml")

    return make


@pytest.fixture
def refused(load):
    def make(text: str) -> str:
        with pytest.raises(SettingsError) as raised:
            load(text)
        return str(raised.value)

    return make


def test_defaults_are_those_of_the_reference(load, tmp_path, monkeypatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    project = load()
    assert project.project.time_zone == "UTC"
    assert project.definition.code.startswith("inactivity-90d-")
    assert (project.churn.gap_days, project.churn.active_within_days) == (0, 365)
    snapshots = project.snapshots
    assert (snapshots.every_days, snapshots.max_count) == (28, 24)
    assert (snapshots.min_history_days, snapshots.lookback_days) == (90, 365)
    assert project.training.candidates == ["logistic", "random_forest", "lightgbm"]
    assert project.training.seed == 0
    assert project.policy_path == STARTER_POLICY
    assert project.model_name == "ebbtide-shop"
    folder = tmp_path.resolve() / ".ebbtide"
    assert project.folder == folder
    assert project.tracking_uri == f"sqlite:///{folder / 'mlflow.db'}"
    assert project.database_url == f"sqlite:///{folder / 'store.db'}"


CONTRACTS = '[tables.subscriptions]\npath = "s.csv"\n[churn]\nkind = "contract_end"\n'


def test_contracts_need_no_purchases_and_have_grace_days(load) -> None:
    project = load(HEAD + CONTRACTS + "horizon_days = 30\n")
    assert project.definition.kind == "contract_end"
    assert (project.definition.horizon_days, project.definition.grace_days) == (30, 7)
    assert load(HEAD + CONTRACTS + "grace_days = 0\n").definition.grace_days == 0
    lookback = "[snapshots]\nlookback_days = 365\n"
    assert load(HEAD + CONTRACTS + lookback).snapshots.lookback_days == 365


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (TABLES + '[churn]\nkind = "contract_end"\n', "subscriptions are required"),
        (CONTRACTS + "active_within_days = 9\n", "does not go with contract_end"),
        (CONTRACTS + "grace_days = -1\n", "churn.grace_days"),
        (TABLES + "[churn]\ngrace_days = 7\n", "goes with kind contract_end only"),
        (CONTRACTS.replace('kind = "contract_end"', "gap_days = 1"), "transactions are required"),
    ],
    ids=["no-subscriptions", "active-within", "negative-grace", "grace-of-silence", "no-purchases"],
)
def test_what_does_not_go_with_a_kind_of_churn_is_refused(refused, text, message) -> None:
    found = refused(HEAD + text)
    assert "1 problem(s)" in found
    assert message in found


def test_paths_are_relative_to_the_project_file(load, tmp_path) -> None:
    project = load(HEAD + TABLES + '[policy]\npath = "p/policy.toml"\n[stores]\nfolder = "kept"\n')
    assert project.policy_path == tmp_path.resolve() / "p" / "policy.toml"
    assert project.folder == tmp_path.resolve() / "kept"


@pytest.mark.parametrize(
    ("variable", "setting", "expected"),
    [
        pytest.param("http://env", "http://file", "http://env", id="environment-wins"),
        pytest.param("", "http://file", "http://file", id="empty-variable-is-none"),
        pytest.param(None, "http://file", "http://file", id="file"),
    ],
)
def test_the_tracking_uri_of_the_environment_wins(
    load, monkeypatch, variable, setting, expected
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    if variable is not None:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", variable)
    project = load(HEAD + TABLES + f'[stores]\ntracking_uri = "{setting}"\n')
    assert project.tracking_uri == expected


def test_the_database_may_be_elsewhere(load) -> None:
    project = load(HEAD + TABLES + '[stores]\ndatabase_url = "postgresql://db/x"\n')
    assert project.database_url == "postgresql://db/x"


UNKNOWN = [
    ("", "[projekt]\n", "projekt: unknown key; did you mean 'project'?"),
    ("project", 'tme_zone = "UTC"', "project.tme_zone: unknown key; did you mean 'time_zone'?"),
    ("tables.transactions", 'pat = "x"', "transactions.pat: unknown key; did you mean 'path'?"),
    ("churn", "horizon_day = 1", "churn.horizon_day: unknown key; did you mean 'horizon_days'?"),
    ("snapshots", "every_day = 1", "snapshots.every_day: unknown key; did you mean 'every_days'?"),
    ("training", "sed = 1", "training.sed: unknown key; did you mean 'seed'?"),
    ("policy", 'pth = "x"', "policy.pth: unknown key; did you mean 'path'?"),
    ("stores", 'foldr = "x"', "stores.foldr: unknown key; did you mean 'folder'?"),
    ("stores", "colour = 1", "unknown key; known are: database_url, folder, tracking_uri"),
]


@pytest.mark.parametrize(
    ("section", "line", "message"), UNKNOWN, ids=[line for _, line, _ in UNKNOWN]
)
def test_an_unknown_key_comes_with_the_one_that_was_meant(refused, section, line, message) -> None:
    text = HEAD + TABLES
    if f"[{section}]\n" in text:
        text = text.replace(f"[{section}]\n", f"[{section}]\n{line}\n")
    else:
        text += f"[{section}]\n{line}\n" if section else line
    assert message in refused(text)


def test_an_inner_field_is_no_key_of_the_file(refused) -> None:
    message = refused('base = "elsewhere"\n' + HEAD + TABLES)
    assert "1 problem(s)" in message
    assert "base: unknown key" in message


WRONG = [
    (HEAD.replace("shop", "My Shop") + TABLES, "project.name"),
    (HEAD.replace("EUR", "euro") + TABLES, "project.currency"),
    (HEAD + 'time_zone = "Mars"\n' + TABLES, "project.time_zone: Expected an IANA time zone"),
    (HEAD, "tables"),
    (HEAD + "[tables.transactions]\n", "tables.transactions: expected either path or query"),
    (HEAD + TABLES + 'query = "SELECT 1"\n', "tables.transactions: expected either path or query"),
    (
        HEAD + '[tables.transactions]\nquery = "SELECT 1"\ncolumns = { amount = "x" }\n',
        "tables.transactions: columns go with path",
    ),
    (HEAD + '[tables.activity]\npath = "a"\n', "add [tables.transactions]"),
    (
        HEAD + TABLES + '[tables.complaint]\npath = "c"\n',
        "tables.complaint: there is no such table; did you mean 'complaints'?",
    ),
    (
        HEAD + TABLES + 'columns = { ammount = "x" }\n',
        "tables.transactions.columns: no column 'ammount'; did you mean 'amount'?",
    ),
    (
        HEAD + TABLES + '[churn]\nhorizon_days = "90"\n',
        "churn.horizon_days: expected a whole number, got a text; write digits",
    ),
    (HEAD + TABLES + "[churn]\nhorizon_days = 0\n", "churn.horizon_days"),
    (HEAD + TABLES + '[churn]\nkind = "contract_end"\n', "churn.kind"),
    (
        HEAD + TABLES + "[churn]\nactive_within_days = 400\n",
        "lookback_days must be at least churn",
    ),
    (
        HEAD + TABLES + "[churn]\nactive_within_days = 60\n[snapshots]\nlookback_days = 364\n",
        "lookback_days must be at least 365: features count",
    ),
    (HEAD + TABLES + '[training]\ncandidates = ["svm"]\n', "'logistic', 'random_forest' or 'light"),
    (HEAD + TABLES + "[training]\ncandidates = []\n", "training.candidates"),
    (HEAD + TABLES + "[training]\nrisk_days = [60, 30]\n", "days that rise, each once"),
    (HEAD + TABLES + "[training]\nrisk_days = [0, 30]\n", "training.risk_days"),
    (HEAD + TABLES + "[training]\nseed = -1\n", "training.seed"),
    ("tables = 3\n" + HEAD, "tables"),
]


@pytest.mark.parametrize(("text", "message"), WRONG, ids=[message for _, message in WRONG])
def test_a_wrong_value_is_placed_and_explained(refused, text, message) -> None:
    found = refused(text)
    assert "1 problem(s)" in found
    assert message in found


def test_every_problem_is_named_at_once(refused) -> None:
    message = refused(
        HEAD.replace("EUR", "euro")
        + '[tables.transactions]\npath = "t"\ncolumns = { ammount = "x", whn = "y" }\n'
        + '[tables.complaint]\npath = "c"\npth = "d"\n'
        + "[churn]\nhorizon_day = 9\nactive_within_days = 500\n"
    )
    assert "7 problem(s)" in message
    for place in (
        "project.currency",
        "'ammount'",
        "'whn'",
        "tables.complaint: there is no such table",
        "tables.complaint.pth: unknown key; did you mean 'path'?",
        "churn.horizon_day: unknown key",
        "snapshots.lookback_days must be at least",
    ):
        assert place in message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"[project\n", "cannot be read as TOML", id="no-toml"),
        pytest.param(b"\xff\xfe", "cannot be read as TOML: .* got UTF-16", id="no-text"),
        pytest.param(b"a = '\xe9'", "expected UTF-8, got another encoding", id="latin-1"),
    ],
)
def test_what_is_no_toml_is_refused(tmp_path, content, message) -> None:
    (tmp_path / "ebbtide.toml").write_bytes(content)
    with pytest.raises(SettingsError, match=message):
        load_project(tmp_path / "ebbtide.toml")


def test_an_absent_file_says_how_to_get_one(tmp_path) -> None:
    with pytest.raises(SettingsError, match=r"found none.*--config.*ebbtide simulate"):
        load_project(tmp_path / "gone.toml")
    with pytest.raises(SettingsError, match=r"cannot be read: it is a folder.*/ebbtide\.toml"):
        load_project(tmp_path)


def test_variables_are_replaced_and_missing_ones_named(monkeypatch) -> None:
    monkeypatch.setenv("SHOP_A", "x")
    monkeypatch.delenv("SHOP_B", raising=False)
    assert expand_variables("${SHOP_A}/$SHOP_A/${SHOP_A}", where="w") == "x/$SHOP_A/x"
    with pytest.raises(SettingsError, match=r"tables\.t\.path needs the environment .* SHOP_B"):
        expand_variables("${SHOP_A}/${SHOP_B}", where="tables.t.path")


def test_the_folder_of_the_project_wins_over_a_variable_of_that_name(monkeypatch) -> None:
    monkeypatch.setenv("PROJECT_DIR", "/decoy")
    written = expand_variables("${PROJECT_DIR}/t.csv", where="w", project_dir=Path("/my [shop]"))
    assert written == "/my [[]shop]/t.csv"


@pytest.mark.parametrize(
    ("query", "expanded"),
    [
        pytest.param("FROM '${SHOP_A}/t'", "FROM 'it''s \"x\"/t'", id="text"),
        pytest.param('SELECT "${SHOP_A}"', 'SELECT "it\'s ""x"""', id="name"),
        pytest.param("SELECT ${SHOP_A}", 'SELECT it\'s "x"', id="sql"),
        pytest.param("SELECT 'a''${SHOP_A}'", "SELECT 'a''it''s \"x\"'", id="after-a-quote"),
        pytest.param(
            "/* isn't */ FROM '${SHOP_A}'", "/* isn't */ FROM 'it''s \"x\"'", id="block-before"
        ),
        pytest.param(
            "-- isn't\nFROM '${SHOP_A}'", "-- isn't\nFROM 'it''s \"x\"'", id="comment-before"
        ),
    ],
)
def test_a_variable_in_a_query_cannot_end_the_text_it_stands_in(
    monkeypatch, query, expanded
) -> None:
    monkeypatch.setenv("SHOP_A", 'it\'s "x"')
    assert expand_query(query, where="w") == expanded
