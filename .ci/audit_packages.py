"""Ask for known vulnerabilities of the locked packages, and never say that it went well unasked.

Where the database cannot be reached, or does not know the packages, the answer is NOT CHECKED and
the code is 0: a build does not hang on another's server. A vulnerability is a failure.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

LOCK = Path(__file__).resolve().parents[1] / "requirements.lock"
OPTIONS = ("--disable-pip", "--require-hashes", "--progress-spinner", "off", "--timeout", "8")


def told(said: dict[str, Any]) -> tuple[list[str], int, int]:
    """Return vulnerabilities in words, how many packages were asked about, how many were not."""
    packages = said["dependencies"]
    asked = [each for each in packages if "skip_reason" not in each]
    found = [
        f"{each['name']} {each['version']}: {hole['id']}, mended in "
        f"{', '.join(hole['fix_versions']) or 'no version yet'}"
        for each in asked
        for hole in each["vulns"]
    ]
    return found, len(asked), len(packages) - len(asked)


def main() -> int:
    """Ask; 1 if there is a vulnerability."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--command", default=f"{sys.executable} -m pip_audit", help="what is run")
    parser.add_argument("--seconds", type=float, default=240.0, help="for all of it")
    asked = parser.parse_args()
    command = [*shlex.split(asked.command), "-r", str(LOCK), *OPTIONS, "-f", "json"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=asked.seconds, check=False
        )
        found, count, left_out = told(json.loads(done.stdout))
    except subprocess.TimeoutExpired:
        print(f"NOT CHECKED: packages. The database did not answer in {asked.seconds:g} seconds.")
        return 0
    except (ValueError, KeyError, TypeError):
        last = (done.stderr.strip().splitlines() or ["nothing was said"])[-1]
        print(f"NOT CHECKED: packages. pip-audit ended with {done.returncode}: {last[:300]}")
        return 0
    print(*found, sep="\n", end="\n" if found else "")
    if left_out:
        print(f"NOT CHECKED: {left_out} of {count + left_out} packages, which the database lacks.")
    if count:
        print(f"CHECKED: {count} packages, {len(found)} known vulnerabilities.")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
