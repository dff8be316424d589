"""Where the stores of MLflow are is the operator's to say, whatever MLflow writes of it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

WRITTEN_BY_MLFLOW = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "MLFLOW_EXPERIMENT_ID")
"""What MLflow sets for the processes that it might start."""
_ONE_AT_A_TIME = Lock()


@contextmanager
def environment_kept() -> Iterator[None]:
    """Take back what MLflow writes into the environment while it is pointed at a store.

    ``MLFLOW_TRACKING_URI`` wins over a project file, so another project of the same process would
    take the first one's store for what the operator wants, and be recorded there.
    """
    with _ONE_AT_A_TIME:
        before = {name: os.environ[name] for name in WRITTEN_BY_MLFLOW if name in os.environ}
        try:
            yield
        finally:
            for name in WRITTEN_BY_MLFLOW:
                os.environ.pop(name, None)
            os.environ.update(before)
