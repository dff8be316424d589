"""Faults of the disk and of the database: refused in time, nothing half written, then over."""

from __future__ import annotations

import os
import re
import resource
import shutil
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from durable_service import Clients, audit, project_in, served
from on_postgres import crash, empty_schema, start_again
from small_model import FEATURES

pytestmark = pytest.mark.e2e

STRACE = (
    *("strace", "-f", "-y", "--seccomp-bpf", "-s", "16"),
    *("-e", "trace=pwrite64,fdatasync,fsync,write,writev,sendto,sendmsg"),
)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faults") / "shop"
    with served(project_in(folder, STORE_WAIT_SECONDS="0.5")) as made:
        yield made


def ask(project, number=0):
    row = {"customer_id": f"c{number}", "features": FEATURES}
    return project.post("/v1/score", row)


def store_of(project):
    return project.folder / ".ebbtide" / "store.db"


def kept_ids(project):
    with sqlite3.connect(store_of(project)) as connection:
        kept = connection.execute("SELECT prediction_id FROM predictions").fetchall()
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    return {row[0] for row in kept}


def test_an_answer_leaves_only_after_the_log_was_synced(tmp_path):
    if shutil.which("strace") is None:
        missing = "needs strace"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    project = project_in(tmp_path / "shop")
    project.wrapper = (*STRACE, "-o", str(tmp_path / "trace"))
    with served(project):
        for number in range(3):
            assert ask(project, number).status_code == 200
    written = synced = False
    answers = 0
    for line in (tmp_path / "trace").read_text(encoding="utf-8", errors="replace").splitlines():
        call = re.sub(r"^\d+\s+", "", line)
        if "store.db-wal" in call and call.startswith("pwrite64"):
            written, synced = True, False
        elif re.search(r"(fdatasync|fsync)(\(\d+<[^>]*store\.db-wal>\)| resumed>\)) +=", call):
            synced = True
        elif '"HTTP/1.1 200' in call:
            assert (written, synced) == (True, True)
            written = synced = False
            answers += 1
    assert answers == 3


def test_a_full_disk_is_refused_and_leaves_nothing_half_written(project):
    before = kept_ids(project)
    pid = project.process.pid
    unlimited = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, unlimited[1]))
    with ThreadPoolExecutor(4) as pool:
        refused = list(pool.map(lambda number: ask(project, number), range(8)))
    assert {(each.status_code, each.json()["type"]) for each in refused} == {
        (503, "urn:ebbtide:problem:store-unavailable")
    }
    assert kept_ids(project) == before
    resource.prlimit(pid, resource.RLIMIT_FSIZE, unlimited)
    after = ask(project).json()["prediction_id"]
    assert kept_ids(project) == before | {after}


def test_a_store_that_others_hold_is_refused_in_time_and_then_goes_on(project):
    before = kept_ids(project)
    other = sqlite3.connect(store_of(project), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        refused = list(pool.map(lambda number: ask(project, number), range(8)))
    assert time.monotonic() - began < 5.0
    assert {(each.status_code, each.json()["type"]) for each in refused} == {
        (503, "urn:ebbtide:problem:store-busy")
    }
    assert {each.headers["Retry-After"] for each in refused} == {"2"}
    other.rollback()
    other.close()
    assert kept_ids(project) == before
    assert ask(project).status_code == 200
    assert len(kept_ids(project)) == len(before) + 1


def test_a_store_that_is_gone_is_refused_until_it_is_back(project):
    before = kept_ids(project)
    store = store_of(project)
    store.rename(store.with_name("aside.db"))
    began = time.monotonic()
    assert {ask(project, number).status_code for number in range(3)} == {503}
    assert time.monotonic() - began < 5.0
    assert not store.exists()
    store.with_name("aside.db").rename(store)
    assert ask(project).status_code == 200
    assert len(kept_ids(project)) == len(before) + 1


def test_a_crash_of_postgresql_loses_nothing_acknowledged(tmp_path, postgres_server):
    url = empty_schema(postgres_server.get_uri())
    with served(project_in(tmp_path / "shop", database_url=url)) as project:
        with Clients(project) as clients:
            clients.wait_for(30)
            crash(postgres_server)
            began = time.monotonic()
            assert ask(project).status_code == 503
            assert time.monotonic() - began < 10.0
            start_again(postgres_server)
            clients.wait_for(20)
        assert clients.account.unexpected == []
        assert clients.account.refused > 0
        assert ask(project).status_code == 200
        found = audit(clients.account, url)
    assert found.acknowledged >= 50
    assert (found.lost, found.doubled) == (0, 0)


def test_a_request_that_waits_is_answered_when_the_store_is_free_again(project):
    other = sqlite3.connect(store_of(project), isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    threading.Timer(0.2, other.rollback).start()
    assert ask(project).status_code == 200
    other.close()
