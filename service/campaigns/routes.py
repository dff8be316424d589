"""``GET /v1/campaigns/{action}/effect``: what an action did, or why that cannot be told yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Path
from starlette.requests import Request  # noqa: TC002  FastAPI reads it from the signature
from starlette.responses import Response  # noqa: TC002  FastAPI reads it too

from ebbtide.effects.estimate import NOT_ENOUGH, VERDICTS, estimate_effect
from ebbtide.effects.intervals import LEVEL
from ebbtide.effects.sound import EFFECT_WARNINGS
from ebbtide.store.assignments import later_turns_of, tallies_of
from service.access.guard import needs
from service.campaigns.shapes import EffectShape, SaidShape
from service.endpoint import TheDesk  # noqa: TC001  FastAPI reads it too
from service.language import headers_in, negotiate
from service.openapi import LANGUAGE_HEADER, problem_responses
from service.problems import Problem, ProblemError

if TYPE_CHECKING:
    from datetime import datetime

    from ebbtide.effects.estimate import Effect
    from ebbtide.effects.intervals import Interval
    from ebbtide.words import Language

router = APIRouter(prefix="/v1", tags=["watch"], dependencies=[Depends(needs("watch"))])

_UNKNOWN = Problem(
    kind="unknown-action",
    detail="Expected the code of an action of the policy, or of one that was assigned before, and "
    "this is neither. GET /v1/actions lists the policy's.",
)
_WITH_ENDS = (
    ("effect", 6),
    ("churn_treated", 6),
    ("churn_holdout", 6),
    ("saved_customers", 1),
    ("saved_value", 2),
    ("net_value", 2),
)
"""What has an interval, and how many decimals it is told with."""

_COUNTED = (
    "treated",
    "treated_left",
    "holdout",
    "holdout_left",
    "costs_reported",
    "assigned",
    "matured",
    "not_randomised",
    "holdout_delivered",
    "needed",
    "more_needed",
)


@router.get(
    "/campaigns/{action}/effect",
    operation_id="measure_effect",
    summary="Tell what an action did",
    responses=problem_responses(404, 500, 503),
    openapi_extra={"parameters": [LANGUAGE_HEADER]},
)
def measure_effect(
    request: Request,
    response: Response,
    desk: TheDesk,
    action: Annotated[str, Path(min_length=1, max_length=40, description="Code of the action.")],
) -> EffectShape:
    """Compare the treated with the hold-out, over the customers whose window has ended."""
    if not action.isprintable():  # no policy has such a code, and not every database takes it
        raise ProblemError(_UNKNOWN)
    now = desk.now()
    known = next((each for each in desk.policy.actions if each.code == action), None)
    with desk.store.database.read("count the assignments") as connection:
        tallies = tallies_of(connection, action, now=now)
        later = later_turns_of(connection, action)
    if known is None and not tallies and not later:
        raise ProblemError(_UNKNOWN)
    effect = estimate_effect(tallies, save_rate=known.save_rate.mean if known else None)
    language = negotiate(request.headers.get("accept-language"))
    response.headers.update(headers_in(language))
    return effect_shape(
        effect, action=action, later=later, now=now, currency=desk.currency, language=language
    )


def effect_shape(
    effect: Effect, *, action: str, later: int, now: datetime, currency: str, language: Language
) -> EffectShape:
    """Return an effect as flat fields; money has two decimals, shares six.

    Parameters
    ----------
    effect : what the action did.
    action : its code.
    later : assignments that are left out because they are not the first.
    now : the present.
    currency : of money.
    language : of the texts.
    """
    flat: dict[str, Any] = {name: getattr(effect, name) for name in _COUNTED}
    for name, digits in _WITH_ENDS:
        flat |= _ends(name, getattr(effect, name), digits)
    return EffectShape(
        action_code=action,
        as_of=now,
        verdict=effect.verdict,
        verdict_text=VERDICTS[effect.verdict][language],
        basis="intention_to_treat",
        level=LEVEL,
        **flat,
        p_churn_treated=_rounded(effect.p_churn_treated, 6),
        p_churn_holdout=_rounded(effect.p_churn_holdout, 6),
        effect_to_find=_rounded(effect.effect_to_find, 6),
        cost=round(effect.cost, 2),
        currency=currency,
        later_assignments=later,
        not_enough=[SaidShape(code=c, text=NOT_ENOUGH[c][language]) for c in effect.not_enough],
        warnings=[SaidShape(code=c, text=EFFECT_WARNINGS[c][language]) for c in effect.warnings],
    )


def _ends(name: str, interval: Interval | None, digits: int) -> dict[str, float | None]:
    if interval is None:
        return {name: None, f"{name}_low": None, f"{name}_high": None}
    return {
        name: round(interval.estimate, digits),
        f"{name}_low": round(interval.low, digits),
        f"{name}_high": round(interval.high, digits),
    }


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
