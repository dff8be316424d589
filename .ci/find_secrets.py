"""Look for secrets in every tracked file, and in every line that the history ever added.

Prints where one was found and of what kind, never the secret. Examples in tests and documents are
known by their hashes in ``known_examples.json``; ``--renew`` writes it anew, to be read before it
is committed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
from pathlib import Path

from detect_secrets.core.scan import scan_file, scan_line
from detect_secrets.settings import default_settings, transient_settings

ROOT = Path(__file__).resolve().parents[1]
KNOWN = Path(__file__).with_name("known_examples.json")
PASSED_OVER = (".lock", ".ipynb", ".svg", KNOWN.name)
"""Ends of names of files that are full of hashes."""

UNMISTAKABLE = tuple(
    f"{name}Detector"
    for name in (
        *("AWSKey", "Artifactory", "AzureStorageKey", "BasicAuth", "DiscordBotToken"),
        *("GitHubToken", "GitLabToken", "JwtToken", "Mailchimp", "Npm", "OpenAI", "PrivateKey"),
        *("PypiToken", "SendGrid", "Slack", "SquareOAuth", "Stripe", "TelegramBotToken"),
        "TwilioKey",
    )
)
"""What is looked for in the history: kinds with a form of their own. Words that merely look random
were examples many times over."""

_LONGEST_LINE = 5_000


def hash_of(secret: str) -> str:
    """Return what a known example is kept as."""
    return hashlib.sha256(secret.encode()).hexdigest()[:16]


def in_files(names: list[str]) -> list[tuple[str, int, str, str]]:
    """Return file, line, kind and hash of everything that looks like a secret."""
    with default_settings():
        return [
            (name, found.line_number, found.type, hash_of(found.secret_value or ""))
            for name in names
            if not name.endswith(PASSED_OVER)
            for found in scan_file(str(ROOT / name))
        ]


def in_history(lines_now: set[str]) -> list[tuple[str, int, str, str]]:
    """Return the same of lines that were added once and are no more."""
    if _git("rev-parse", "--is-shallow-repository").strip() == "true":
        print(
            "NOT CHECKED: the history, as this is a shallow clone. Fetch it: git fetch --unshallow"
        )
        return []
    log = _git("log", "--patch", "--unified=0", "--no-color", "--no-ext-diff")
    added = {line[1:] for line in log.splitlines() if line[:1] == "+" and line[:3] != "+++"}
    gone = [line for line in added - lines_now if len(line) < _LONGEST_LINE]
    with transient_settings({"plugins_used": [{"name": name} for name in UNMISTAKABLE]}):
        return [
            ("the history", 0, found.type, hash_of(found.secret_value or ""))
            for line in gone
            for found in scan_line(line)
        ]


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, check=True)
    return done.stdout.decode(errors="replace")


def _lines(names: list[str]) -> set[str]:
    texts = ((ROOT / name).read_bytes().decode(errors="replace") for name in names)
    return {line for text in texts for line in text.splitlines()}


def main() -> int:
    """Look; 1 if anything was found that is no known example."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", help="only these, without the history")
    parser.add_argument("--renew", action="store_true", help="take all that is found as examples")
    asked = parser.parse_args()
    tracked = [name for name in _git("ls-files", "-z").split("\0") if (ROOT / name).is_file()]
    found = in_files(asked.files or tracked)
    if not asked.files:
        found += in_history(_lines(tracked))
    if asked.renew:
        kept = {name: sorted({f[3] for f in found if f[0] == name}) for name, *_ in found}
        KNOWN.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")
        return 0
    known = json.loads(KNOWN.read_text()) if KNOWN.exists() else {}
    secrets = [each for each in found if each[3] not in known.get(each[0], ())]
    for name, line, kind, _ in secrets:
        print(f"{name}:{line}: {kind}")
    if secrets:
        print(
            f"FOUND {len(secrets)} that look like secrets. Revoke what is one, and take it out of "
            f"the history; if all are examples: python {Path(sys.argv[0])} --renew"
        )
        return 1
    where = f"{len(asked.files or tracked)} files" + ("" if asked.files else " and the history")
    print(f"CHECKED: {where}; no secret but known examples.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
