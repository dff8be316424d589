"""A verb that takes too long is ended, with whatever it has started."""

from __future__ import annotations

import sys

from service.admin.verb import run_verb

STARTS_ANOTHER = """
import subprocess, sys, time
later = "import sys, time; time.sleep(1.5); open(sys.argv[1], 'w').close()"
subprocess.Popen([sys.executable, "-c", later, sys.argv[1]])
time.sleep(60)
"""


def test_what_a_verb_has_started_ends_with_it(tmp_path):
    file = tmp_path / "written-later"
    command = (sys.executable, "-c", STARTS_ANOTHER)
    ended = run_verb([str(file)], deadline_seconds=0.5, command=command)
    assert (ended.exit_code, ended.text) == (None, "")
    assert not file.exists()


def test_only_what_a_verb_says_of_its_error_is_passed_on():
    said = "import sys; sys.stderr.write('noise\\nerror: too early\\n'); sys.exit(5)"
    ended = run_verb([], deadline_seconds=20, command=(sys.executable, "-c", said))
    assert (ended.exit_code, ended.text) == (5, "too early")
