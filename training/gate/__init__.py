"""The gate: what a challenger must have shown, and may not differ in, before it may serve."""

from training.gate.judge import (
    GATE_TAG,
    PASSED,
    beats_rule,
    judge,
    refused_over,
    require_passed,
    verdict,
)
from training.gate.refusal import CODES, Refusal

__all__ = [
    "CODES",
    "GATE_TAG",
    "PASSED",
    "Refusal",
    "beats_rule",
    "judge",
    "refused_over",
    "require_passed",
    "verdict",
]
