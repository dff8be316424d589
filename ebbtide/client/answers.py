"""What the service answers, as plain typed data. Answers about customers are ``Answer``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime  # noqa: TC003  read when answers are made
from typing import TYPE_CHECKING, Any

from ebbtide.answer.answer import Answer, RiskOnDay, Warned
from ebbtide.answer.written import answer_from_json
from ebbtide.client.errors import Problem, UnreadableAnswer, problem_of
from ebbtide.reasons import Reason

if TYPE_CHECKING:
    import msgspec


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedModel:
    """Which model is served; ``metrics`` were measured out of time."""

    model_version: str
    registry_version: str | None
    kind: str
    kernel: str
    source: str
    is_signed: bool
    loaded_at: datetime
    definition: str
    definition_text: str
    horizon_days: int
    gap_days: int
    lookback_days: int
    feature_count: int
    reference_as_of: str
    policy_version: str
    currency: str
    metrics: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFeature:
    """One feature of the served model: what to send, and what it means."""

    name: str
    family: str
    table: str
    unit: str
    low: float | None
    high: float | None
    is_nullable: bool
    when_null: str | None
    meaning: str
    cause: str
    risk: str | None
    typical: float | str | None
    categories: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSchema:
    """The features that the served model reads, in its order."""

    model_version: str
    features: tuple[ModelFeature, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyAction:
    """One action of the policy; costs in currency."""

    code: str
    text: str
    channel: str
    contact_cost: float
    acceptance_cost: float
    answers: tuple[str, ...]
    is_discount: bool
    needs_contact_consent: bool
    min_p_churn: float
    min_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyActions:
    """The policy in force."""

    policy_version: str
    owner: str
    currency: str
    valid_days: int
    band_high: float
    band_medium: float
    actions: tuple[PolicyAction, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One feature that was changed, and its exact share in the raw score before and after."""

    feature: str
    family: str
    before: float | str | None
    after: float | str | None
    contribution_before: float
    contribution_after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WarningText:
    """Something that the reader should know."""

    code: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """What the model makes of other values: a recomputation, and no promised effect."""

    model_version: str
    definition: str
    language: str
    status: str
    churn_probability_before: float | None
    churn_probability_after: float | None
    difference: float | None
    changed: tuple[Change, ...]
    kept_in_families: tuple[str, ...]
    notice: str
    abstain_code: str | None
    abstain_text: str | None
    warnings: tuple[WarningText, ...]


def answer_of(content: object) -> Answer:
    """Read an answer about one customer.

    Raises
    ------
    UnreadableAnswer
        If it is none that this client knows.
    """
    try:
        known = _known(Answer, content)
        known["reasons"] = [_known(Reason, each) for each in known["reasons"]]
        known["risk_by_day"] = [_known(RiskOnDay, each) for each in known["risk_by_day"]]
        known["warnings"] = [_known(Warned, each) for each in known["warnings"]]
        return answer_from_json(known)
    except (KeyError, TypeError, ValueError) as err:
        raise UnreadableAnswer(
            "Expected an answer about a customer as this client knows it, got something else. "
            "Check that the address is that of Ebbtide, and that the client is not older."
        ) from err


def result_of(content: object) -> Answer | Problem:
    """Read what is answered about one row: an answer, or the problem that it has."""
    if isinstance(content, dict) and content.get("status") == "failed":
        problem = content.get("problem")
        status = problem.get("status", 500) if isinstance(problem, dict) else 500
        return problem_of(problem, status=status)
    return answer_of(content)


def _known(kind: type[msgspec.Struct], content: Any) -> dict[str, Any]:
    """Return the fields of an object that a record has."""
    if not isinstance(content, dict):
        raise TypeError
    return {name: content[name] for name in kind.__struct_fields__ if name in content}
