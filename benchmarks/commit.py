"""The commit that a table is of."""

from __future__ import annotations

import subprocess
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent


def commit() -> str:
    """Return the short id of the commit that is checked out; ``unknown`` outside a repository."""
    asked = ["git", "rev-parse", "--short", "HEAD"]
    try:
        return subprocess.run(
            asked, cwd=_ROOT, capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
