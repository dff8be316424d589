"""``GET /v1/model``, ``/v1/model/card``, ``/v1/schema`` and ``/v1/actions``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request  # noqa: TC002  FastAPI reads it from the signature
from starlette.responses import PlainTextResponse, Response

from service.access.guard import needs
from service.describing.shapes import (
    ActionShape,
    ActionsShape,
    DriversShape,
    FeatureShape,
    ModelShape,
    SchemaShape,
)
from service.endpoint import TheDesk  # noqa: TC001  FastAPI reads it too
from service.language import headers_in, negotiate
from service.openapi import LANGUAGE_HEADER, problem_responses

if TYPE_CHECKING:
    from pydantic import BaseModel

router = APIRouter(prefix="/v1", tags=["describe"], dependencies=[Depends(needs())])

_NOT_READY = problem_responses(500, 503)


@router.get("/model", operation_id="describe_model", responses=_NOT_READY)
def describe_model(desk: TheDesk) -> ModelShape:
    """Say which model is being served, and since when."""
    served = desk.served()
    bundle = served.bundle
    return ModelShape(
        model_version=bundle.version,
        registry_version=served.registry_version,
        kind=bundle.kind,
        kernel=bundle.scorer.kernel,
        source=served.source,
        is_signed=bundle.is_signed,
        loaded_at=served.loaded_at,
        definition=bundle.definition.code,
        definition_text=bundle.definition.sentence,
        horizon_days=bundle.definition.horizon_days,
        gap_days=bundle.definition.gap_days,
        lookback_days=bundle.lookback_days,
        feature_count=len(bundle.scorer.features),
        reference_as_of=bundle.reference.as_of.replace("+00:00", "Z"),
        metrics=bundle.manifest.get("metrics", {}),
        drivers=DriversShape(**bundle.drivers.to_json()),
        policy_version=desk.policy.version,
        currency=desk.currency,
    )


@router.get(
    "/model/card",
    operation_id="read_model_card",
    response_class=PlainTextResponse,
    responses={200: {"content": {"text/markdown": {}}}, **_NOT_READY},
)
def read_model_card(desk: TheDesk) -> Response:
    """Return the card of the model, in Markdown."""
    return Response(
        desk.served().bundle.card,
        media_type="text/markdown; charset=utf-8",
        headers={"X-Content-Type-Options": "nosniff"},  # a card may say anything, as text only
    )


@router.get(
    "/schema",
    operation_id="describe_features",
    responses=_NOT_READY,
    openapi_extra={"parameters": [LANGUAGE_HEADER]},
)
def describe_features(request: Request, response: Response, desk: TheDesk) -> SchemaShape:
    """List the features that the model reads: unit, range, meaning of null, words."""
    bundle = desk.served().bundle
    language = negotiate(request.headers.get("accept-language"))
    response.headers.update(headers_in(language))
    return SchemaShape(
        model_version=bundle.version,
        features=[
            FeatureShape(
                **{
                    **_shared(FeatureShape, feature),
                    "when_null": feature.when_null[language] if feature.when_null else None,
                    "reason": feature.reason[language],
                    "typical": feature.shown(float(typical)),
                    "typical_stayers": feature.shown(float(stayers)),
                    "typical_leavers": feature.shown(float(leavers)),
                    "categories": feature.learned.categories if feature.learned else [],
                }
            )
            for feature, typical, stayers, leavers in zip(
                bundle.scorer.features,
                bundle.scorer.typical,
                bundle.scorer.typical_by_outcome.stayers,
                bundle.scorer.typical_by_outcome.leavers,
                strict=True,
            )
        ],
    )


@router.get(
    "/actions",
    operation_id="describe_actions",
    responses=problem_responses(500),
    openapi_extra={"parameters": [LANGUAGE_HEADER]},
)
def describe_actions(request: Request, response: Response, desk: TheDesk) -> ActionsShape:
    """List the actions of the policy in force."""
    policy = desk.policy
    language = negotiate(request.headers.get("accept-language"))
    response.headers.update(headers_in(language))
    return ActionsShape(
        policy_version=policy.version,
        owner=policy.owner,
        currency=desk.currency,
        margin_rate=policy.margin_rate,
        value_horizon_days=policy.value_horizon_days,
        discount_rate_yearly=policy.discount_rate_yearly,
        valid_days=policy.valid_days,
        band_high=policy.bands.high,
        band_medium=policy.bands.medium,
        actions=[
            ActionShape(
                **{
                    **_shared(ActionShape, action),
                    "text": action.text[language],
                    "save_rate_mean": action.save_rate.mean,
                    "save_rate_sd": action.save_rate.sd,
                    "min_p_churn": action.eligibility.min_p_churn,
                    "min_value": action.eligibility.min_value,
                    "family": action.held_out_with,
                    "holdout_share": policy.holdout_share(action),
                }
            )
            for action in policy.actions
        ],
    )


def _shared(shape: type[BaseModel], described: object) -> dict[str, Any]:
    """Return the fields of a shape that what it describes has under the same names."""
    return {
        name: getattr(described, name) for name in shape.model_fields if hasattr(described, name)
    }
