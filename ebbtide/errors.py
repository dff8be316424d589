"""Errors that a user can cause or mend, sorted by who has to act.

::

    EbbtideError
    ├── ContractError     the owner of the data: a table or a request breaks its contract
    ├── BundleError       the owner of the model: an artefact is damaged, unsigned or unreadable
    ├── SettingsError     the operator: a project file, policy, option or environment value is wrong
    └── NotReady          nobody: what was asked for does not exist yet; do the named step first

A message says what was expected, what came and what to do. It never holds a customer's value. The
service maps each class to an HTTP status and the command line to an exit code; nothing here knows
about either.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class EbbtideError(Exception):
    """Base of every error that Ebbtide raises on purpose."""


class ContractError(EbbtideError):
    """Data breaks the contract that was agreed for it."""


class BundleError(EbbtideError):
    """A model artefact cannot be trusted or read."""


class SettingsError(EbbtideError):
    """A setting, project file or policy file is wrong."""


class NotReady(EbbtideError):
    """Something that is needed does not exist yet."""


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """Return a hint at the nearest known word, or at all of them.

    Parameters
    ----------
    given : the word that was not understood.
    known : the words that would have been.

    Examples
    --------
    >>> did_you_mean("horizon_day", ["horizon_days", "gap_days"])
    "did you mean 'horizon_days'?"
    >>> did_you_mean("colour", ["horizon_days", "gap_days"])
    'known are: gap_days, horizon_days'
    """
    words = sorted(known)
    near = difflib.get_close_matches(given, words, n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else f"known are: {', '.join(words)}"
