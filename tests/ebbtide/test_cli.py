"""The command: light to start, exact in its exit codes, plain in its errors."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import typer

import ebbtide.cli
from ebbtide.errors import BundleError, ContractError, EbbtideError, NotReady, SettingsError

HEAVY = (
    "duckdb",
    "pandas",
    "numpy",
    "pyarrow",
    "sklearn",
    "scipy",
    "lightgbm",
    "mlflow",
    "fastapi",
    "sqlalchemy",
    "uvicorn",
    "jinja2",
    "altair",
    "vl_convert",
)
VERBS = (
    "backtest",
    "check-data",
    "features",
    "models",
    "policy",
    "promote",
    "rollback",
    "score",
    "segments",
    "serve",
    "simulate",
    "train",
)


def run(*arguments, cwd=None):
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=60,
        check=False,
    )


PROGRAM = """
import json, sys
from ebbtide.cli import main
try:
    main()
finally:
    sys.stderr.write("loaded " + json.dumps(sorted({m.split(".")[0] for m in sys.modules})))
"""


@pytest.mark.parametrize("verb", ["", *VERBS])
def test_help_loads_nothing_heavy(verb) -> None:
    ran = run(*([verb] if verb else []), "--help")
    assert ran.returncode == 0, ran.stderr
    loaded = json.loads(ran.stderr.rpartition("loaded ")[2])
    assert [name for name in HEAVY if name in loaded] == []
    assert "Usage" in ran.stdout


def test_help_names_every_verb() -> None:
    shown = run("--help").stdout
    assert [verb for verb in VERBS if verb not in shown] == []


def failing_app(error):
    def build():
        app = typer.Typer(pretty_exceptions_enable=False)

        @app.command()
        def fail() -> None:
            raise error

        return app

    return build


@pytest.mark.parametrize(
    ("error", "code"),
    [
        pytest.param(SettingsError("the file is wrong"), 2, id="settings"),
        pytest.param(ContractError("the data are wrong"), 3, id="contract"),
        pytest.param(BundleError("the model is wrong"), 4, id="bundle"),
        pytest.param(NotReady("not yet"), 5, id="not-ready"),
        pytest.param(EbbtideError("something else"), 1, id="base"),
        pytest.param(type("Child", (ContractError,), {})("a child's"), 3, id="child-of-contract"),
    ],
)
def test_each_class_of_error_has_its_exit_code_and_no_traceback(
    monkeypatch, capsys, error, code
) -> None:
    monkeypatch.setattr(ebbtide.cli, "build_app", failing_app(error))
    monkeypatch.setattr(sys, "argv", ["ebbtide"])
    with pytest.raises(SystemExit) as raised:
        ebbtide.cli.main()
    assert raised.value.code == code
    printed = capsys.readouterr()
    assert printed.err == f"error: {error}\n"
    assert printed.out == ""


def test_every_class_of_error_has_a_code_of_its_own() -> None:
    kinds = [kind for kind, _ in ebbtide.cli.EXIT_CODES]
    # What a client is told by a service is no error of a verb.
    ours = [kind for kind in EbbtideError.__subclasses__() if kind.__module__ == "ebbtide.errors"]
    assert set(kinds) == {EbbtideError, *ours}
    assert len({code for _, code in ebbtide.cli.EXIT_CODES}) == len(kinds)
    assert kinds[-1] is EbbtideError


def test_a_bug_is_not_dressed_up_as_a_users_error(monkeypatch) -> None:
    monkeypatch.setattr(ebbtide.cli, "build_app", failing_app(RuntimeError("ours")))
    monkeypatch.setattr(sys, "argv", ["ebbtide"])
    with pytest.raises(RuntimeError, match="ours"):
        ebbtide.cli.main()


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(KeyboardInterrupt(), id="between-queries"),
        pytest.param(RuntimeError("Query interrupted"), id="in-a-query"),
    ],
)
def test_stopped_by_the_keyboard_is_no_bug(monkeypatch, capsys, error) -> None:
    monkeypatch.setattr(ebbtide.cli, "build_app", failing_app(error))
    monkeypatch.setattr(sys, "argv", ["ebbtide"])
    with pytest.raises(SystemExit) as raised:
        ebbtide.cli.main()
    assert raised.value.code == 130
    assert "Traceback" not in capsys.readouterr().err


PROJECT = '[project]\nname = "shop"\ncurrency = "EUR"\n[tables.transactions]\npath = "t.csv"\n'
GOOD = "customer_id,occurred_at,amount\nc1,2025-05-01T10:00:00Z,9.50\n"


@pytest.fixture
def shop(tmp_path):
    def make(project=PROJECT, rows=GOOD):
        (tmp_path / "ebbtide.toml").write_text(project)
        (tmp_path / "t.csv").write_text(rows)
        return tmp_path

    return make


STOPPED_IN_A_QUERY = """
import os, signal, threading
from ebbtide.cli import main
from features import sources

signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background ignores it

def check_slowly(connection, *arguments, **options):
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
    connection.sql("SELECT count(*) FILTER ('c' || a.i = 'd') FROM range(1_000_000) a(i), "
        "range(1_000)").fetchall()

sources.check_table = check_slowly
main()
"""


def test_the_keyboard_stops_a_verb_in_the_middle_of_a_query(shop) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", STOPPED_IN_A_QUERY, "check-data"],
        capture_output=True,
        text=True,
        cwd=shop(),
        timeout=60,
        check=False,
    )
    assert ran.returncode == 130, ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize(
    ("project", "rows", "arguments", "code", "message"),
    [
        pytest.param(
            PROJECT, GOOD, ["check-data", "--config", "gone.toml"], 2, "gone.toml", id="no-project"
        ),
        pytest.param(
            PROJECT.replace("currency", "curency"),
            GOOD,
            ["check-data"],
            2,
            "did you mean 'currency'?",
            id="misspelt-key",
        ),
        pytest.param(
            PROJECT,
            GOOD.replace("9.50", "canary-9731"),
            ["check-data"],
            3,
            "transactions.amount: holds values that are no money.",
            id="bad-data",
        ),
        pytest.param(
            PROJECT,
            GOOD,
            ["features", "--as-of", "someday", "--out", "f.csv"],
            2,
            "such as 2011-03-01",
            id="bad-date",
        ),
        pytest.param(
            PROJECT,
            GOOD,
            ["features", "--as-of", "2025-06-01", "--out", "f.xls"],
            2,
            "end in .parquet or .csv",
            id="bad-suffix",
        ),
        pytest.param(
            PROJECT,
            GOOD,
            ["features", "--as-of", "2025-05-02", "--out", "t.csv"],
            2,
            "is a file that tables.transactions of the project reads",
            id="out-is-an-input",
        ),
        pytest.param(
            PROJECT,
            GOOD,
            ["features", "--as-of", "2025-05-20", "--out", "f.csv"],
            5,
            "Use --as-of 2025-05-02, or bring newer data",
            id="beyond-the-log",
        ),
        pytest.param(
            PROJECT,
            GOOD,
            ["features", "--as-of", "2024-05-01", "--out", "f.csv"],
            5,
            "Nobody is alive at 2024-05-01: expected customers with a purchase in the 365 days",
            id="before-the-log",
        ),
        pytest.param(
            PROJECT,
            GOOD,
            ["features", "--as-of", "0001-01-01", "--out", "f.csv"],
            2,
            "between the years 1900 and 2200",
            id="another-age",
        ),
        pytest.param(PROJECT, GOOD, ["chek-data"], 2, "chek-data", id="no-such-verb"),
    ],
)
def test_errors_go_to_stderr_with_their_code(shop, project, rows, arguments, code, message) -> None:
    folder = shop(project, rows)
    ran = run(*arguments, cwd=folder)
    assert ran.returncode == code, ran.stderr
    assert message in ran.stderr
    assert "Traceback" not in ran.stderr
    assert "canary-9731" not in ran.stderr + ran.stdout
    assert (folder / "t.csv").read_text() == rows


def test_good_data_pass_and_features_are_written(shop) -> None:
    folder = shop()
    ran = run("check-data", cwd=folder)
    assert (ran.returncode, "1 table(s) keep their contract." in ran.stdout) == (0, True)
    ran = run("features", "--as-of", "2025-05-02", "--out", "out/f.csv", cwd=folder)
    assert ran.returncode == 0, ran.stderr
    head, row = (folder / "out" / "f.csv").read_text().splitlines()
    found = dict(zip(head.replace('"', "").split(","), row.split(","), strict=True))
    assert float(found["recency_days"]) == pytest.approx(14 / 24)
    assert float(found["spend_30d"]) == 9.5
    assert [path.name for path in (folder / "out").iterdir()] == ["f.csv"]
