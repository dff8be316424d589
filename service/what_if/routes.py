"""``POST /v1/what-if``: the same customer with other values. Nothing is recorded."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from fastapi import APIRouter, Depends
from msgspec import structs
from starlette.requests import Request  # noqa: TC002  FastAPI reads it from the signature
from starlette.responses import JSONResponse

from ebbtide.answer.answer import ABSTAIN
from ebbtide.answer.unlearned import unlearned
from ebbtide.answer.warned import warned
from ebbtide.what_if import NOTICE, WhatIf, compared
from service.access.guard import needs
from service.endpoint import Body, TheDesk, read_json
from service.language import headers_in, negotiate
from service.openapi import LANGUAGE_HEADER, json_body, problem_responses
from service.problems import ProblemError, invalid
from service.scoring.answering import is_alive
from service.scoring.checks import NOTHING, Faults, Hints, check_names, kind_of
from service.scoring.feature_values import check_changes, check_features
from service.what_if import examples
from service.what_if.shapes import WhatIfAnswer, WhatIfRequest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ebbtide.answer.answer import Abstain
    from ebbtide.bundle.contents import Bundle
    from ebbtide.contracts.feature import FeatureContract
    from ebbtide.scorer.scores import FloatArray
    from ebbtide.words import Language
    from service.scoring.feature_values import FeatureValues

router = APIRouter(prefix="/v1", tags=["score"], dependencies=[Depends(needs("score"))])

NAMES = ("features", "changes")


@router.post(
    "/what-if",
    operation_id="what_if",
    summary="Recompute with changed features",
    responses={
        200: {"model": WhatIfAnswer},
        **problem_responses(400, 408, 413, 415, 422, 500, 503),
    },
    openapi_extra={**json_body(WhatIfRequest, examples.ASKED), "parameters": [LANGUAGE_HEADER]},
)
def what_if(request: Request, body: Body, desk: TheDesk) -> JSONResponse:
    """Say what the model makes of other values: a recomputation, not a promised effect."""
    bundle = desk.served().bundle
    read = read_json(body, desk)
    given, changes = _checked(read, bundle.scorer.features)
    language = negotiate(request.headers.get("accept-language"))
    content = _answer(given, changes, bundle=bundle, language=language)
    return JSONResponse(content, headers=headers_in(language))


def _checked(
    read: Any, features: Sequence[FeatureContract]
) -> tuple[FeatureValues, Mapping[int, float]]:
    faults, hints = Faults(), Hints()
    if not isinstance(read, dict):
        fix = 'Send {"features": {...}, "changes": {...}}.'
        faults.add("", expected="an object", got_kind=kind_of(read), fix=fix)
        raise ProblemError(invalid(faults.found, more=faults.more))
    check_names(read, NAMES, pointer="", where="POST /v1/what-if", faults=faults, hints=hints)
    given = check_features(
        read.get("features", NOTHING),
        pointer="/features",
        contracts=features,
        faults=faults,
        hints=hints,
    )
    changes = check_changes(
        read.get("changes", NOTHING),
        pointer="/changes",
        contracts=features,
        faults=faults,
        hints=hints,
    )
    if given is None or changes is None or faults:
        raise ProblemError(invalid(faults.found, more=faults.more))
    return given, changes


def _answer(
    given: FeatureValues, changes: Mapping[int, float], *, bundle: Bundle, language: Language
) -> dict[str, Any]:
    before, after = given.values, given.values.copy()
    for column, value in changes.items():
        after[column] = value
    with np.errstate(all="ignore"):
        found = compared(bundle.scorer, before, after, columns=tuple(changes))
    code = _abstained(found, (before, after), bundle)
    features = bundle.scorer.features
    warnings = [
        *(
            ("missing_feature", name)
            for name in given.missing
            if not any(features[column].name == name for column in changes)
        ),
        *((kind, name) for kind, name in unlearned(after, features) if name not in given.missing),
    ]
    return {
        "model_version": bundle.version,
        "definition": bundle.definition.code,
        "language": language,
        "status": "scored" if code is None else "abstained",
        "churn_probability_before": found.p_churn_before if code is None else None,
        "churn_probability_after": found.p_churn_after if code is None else None,
        "difference": found.difference if code is None else None,
        "changed": [asdict(change) for change in found.changed] if code is None else [],
        "kept_in_families": found.kept_in_families,
        "notice": NOTICE[language],
        "abstain_code": code,
        "abstain_text": None if code is None else ABSTAIN[code][language],
        "warnings": [
            structs.asdict(warned(kind, name, features=features, language=language))
            for kind, name in warnings
        ],
    }


def _abstained(found: WhatIf, rows: Sequence[FloatArray], bundle: Bundle) -> Abstain | None:
    if not all(is_alive(values, bundle) for values in rows):
        return "already_churned"
    numbers = [found.p_churn_before, found.p_churn_after]
    for change in found.changed:
        numbers += [change.contribution_before, change.contribution_after]
    return None if all(map(math.isfinite, numbers)) else "no_finite_score"
