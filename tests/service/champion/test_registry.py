"""The process that asks the registry: answers, and ends when it does not."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from service.champion import child
from service.champion.registry import Offer, RegistryProcess, RegistryUnreachable

ECHO = """
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    print(json.dumps({"identity": "3@1", "version": "3", "bundle": asked["staging"]}), flush=True)
"""
HANG = "import time; time.sleep(60)"
DIE = "raise SystemExit(1)"
NONSENSE = "import sys; sys.stdin.readline(); print('hello', flush=True); sys.stdin.read()"
FLOOD = "import sys; sys.stdin.readline(); print('x' * 200000, flush=True); sys.stdin.read()"
REFUSED = """
import sys; sys.stdin.readline(); print('{"error": "MlflowException"}', flush=True)
sys.stdin.read()
"""


def registry(script, deadline_seconds=5.0):
    return RegistryProcess(
        tracking_uri="sqlite:///nowhere.db",
        model_name="ebbtide-test",
        deadline_seconds=deadline_seconds,
        command=(sys.executable, "-S", "-c", script),
    )


def test_one_process_answers_many_questions(tmp_path):
    asked = registry(ECHO)
    for _ in range(3):
        offer = asked.champion(known=None, staging=tmp_path)
        assert offer == Offer(identity="3@1", version="3", bundle=tmp_path)
    process = asked._child.pid
    asked.champion(known=None, staging=tmp_path)
    assert asked._child.pid == process
    asked.close()


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (HANG, "no answer in 0.2 seconds"),
        (DIE, "ended|BrokenPipe|no answer"),
        (NONSENSE, "JSONDecodeError|no answer"),
        (FLOOD, "ended|no answer"),
        (REFUSED, "MlflowException|no answer"),
    ],
    ids=["hangs", "dies", "nonsense", "flood", "refused"],
)
def test_a_process_that_does_not_answer_is_ended(tmp_path, script, message):
    asked = registry(script, deadline_seconds=0.2)
    began = time.monotonic()
    for _ in range(2):  # a new one is started each time
        with pytest.raises(RegistryUnreachable, match=message):
            asked.champion(known=None, staging=tmp_path)
        assert asked._child is None
    assert time.monotonic() - began < 20
    asked.close()


def test_closing_ends_a_question_that_is_going_on(tmp_path):
    asked = registry(HANG, deadline_seconds=60)
    ended = threading.Event()

    def ask():
        with pytest.raises(RegistryUnreachable):
            asked.champion(known=None, staging=tmp_path)
        ended.set()

    thread = threading.Thread(target=ask)
    thread.start()
    while asked._child is None:
        time.sleep(0.01)
    asked.close()
    assert ended.wait(20)
    thread.join()
    with pytest.raises(RegistryUnreachable, match="closed"):
        asked.champion(known=None, staging=tmp_path)


def test_the_child_never_learns_the_key(tmp_path, monkeypatch):
    monkeypatch.setenv("EBBTIDE_BUNDLE_KEY", "hush")
    script = """
import json, os, sys
sys.stdin.readline()
seen = os.environ.get("EBBTIDE_BUNDLE_KEY", "nothing")
print(json.dumps({"identity": seen, "version": None, "bundle": None}), flush=True)
"""
    asked = registry(script)
    assert asked.champion(known=None, staging=tmp_path).identity == "nothing"
    asked.close()


def test_the_child_answers_every_line_whatever_it_says():
    answers = io.StringIO()
    child.serve(io.StringIO('nonsense\n{"unknown": 1}\n'), answers)
    assert [json.loads(line) for line in answers.getvalue().splitlines()] == [
        {"error": "JSONDecodeError"},
        {"error": "KeyError"},
    ]


def test_a_registry_that_was_never_made_is_not_made_by_asking(tmp_path):
    answers = io.StringIO()
    question = {
        "tracking_uri": f"sqlite:///{tmp_path}/mlflow.db",
        "model_name": "ebbtide-test",
        "known": None,
        "staging": str(tmp_path),
        "max_bytes": 10**6,
    }
    child.serve(io.StringIO(json.dumps(question)), answers)
    assert json.loads(answers.getvalue()) == {"identity": None, "version": None, "bundle": None}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.e2e
@pytest.mark.filterwarnings("ignore")  # MLflow's own, of its libraries
def test_the_champion_of_a_real_registry_is_fetched(tmp_path, make_bundle):
    import mlflow

    uri = f"sqlite:///{tmp_path}/mlflow.db"
    client = mlflow.MlflowClient(uri, uri)
    source = tmp_path / "model"
    (source / "artifacts").mkdir(parents=True)
    made = make_bundle()
    made.rename(source / "artifacts" / "bundle")
    client.create_registered_model("ebbtide-test")
    asked = RegistryProcess(tracking_uri=uri, model_name="ebbtide-test", deadline_seconds=60)
    staging = tmp_path / "staging"
    staging.mkdir()
    assert asked.champion(known=None, staging=staging).identity is None
    client.create_model_version("ebbtide-test", source.as_uri())
    client.set_registered_model_alias("ebbtide-test", "champion", "1")
    offer = asked.champion(known=None, staging=staging)
    assert offer.version == "1"
    assert (offer.bundle / "manifest.json").is_file()
    assert Path(offer.bundle).is_relative_to(staging)
    again = asked.champion(known=offer.identity, staging=staging)
    assert (again.identity, again.bundle) == (offer.identity, None)
    asked.close()
    small = tmp_path / "small"
    small.mkdir()
    sparing = RegistryProcess(
        tracking_uri=uri, model_name="ebbtide-test", deadline_seconds=60, max_bytes=1000
    )
    offer = sparing.champion(known=None, staging=small)
    assert (offer.version, offer.bundle, offer.is_too_large) == ("1", None, True)
    assert list(small.iterdir()) == []
    sparing.close()


def test_a_registry_file_that_was_replaced_is_not_answered_from_memory(tmp_path):
    """The parent ends a child that answers with an error, and the next one opens the new file."""
    file = tmp_path / "mlflow.db"
    uri, opened = f"sqlite:///{file}", {}
    child._require_same_file(uri, opened)
    assert opened == {}
    file.write_bytes(b"first")
    child._require_same_file(uri, opened)
    child._require_same_file(uri, opened)
    file.rename(tmp_path / "moved.db")
    with pytest.raises(child.RegistryReplaced):
        child._require_same_file(uri, opened)
    assert not file.exists()
    file.write_bytes(b"second")
    with pytest.raises(child.RegistryReplaced):
        child._require_same_file(uri, opened)
    child._require_same_file(uri, {})


@pytest.mark.parametrize(
    "said",
    [
        '{"identity": 3, "version": "3", "bundle": null}',
        '{"identity": "3@1", "version": ["3"], "bundle": null}',
        '{"identity": "3@1", "version": "3\\u0000", "bundle": null}',
        '{"identity": "3@1", "version": "3", "bundle": "a\\u0000b"}',
        '{"identity": "' + "3" * 5000 + '", "version": "3", "bundle": null}',
        '{"identity": "3@1", "version": "3"}',
        '["identity"]',
        '"identity"',
        "null",
    ],
)
def test_an_answer_that_is_none_is_not_taken(tmp_path, said):
    script = f"import sys; sys.stdin.readline(); print({said!r}, flush=True); sys.stdin.read()"
    asked = registry(script)
    with pytest.raises(RegistryUnreachable):
        asked.champion(known=None, staging=tmp_path)
    asked.close()


ENDLESS = """
import json, sys, time
from pathlib import Path
staging = Path(json.loads(sys.stdin.readline())["staging"])
for number in range(100000):
    (staging / f"part-{number}").write_bytes(b"x" * SIZE)
    time.sleep(0.001)
"""


@pytest.mark.parametrize("size", [100_000, 0], ids=["many bytes", "many files"])
def test_a_download_without_end_is_ended_before_it_fills_the_disk(tmp_path, size):
    asked = registry(ENDLESS.replace("SIZE", str(size)), deadline_seconds=60)
    asked._max_bytes = 1_000_000
    began = time.monotonic()
    with pytest.raises(RegistryUnreachable, match="more than it announced"):
        asked.champion(known=None, staging=tmp_path)
    assert time.monotonic() - began < 20
    asked.close()


def test_the_child_writes_no_file_larger_than_a_bundle_may_be(tmp_path):
    code = (
        "import sys; from service.champion.child import _allow_no_larger_file; "
        "_allow_no_larger_file(1000); open(sys.argv[1], 'wb', buffering=0).write(b'x' * 1000); "
        "open(sys.argv[1], 'ab', buffering=0).write(b'x')"
    )
    file = tmp_path / "file"
    ended = subprocess.run(
        [sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=False
    )
    assert "File too large" in ended.stderr
    assert file.stat().st_size == 1000
