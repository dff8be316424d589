"""An audit as JSON, for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from features.audit.conclusion import conclusions
from features.audit.summary import not_tried

if TYPE_CHECKING:
    from features.audit.audit import Audit, Movements
    from features.audit.own_table import OwnAudit


def audit_json(audit: Audit) -> str:
    """Return an audit as JSON."""
    document = {
        "project": audit.project,
        "as_of": [at.isoformat() for at in audit.as_of],
        "seed": audit.seed,
        "is_clean": audit.is_clean,
        "conclusions": [
            {"subject": one.subject, "level": one.level, "sentence": one.sentence}
            for one in conclusions(audit)
        ],
        "not_tried": not_tried(audit),
        "catalogue": _movements(audit.catalogue),
        "query": None if audit.query is None else _movements(audit.query),
        "feature_table": None if audit.own is None else _own(audit.own),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _movements(movements: Movements) -> dict[str, Any]:
    return {
        "is_clean": movements.is_clean,
        "columns": list(movements.columns),
        "leaking_columns": list(movements.leaking_columns),
        "unstable_columns": sorted(movements.unstable),
        "responding_columns": list(movements.responding),
        "unresponsive_columns": list(movements.unresponsive),
        "customers": {at.isoformat(): count for at, count in movements.customers.items()},
        "trials": [
            {
                "as_of": trial.as_of.isoformat(),
                "perturbation": trial.perturbation.name,
                "kind": trial.perturbation.kind,
                "sentence": trial.perturbation.sentence,
                "was_tried": trial.was_tried,
                "touched": dict(trial.touched),
                "customers_appeared": trial.moved.appeared,
                "customers_gone": trial.moved.gone,
                "moved": [
                    {
                        "column": one.column,
                        "customers": one.customers,
                        "largest_change": one.largest_change,
                        "tables": list(trial.tables_that_move(one.column)),
                    }
                    for one in trial.moved.columns
                ],
            }
            for trial in movements.trials
        ],
    }


def _own(own: OwnAudit) -> dict[str, Any]:
    return {
        "customers": {at.isoformat(): count for at, count in own.customers.items()},
        "without_row": {at.isoformat(): count for at, count in own.without_row.items()},
        "columns": [
            {
                "column": one.column,
                "verdict": one.judgement,
                "reasons": list(one.reasons),
                "as_of": one.as_of.isoformat(),
                "aspect": one.aspect,
                "profile": [
                    {
                        "start_days": stretch.start_days,
                        "end_days": stretch.end_days,
                        "is_outcome_window": stretch.is_outcome,
                        "customers": stretch.customers,
                        "buyers": stretch.buyers,
                        "correlation": round(known, 4),
                    }
                    for stretch, known in zip(one.stretches, one.profile, strict=True)
                ],
            }
            for one in own.verdicts
        ],
    }
