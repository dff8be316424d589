"""What every kind of model of one training did, as plain data for the bundle of the best."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from training.train import Trained


def tried(trained: Trained) -> list[dict[str, Any]]:
    """Return each kind with its mean AUC and its measures at the latest period, or why it failed.

    Parameters
    ----------
    trained : the training.
    """
    fitted = [
        {"kind": each.kind, "mean_auc": each.mean_auc, "measures": dict(each.metrics)}
        for each in trained.candidates
    ]
    return [*fitted, *({"kind": kind, "failed": why} for kind, why in trained.failed.items())]
