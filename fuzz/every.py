"""Every target by its name; what one needs is imported only where it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fuzz.target import Target

MODULES = ("bodies", "twice", "texts", "files", "artefacts", "whole")


def targets_of(module: str) -> dict[str, Target]:
    """Return the targets of one module of this package."""
    found: dict[str, Target] = import_module(f"fuzz.{module}").targets()
    return found


def every_target() -> dict[str, Target]:
    """Return all targets."""
    return {name: target for module in MODULES for name, target in targets_of(module).items()}
