"""The ``ebbtide`` command: finds the verbs of the other packages and turns errors into exit codes.

A package's verbs live in its module ``verbs``, which is light: what is heavy is imported when a
verb runs.
"""

from __future__ import annotations

import importlib
import sys
from typing import NoReturn

import typer

from ebbtide.errors import BundleError, ContractError, EbbtideError, NotReady, SettingsError

VERB_MODULES = (
    "features.verbs",
    "features.audit.verbs",
    "features.snapshot_table.verbs",
    "features.usability.verbs",
    "features.segments.verbs",
    "training.verbs",
    "training.definition_lab.verbs",
    "training.drift_verb",
    "service.verbs",
    "service.access.verbs",
    "ebbtide.policy.verbs",
    "ebbtide.store.verbs",
)

EXIT_CODES: tuple[tuple[type[EbbtideError], int], ...] = (
    (SettingsError, 2),
    (ContractError, 3),
    (BundleError, 4),
    (NotReady, 5),
    (EbbtideError, 1),
)
"""Exit code of each class of error, the first that fits."""

_STOPPED = 130
_DUCKDB_STOPPED = "Query interrupted"
"""What DuckDB's RuntimeError says where the keyboard stops a query; KeyboardInterrupt is lost."""


def build_app() -> typer.Typer:
    """Return the command with every package's verbs."""
    app = typer.Typer(
        name="ebbtide",
        help="Which customers are about to leave, why, what to do, and whether that worked.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    for name in VERB_MODULES:
        importlib.import_module(name).register(app)
    return app


def main() -> None:
    """Run the command line."""
    try:
        build_app()()
    except EbbtideError as err:
        sys.stderr.write(f"error: {err}\n")
        sys.exit(next(code for kind, code in EXIT_CODES if isinstance(err, kind)))
    except KeyboardInterrupt:
        _stop()
    except RuntimeError as err:
        if str(err) != _DUCKDB_STOPPED:
            raise
        _stop()


def _stop() -> NoReturn:
    sys.stderr.write("stopped\n")
    sys.exit(_STOPPED)
