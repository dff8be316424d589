"""``GET /v1/monitoring``: how scores and features have shifted since training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request  # noqa: TC002  FastAPI reads it from the signature
from starlette.responses import Response  # noqa: TC002  FastAPI reads it too

from ebbtide.words import Words
from service.access.guard import needs
from service.endpoint import TheDesk  # noqa: TC001  FastAPI reads it too
from service.language import headers_in, negotiate
from service.looking_up.asked import check_query
from service.monitoring.monitor import USUAL_DAYS
from service.monitoring.shapes import (
    CountShape,
    DriftShape,
    MonitoringShape,
    NoteShape,
    ScoreBinShape,
)
from service.openapi import LANGUAGE_HEADER, problem_responses

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ebbtide.drift.verdicts import Drift, Measured
    from ebbtide.words import Language
    from service.monitoring.monitor import Measurement

router = APIRouter(prefix="/v1", tags=["watch"], dependencies=[Depends(needs("watch"))])

NOTES = {
    "selection": Words(
        "The log holds whom you asked about, not all customers: a shift may be one of whom you "
        "ask about. A job over all stored snapshots shows all of them.",
        "日志只包含被查询过的客户，而非全部客户：分布变化可能只是查询对象发生了变化。"
        "对全部已存快照运行一次任务即可覆盖所有客户。",
    ),
    "no_outcomes": Words(
        "Nothing here looks at outcomes: a model may be right after a shift, and wrong without.",
        "此处不涉及实际结果：分布变化后模型仍可能准确，分布未变时模型也可能失准。",
    ),
    "one_model": Words(
        "Only answers of the model that is served now count; after a swap the window fills again.",
        "仅统计当前模型给出的答复；更换模型后窗口将重新累积。",
    ),
    "newest_only": Words(
        "The window holds more than was looked at; the newest answers were.",
        "窗口内的记录多于已统计的数量；仅统计了最新的部分。",
    ),
}


@router.get(
    "/monitoring",
    operation_id="monitor_model",
    summary="Tell how scores and features have shifted",
    responses=problem_responses(422, 500, 503),
    openapi_extra={"parameters": [LANGUAGE_HEADER]},
)
def monitor_model(
    request: Request,
    response: Response,
    desk: TheDesk,
    days: Annotated[
        int, Query(ge=1, le=90, description="How far the window goes back, days.")
    ] = USUAL_DAYS,
) -> MonitoringShape:
    """Compare what the served model was asked and said lately with what it was trained on."""
    check_query(request, ("days",))
    measurement = desk.monitor.measured(desk.served().bundle, days=days)
    language = negotiate(request.headers.get("accept-language"))
    response.headers.update(headers_in(language))
    return monitoring_shape(measurement, language=language)


def monitoring_shape(measurement: Measurement, *, language: Language) -> MonitoringShape:
    """Return a measurement as it is sent; numbers have four to six decimals."""
    report = measurement.report
    codes = ["selection", "no_outcomes", "one_model", *(["newest_only"] if report.is_cut else [])]
    return MonitoringShape(
        model_version=report.model_version,
        since=report.since,
        until=report.until,
        computed_at=measurement.computed_at,
        reference_as_of=report.reference_as_of.replace("+00:00", "Z"),
        reference_customers=report.reference_customers,
        answers=report.answers,
        statuses=_counts(report.by_status, report.answers),
        customers=report.customers,
        scored_customers=report.scored,
        is_cut=report.is_cut,
        answers_read=report.answers_read,
        warnings=_counts(report.warned, report.answers_read),
        abstentions=_counts(report.abstained, report.answers_read),
        score=drift_shape(report.score),
        score_bins=[
            ScoreBinShape(
                above=round(each.above, 6),
                up_to=round(each.up_to, 6),
                reference_share=round(each.reference_share, 6),
                share=None if each.share is None else round(each.share, 6),
            )
            for each in report.score_bins
        ],
        features=[drift_shape(each) for each in report.features],
        comparisons=report.tests,
        level=report.level,
        notes=[NoteShape(code=code, text=NOTES[code][language]) for code in codes],  # type: ignore[arg-type]  # codes of NOTES
    )


def drift_shape(drift: Drift) -> DriftShape:
    """Return a shift as flat fields."""
    return DriftShape(
        name=drift.name,
        verdict=drift.verdict,
        customers=drift.n,
        **_flat("psi", drift.psi),
        **_flat("ks", drift.ks),
        missing_share=round(drift.missing_share, 6),
        reference_missing_share=round(drift.reference_missing_share, 6),
        missing_threshold=round(drift.missing.threshold, 4) if drift.missing else None,
        missing_verdict=drift.missing_verdict,
        beyond=round(drift.beyond, 3),
    )


def _flat(name: str, measured: Measured | None) -> dict[str, float | None]:
    names = (name, f"{name}_threshold", f"{name}_strong_threshold")
    if measured is None:
        return dict.fromkeys(names)
    values = (measured.value, measured.threshold, measured.strong_threshold)
    return {key: round(value, 4) for key, value in zip(names, values, strict=True)}


def _counts(counts: Mapping[str, int], total: int) -> list[CountShape]:
    """Return what there is most of first."""
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return [CountShape(code=c, count=n, share=round(n / total, 6)) for c, n in ordered]
