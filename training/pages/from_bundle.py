"""Read from a bundle what the report of its model shows.

Nothing but the bundle is needed: what was measured, tried and foreseen is in its manifest.
"""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ebbtide.causes import CAUSES
from ebbtide.clock import day_in_words
from ebbtide.errors import NotReady
from training.evaluation.bootstrap import Estimate
from training.evaluation.reading import evaluation_from_json
from training.pages.report_input import (
    DataWindow,
    Period,
    ReportInput,
    ShownDriver,
    ShownDrivers,
    ShownGrade,
    Tried,
)
from training.snapshot_table.provenance import UNDATED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ebbtide.bundle.contents import Bundle
    from training.evaluation.evaluation import Evaluation

MOST_DRIVERS = 12
"""Features that a report names; the rest moves little."""

_OVER_DAYS = re.compile(r"_(\d+)d$")


def report_of(
    bundle: Bundle, *, project: str, currency: str, version: str = "", gate: str | None = None
) -> ReportInput:
    """Return what the report of a model shows.

    Parameters
    ----------
    bundle : verified.
    project : its name.
    currency : of money.
    version : number in the registry; empty where it is not registered.
    gate : what the gate said when it was registered.

    Raises
    ------
    NotReady
        If the bundle holds no judgement of its model.
    """
    metrics, zone = bundle.manifest["metrics"], bundle.definition.time_zone
    if "evaluation" not in metrics:
        raise NotReady(
            f"Expected a bundle with a judgement of its model, but {bundle.version} holds none: "
            f"only the best candidate of a training is judged. Run: ebbtide train"
        )
    evaluation = evaluation_from_json(metrics["evaluation"])
    earlier = [evaluation_from_json(each) for each in metrics["earlier"]]
    return ReportInput(
        project=project,
        version=version,
        bundle_version=bundle.version,
        kind=bundle.kind,
        made_by=metrics["made_by"],
        churn_is=bundle.definition.sentence,
        definition=bundle.definition.code,
        grade=ShownGrade(
            letter=metrics["grade"]["letter"],
            reasons=[reason["en"] for reason in metrics["grade"]["reasons"]],
        ),
        gate=gate,
        evaluation=evaluation,
        day=_day(evaluation.as_of, zone),
        checked_on=bundle.calibration_checked_on,
        window=_window(bundle),
        tried=[_tried(each, served=bundle.kind) for each in metrics["tried"]],
        periods=_periods(metrics["auc_by_origin"], [evaluation, *earlier], zone),
        drivers=_drivers(bundle),
        level="" if metrics["level"] is None else metrics["level"]["evidence"],
        limits=_limits(bundle),
        lineage=_lineage(bundle.manifest),
        currency=currency,
    )


def fact_in_words(name: str) -> str:
    """Return the name of a feature as a person would write it.

    Examples
    --------
    >>> fact_in_words("purchase_days_365d"), fact_in_words("btyd_expected_purchases")
    ('purchase days, 365 days', 'buying model: expected purchases')
    """
    said = _OVER_DAYS.sub(r", \1 days", name).replace("_", " ")
    return said.replace("btyd p none", "btyd no purchase").replace("btyd ", "buying model: ")


def _day(instant: datetime | None, time_zone: str) -> str:
    return "" if instant is None else day_in_words(instant, time_zone=time_zone)


def _day_of(written: str, time_zone: str) -> str:
    """Return the day of an instant as a bundle writes it; empty where there are no dates."""
    return "" if written == UNDATED else _day(datetime.fromisoformat(written), time_zone)


def _window(bundle: Bundle) -> DataWindow:
    lineage, zone = bundle.manifest["lineage"], bundle.definition.time_zone
    days = [_day_of(written, zone) for written in lineage["snapshots"]]
    return DataWindow(
        trained_as_of=_day_of(lineage["trained_as_of"], zone),
        snapshots=[day for day in days if day],
        rows=lineage["rows"],
        customers=lineage["customers"],
        features=len(bundle.scorer.features),
        families=sorted({feature.family for feature in bundle.scorer.features})
        if _has_families(bundle)
        else [],
        lookback_days=bundle.lookback_days,
        newest_customers=bundle.reference.n_customers,
        tables=[
            (name, each["rows"], *(_calendar_day(each[at], zone) for at in ("first_at", "last_at")))
            for name, each in lineage.get("log", {}).items()
        ],
    )


def _calendar_day(written: str | None, time_zone: str) -> str:
    """Return the day that an event fell on, without its time."""
    return "" if written is None else _day_of(written, time_zone)[:10]


def _tried(read: Mapping[str, Any], *, served: str) -> Tried:
    return Tried(
        kind=read["kind"],
        is_served=read["kind"] == served,
        mean_auc=read.get("mean_auc"),
        measures=read.get("measures", {}),
        failed=read.get("failed", ""),
    )


def _periods(
    auc_by_origin: Mapping[str, float], evaluations: Sequence[Evaluation], time_zone: str
) -> list[Period]:
    """Return every period, the earliest first; some have a ranking only."""
    judged = {_day(each.as_of, time_zone): each for each in evaluations}
    return [
        _judged_period(day, judged[day])
        if day in judged
        else Period(day=day, auc=Estimate(value=auc, low=math.nan, high=math.nan))
        for day, auc in sorted(auc_by_origin.items())
    ]


def _judged_period(day: str, evaluation: Evaluation) -> Period:
    best = evaluation.best_rule
    return Period(
        day=day,
        auc=evaluation.measures["auc"],
        best_rule_auc=None if best is None else evaluation.rivals[best].auc,
    )


def _drivers(bundle: Bundle) -> ShownDrivers:
    contracts = {feature.name: feature for feature in bundle.scorer.features}
    causes: dict[str, str] = {cause: words.en for cause, words in CAUSES.items()}
    return ShownDrivers(
        n_rows=bundle.drivers.n_rows,
        features=[
            ShownDriver(
                name=fact_in_words(each.name),
                share=each.share,
                direction=each.direction,
                meaning=contracts[each.name].meaning,
                is_category=contracts[each.name].is_categorical,
            )
            for each in bundle.drivers.features[:MOST_DRIVERS]
        ],
        families=[
            ShownDriver(name=each.name.replace("_", " "), share=each.share)
            for each in bundle.drivers.families
            if _has_families(bundle)
        ],
        causes=[
            ShownDriver(name=causes.get(each.name, each.name), share=each.share)
            for each in bundle.drivers.causes
        ],
    )


def _has_families(bundle: Bundle) -> bool:
    """Whether features are grouped at all: each column of a snapshot table is its own family."""
    return len(bundle.drivers.families) < len(bundle.drivers.features)


def _limits(bundle: Bundle) -> list[str]:
    """Return what this model lacks that others have."""
    said = []
    if bundle.calibration_checked_on != "a later period":
        said.append(
            "Its probabilities were not checked on a later period: rely on the order of customers "
            "more than on the figures."
        )
    if bundle.definition.kind == "label":
        said.append("It does not say when customers leave: the label says whether they did.")
    elif bundle.scorer.horizons is None:
        said.append("It does not say when customers leave: there was too little to learn it from.")
    return said


def _lineage(manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    lineage = manifest["lineage"]
    return [
        ("hash of the data", lineage["data_hash"]),
        ("hash of the features' declarations", manifest["catalogue_version"]),
        ("seed", str(lineage["seed"])),
        ("commit of the source", lineage["git_commit"] or ""),
        ("hash of the locked requirements", lineage["lock_hash"] or ""),
        *lineage["libraries"].items(),
    ]
