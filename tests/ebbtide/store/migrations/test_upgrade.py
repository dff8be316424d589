"""Whatever was there before: after opening, the tables are those of this version."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from functools import partial

import pytest
from alembic import op
from alembic.autogenerate import compare_metadata
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from ebbtide.errors import SettingsError
from ebbtide.store.database import open_database
from ebbtide.store.migrations.upgrade import upgrade
from ebbtide.store.schema.every import METADATA
from ebbtide.store.sql import open_store
from on_postgres import empty_schema

TWO_STARTS = "import sys; from ebbtide.store.sql import open_store; open_store(sys.argv[1]).close()"


def differences(database) -> list[object]:
    with database.read() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        return compare_metadata(context, METADATA)


def test_an_empty_database_gets_exactly_the_tables_that_are_declared(store):
    assert differences(store.database) == [], (
        "The steps do not make the tables that are declared. Add a step: "
        "python -m ebbtide.store.migrations.write 'what it changes'"
    )
    with store.database.read() as connection:
        names = set(inspect(connection).get_table_names())
    assert names == {*METADATA.tables, "alembic_version"}


def test_opening_again_changes_nothing(url, store):
    with store.database.read() as connection:
        before = connection.scalar(text("SELECT version_num FROM alembic_version"))
    open_store(url).close()
    with store.database.read() as connection:
        assert connection.scalars(text("SELECT version_num FROM alembic_version")).all() == [before]


def test_a_database_that_is_up_to_date_opens_while_another_writes(url, store):
    store.database.write(lambda _connection: open_store(url).close())


def test_a_database_from_before_the_steps_is_taken_over_with_what_it_holds(tmp_path):
    with sqlite3.connect(tmp_path / "s.db") as old:
        old.executescript("""
            CREATE TABLE feature_sets (id VARCHAR(16) NOT NULL PRIMARY KEY, names TEXT NOT NULL);
            INSERT INTO feature_sets VALUES ('f', '["a"]');
        """)
    old.close()
    store = open_store(f"sqlite:///{tmp_path}/s.db")
    with store.database.read() as connection:
        kept = connection.execute(text("SELECT id, names, definition FROM feature_sets")).all()
    assert kept == [("f", '["a"]', None)]
    assert differences(store.database) == []
    store.close()


def test_all_declared_tables_without_a_version_are_taken_over(url):
    database = open_database(url)
    METADATA.create_all(database.engine)
    upgrade(database)
    assert differences(database) == []
    database.close()


PREDICTION = """
    INSERT INTO predictions (prediction_id, customer_id, scored_at, as_of, status, model_version,
        policy_version, feature_set_id, feature_values, answer)
    VALUES (:id, :customer, :at, :at, 'scored', '1', 'p', 'f', :nothing, '{}')
"""
CURRENT = """
    INSERT INTO current_scores (customer_id, prediction_id, as_of, scored_at, valid_until, status,
        churn_probability, risk_band, action_code, definition, model_version, language, updated_at,
        sequence)
    VALUES (:customer, :id, :at, :scored_at, :until, 'scored', 0.25, :band, :action, 'inactivity',
        '7', 'zh', :updated_at, :sequence)
"""
CURRENT_SCORES = "SELECT * FROM current_scores ORDER BY customer_id"


def test_current_scores_come_through_with_all_that_they_say_and_those_without_an_answer_go(
    url, monkeypatch
):
    from ebbtide.store.migrations import upgrade as module

    steps = module._steps(module.VERSIONS)
    step = steps.get_revision("0011").module
    one_index = step.upgrade
    monkeypatch.setattr(step, "upgrade", lambda: None)
    monkeypatch.setattr(module, "_steps", lambda _folder: steps)
    database = open_database(url)
    upgrade(database)
    days = [f"2026-03-0{day} 10:00:00.000000" for day in range(1, 6)]
    rows = [
        {"id": f"p-{name}", "customer": name, "band": band, "action": action, "sequence": number}
        | dict(zip(("at", "scored_at", "until", "updated_at"), days[number:], strict=False))
        for number, (name, band, action) in enumerate((("a", "high", "call"), ("b", None, None)))
    ]
    with database.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            connection.connection.execute("PRAGMA foreign_keys = OFF")
            orphan = {**rows[0], "id": "p-none", "customer": "nobody", "sequence": 9}
            connection.execute(text(CURRENT), orphan)
        connection.execute(text("INSERT INTO feature_sets (id, names) VALUES ('f', '[]')"))
        for row in rows:
            connection.execute(text(PREDICTION), {**row, "nothing": b""})
            connection.execute(text(CURRENT), row)
        before = [each._asdict() for each in connection.execute(text(CURRENT_SCORES))]
        with Operations.context(MigrationContext.configure(connection)):
            one_index()
        after = [each._asdict() for each in connection.execute(text(CURRENT_SCORES))]
        connection.commit()
    assert [row["customer_id"] for row in after] == ["a", "b"]
    assert after == [row for row in before if row["customer_id"] != "nobody"]
    assert differences(database) == []
    database.close()


def test_a_newer_database_is_refused(url, store):
    store.database.write(
        lambda connection: (
            connection.execute(text("UPDATE alembic_version SET version_num='9x'")) and None
        )
    )
    with pytest.raises(SettingsError, match="step '9x': a newer Ebbtide has used it"):
        open_store(url)


def test_a_database_that_gets_newer_while_its_turn_is_waited_for_is_refused(
    url, store, monkeypatch
):
    seen = MigrationContext.get_current_revision

    def first_an_older_one(context):
        monkeypatch.setattr(MigrationContext, "get_current_revision", lambda _context: "9x")
        return "0000" if seen(context) else None

    monkeypatch.setattr(MigrationContext, "get_current_revision", first_an_older_one)
    with pytest.raises(SettingsError, match="a newer Ebbtide has used it"):
        upgrade(store.database)


def test_a_step_that_fails_leaves_nothing_behind(url, monkeypatch):
    from ebbtide.store.migrations import upgrade as module

    steps = module._steps(module.VERSIONS)
    newest = steps.get_revision(steps.get_current_head())
    make_tables = newest.module.upgrade

    def fail_at_the_end(make):
        make()
        raise ValueError("half way")

    monkeypatch.setattr(newest.module, "upgrade", partial(fail_at_the_end, make_tables))
    monkeypatch.setattr(module, "_steps", lambda _folder: steps)
    database = open_database(url)
    with pytest.raises(ValueError, match="half way"):
        upgrade(database)
    with database.read() as connection:
        assert inspect(connection).get_table_names() == []
    database.close()


def test_a_step_may_take_longer_than_other_statements(postgres, monkeypatch):
    from ebbtide.store.migrations import upgrade as module

    database, limits = open_database(empty_schema(postgres)), []
    steps = module._steps(module.VERSIONS)
    newest = steps.get_revision(steps.get_current_head())
    limit = text("SELECT current_setting('statement_timeout')")
    monkeypatch.setattr(
        newest.module, "upgrade", lambda: limits.append(op.get_bind().scalar(limit))
    )
    monkeypatch.setattr(module, "_steps", lambda _folder: steps)
    upgrade(database)
    with database.read() as connection:
        limits.append(connection.scalar(limit))
    assert limits == ["0", "1min"]
    database.close()


def test_two_that_start_at_once_both_succeed(url):
    processes = [subprocess.Popen([sys.executable, "-c", TWO_STARTS, url]) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
