"""All figures of a study as JSON, for machines: shares in [0, 1], days, the project's currency."""

from __future__ import annotations

import json
from dataclasses import asdict, is_dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from training.definition_lab.study import Study

DIGITS = 6


def to_json(study: Study) -> str:
    """Return the figures of a study as text.

    The names are those of the dataclasses of this package; ``docs/definition-lab.md`` explains
    them. Equal studies give equal text.

    Parameters
    ----------
    study : what the lab found out.
    """
    advice, model = study.recommendation, study.cost_model
    said: dict[str, Any] = {
        "project": study.project_name,
        "currency": study.currency,
        "log": {
            "starts_on": study.log_starts_on,
            "ends_on": study.log_ends_on,
            "customers": study.customers,
            "purchase_days": study.purchase_days,
        },
        "present": asdict(study.present),
        "limits": asdict(study.limits),
        "recommendation": asdict(advice)
        | {"headline": advice.headline, "churn_lines": advice.churn_lines},
        "return_rates": study.returns,
        "definitions": study.studied,
        "populations": study.populations,
        "cost_assumptions": [] if model is None else model.assumptions,
        "left_out": study.grid.left_out,
    }
    return json.dumps(_plain(said), indent=1, ensure_ascii=False) + "\n"


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, float):
        return round(value, DIGITS)
    return value.isoformat() if isinstance(value, date) else value
