"""The verb writes its reports, and ends with the exit code of the data's owner where it leaks."""

from __future__ import annotations

import json
import random
import sys
from datetime import datetime, timedelta

import pytest

from ebbtide.cli import main

START = datetime(2011, 1, 1)  # noqa: DTZ001  as a company's file has it


@pytest.fixture
def project(tmp_path):
    """A shop of sixty customers who buy every other week or so, for 280 days."""
    drawn = random.Random(0)
    lines = ["customer_id,occurred_at,amount"]
    for customer in range(60):
        day = float(drawn.randrange(20))
        while day < 280:
            at = START + timedelta(days=day, minutes=drawn.randrange(600))
            lines.append(f"c{customer:02d},{at.isoformat()},{drawn.randrange(5, 90)}")
            day += drawn.expovariate(1 / 14)
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "ebbtide.toml").write_text(
        '[project]\nname = "shop"\ncurrency = "EUR"\n[tables.transactions]\npath = "t.csv"\n'
        "[churn]\nhorizon_days = 30\n"
    )
    return tmp_path


@pytest.fixture
def run(project, monkeypatch, capsys):
    def running(*options):
        monkeypatch.chdir(project)
        monkeypatch.setattr(sys, "argv", ["ebbtide", "audit-leakage", *options])
        with pytest.raises(SystemExit) as stopped:
            main()
        said = capsys.readouterr()
        return stopped.value.code or 0, said.out, said.err

    return running


def test_a_clean_catalogue_ends_well_and_says_what_was_tried(run, project):
    code, out, _ = run("--as-of", "2011-07-01", "--html", "a.html", "--json", "a.json")
    assert code == 0
    assert "features that respond to these tables moved to the last bit" in " ".join(out.split())
    assert "Not tried: transactions: no known_at" in " ".join(out.split())
    read = json.loads((project / "a.json").read_text())
    assert read["is_clean"]
    assert read["catalogue"]["leaking_columns"] == []
    tried = {one["perturbation"]: one for one in read["catalogue"]["trials"]}
    assert tried["control"]["moved"]
    assert tried["add-later"]["was_tried"]
    assert not tried["change-known-late"]["was_tried"]
    page = (project / "a.html").read_text()
    assert "Can features see the future?" in page
    assert "nothing to change" in page


def test_instants_are_shown_as_days_of_the_zone_and_written_in_utc(run, project):
    file = project / "ebbtide.toml"
    file.write_text(file.read_text().replace("[tables", 'time_zone = "Europe/Vienna"\n[tables', 1))
    _, out, _ = run("--as-of", "2011-07-01", "--html", "a.html", "--json", "a.json")
    assert "of perturbation at 2011-07-01" in " ".join(out.split())
    assert 'as of <span class="day">2011-07-01</span>' in (project / "a.html").read_text()
    assert json.loads((project / "a.json").read_text())["as_of"] == ["2011-06-30T22:00:00+00:00"]


def test_without_an_instant_the_last_matured_ones_are_tried(run, project):
    code, _, _ = run("--json", "a.json")
    assert code == 0
    read = json.loads((project / "a.json").read_text())
    assert [at[:10] for at in read["as_of"]] == ["2011-07-14", "2011-08-11", "2011-09-08"]


def test_a_query_that_leaks_is_the_data_owners_to_mend_and_the_report_is_there(run, project):
    (project / "q.sql").write_text(
        "SELECT customer_id, count(*) AS x, count(*) FILTER (occurred_at < {as_of}) AS y "
        "FROM transactions GROUP BY customer_id"
    )
    code, _, err = run("--as-of", "2011-07-01", "--query", "q.sql", "--json", "a.json")
    assert code == 3
    assert "Columns of the query moved: x " in err
    read = json.loads((project / "a.json").read_text())
    assert not read["is_clean"]
    assert read["catalogue"]["is_clean"]
    assert read["query"]["leaking_columns"] == ["x"]


def test_a_leak_behind_noise_does_not_pass_since_it_cannot_be_repeated(run, project):
    (project / "q.sql").write_text(
        "SELECT customer_id, count(*) + random() / 1e9 AS x, 0 AS dead, "
        "count(*) FILTER (occurred_at < {as_of}) AS y FROM transactions GROUP BY customer_id "
        "HAVING min(occurred_at) < {as_of}"
    )
    options = ("--as-of", "2011-07-01", "--query", "q.sql", "--json", "a.json", "--html", "a.html")
    code, out, err = run(*options)
    assert code == 3
    assert "differ between two runs on the same tables: x. What cannot be repeated" in err
    read = json.loads((project / "a.json").read_text())
    assert not read["is_clean"]
    assert read["query"]["unstable_columns"] == ["x"]
    assert read["query"]["responding_columns"] == ["y"]
    assert read["query"]["unresponsive_columns"] == ["dead"]
    for shown in (out, (project / "a.html").read_text(), (project / "a.json").read_text()):
        words = " ".join(shown.split())
        assert "on the same tables differ in x: what cannot be repeated" in words
        assert "None of the 1 columns of the query that respond" in words
        assert "Nothing proved: the control did not move dead" in words


def test_names_with_brackets_are_shown_as_they_are(run, project):
    (project / "q.sql").write_text(
        'SELECT customer_id, count(*) AS "spend[/eur]" FROM transactions '
        "WHERE occurred_at < {as_of} + INTERVAL 9 DAY GROUP BY customer_id"
    )
    code, out, _ = run("--as-of", "2011-07-01", "--query", "q.sql")
    assert code == 3
    assert "│ spend[/eur] │" in out


def test_reports_are_written_before_anything_is_printed(run, project, monkeypatch):
    def fail(audit):
        raise BrokenPipeError

    monkeypatch.setattr("features.audit.terminal.print_audit", fail)
    with pytest.raises(BrokenPipeError):
        run("--as-of", "2011-07-01", "--html", "a.html", "--json", "a.json")
    assert (project / "a.html").exists()
    assert (project / "a.json").exists()


def test_a_query_that_the_control_does_not_move_proves_nothing(run, project):
    (project / "q.sql").write_text(
        "SELECT customer_id, 0 AS dead FROM transactions WHERE occurred_at < {as_of} "
        "AND occurred_at >= {as_of} - INTERVAL 10 DAY GROUP BY 1"
    )
    code, _, err = run("--as-of", "2011-07-01", "--query", "q.sql")
    assert code == 5
    assert "moved no column of the query" in err


def test_a_feature_table_of_too_few_is_not_judged(run, project):
    (project / "f.csv").write_text("customer_id,x\nc01,1\nc02,2\n")
    code, _, err = run("--as-of", "2011-07-01", "--features", "f.csv")
    assert code == 5
    assert "at least 300 customers" in err


def test_a_flat_table_proves_nothing(run, project):
    (project / "flat.csv").write_text("id,label,x\na,0,1\n")
    (project / "ebbtide.toml").write_text(
        '[project]\nname = "flat"\ncurrency = "EUR"\n[churn]\nhorizon_days = 30\n'
        '[snapshot_table]\npath = "flat.csv"\ncustomer_id = "id"\nlabel = "label"\nchurned = 1\n'
    )
    code, _, err = run()
    assert code == 2
    assert "nothing about leakage can be proved" in err


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--html", "a.txt"], 2, "--html"),
        (["--query", "absent.sql"], 2, "cannot be read"),
        (["--as-of", "soon"], 2, "Expected a date"),
        (["--as-of", "2031-01-01"], 5, "The log ends"),
        (["--as-of", "2010-06-01"], 5, "nothing was proved"),
        (["--as-of", "2011-07-01", "--features", "absent.csv"], 3, "cannot be read"),
    ],
    ids=["suffix", "no-query", "no-date", "future", "before-the-log", "no-file"],
)
def test_what_cannot_be_done_is_said(run, options, code, said):
    got, _, err = run(*options)
    assert said in err
    assert got == code
