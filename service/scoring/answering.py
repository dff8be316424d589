"""Answer checked rows: find their features and score them together. Nothing is written here.

Whoever asks commits the entries of the log, together with what else they change, before they
acknowledge an answer.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from ebbtide.answer.answer import Answer, Question
from ebbtide.answer.compose import answer_rows
from ebbtide.errors import ContractError
from ebbtide.store.preferences import preferences_of
from ebbtide.store.store import Prediction
from features.catalogue.catalogue import catalogue_version, features_named
from features.expectations import expectations_of
from features.live import features_of_events
from service.problems import Problem
from service.scoring.prediction_id import new_prediction_id
from service.scoring.stored import stored_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from ebbtide.bundle.contents import Bundle
    from ebbtide.definition import ChurnDefinition
    from ebbtide.scorer.scores import FloatArray
    from ebbtide.store.preferences import Preferences
    from ebbtide.store.store import Snapshot
    from ebbtide.words import Language
    from service.desk import Desk
    from service.scoring.events import Events
    from service.scoring.row import Row
    from service.scoring.stored import Stored

_RECENCY = "recency_days"
_RUNNING = "contracts_running"
_TOO_LATE = Problem(
    kind="busy",
    detail="The rows before this one took all the time that one request has for computing from "
    "events. Send this row again, with fewer rows at once.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A question with the feature values that answer it."""

    question: Question
    values: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What came of the rows of one request.

    Parameters
    ----------
    results : an answer or a problem for each row, in their order.
    entries : of the log, one for each answer, in their order; not committed yet. Give them to
        ``SqlStore.add_predictions`` within the unit that commits the request.
    """

    results: list[Answer | Problem]
    entries: list[Prediction]


def answer_request(
    rows: Sequence[Row | Problem],
    *,
    desk: Desk,
    bundle: Bundle,
    now: datetime,
    language: Language,
) -> Answered:
    """Answer the rows of one request, each with an answer or with a problem of its own.

    All answers come from one model and one policy. They are not in the log yet.

    Parameters
    ----------
    rows : checked rows, and the problems of those that could not be.
    desk : policy, store and limits.
    bundle : the model of this request.
    now : the present.
    language : the language of the texts.

    Raises
    ------
    StoreUnavailable
        If stored snapshots cannot be read.
    """
    decided = _preferences(rows, desk=desk)
    rows = [_as_decided(row, decided) for row in rows]
    ends_at = time.monotonic() + desk.settings.event_deadline_seconds
    stored = stored_of(rows, desk=desk, bundle=bundle, now=now)
    found = [
        row
        if isinstance(row, Problem)
        else _TOO_LATE
        if (row.events is not None or place in stored.known) and time.monotonic() > ends_at
        else _find_features(row, place, stored=stored, desk=desk, bundle=bundle, now=now)
        for place, row in enumerate(rows)
    ]
    asked = _named_in_order([each for each in found if isinstance(each, _Found)])
    answers = answer_rows(
        np.array([each.values for each in asked], ndmin=2),
        questions=[each.question for each in asked],
        model=bundle,
        policy=desk.policy,
        scored_at=now,
        language=language,
    )
    names = tuple(feature.name for feature in bundle.scorer.features)
    in_order = iter(answers)
    return Answered(
        results=[each if isinstance(each, Problem) else next(in_order) for each in found],
        entries=[
            Prediction(answer=answer, names=names, values=each.values)
            for answer, each in zip(answers, asked, strict=True)
        ],
    )


def _named_in_order(asked: Sequence[_Found]) -> list[_Found]:
    """Let ids rise with the rows: of two about one customer the later is the newest everywhere."""
    ids = sorted(each.question.prediction_id for each in asked)
    return [
        replace(each, question=msgspec.structs.replace(each.question, prediction_id=prediction_id))
        for each, prediction_id in zip(asked, ids, strict=True)
    ]


def _preferences(rows: Sequence[Row | Problem], *, desk: Desk) -> Mapping[str, Preferences]:
    ids = [row.customer_id for row in rows if not isinstance(row, Problem)]
    with desk.store.database.read("look up preferences") as connection:
        return preferences_of(connection, ids)


def _as_decided(row: Row | Problem, decided: Mapping[str, Preferences]) -> Row | Problem:
    """Return a row as its customer has decided: what is stored and what is asked both count."""
    if isinstance(row, Problem) or row.customer_id not in decided:
        return row
    own = decided[row.customer_id]
    if own.profiling_opt_out:
        return replace(row, profiling_opt_out=True, features=None, events=None)
    return replace(row, contact_opt_out=row.contact_opt_out or own.contact_opt_out)


def _find_features(
    row: Row, place: int, *, stored: Stored, desk: Desk, bundle: Bundle, now: datetime
) -> _Found | Problem:
    if row.profiling_opt_out:
        question = _question(row, as_of=row.as_of or now, is_alive=True)
        return _Found(question=question, values=np.full(len(bundle.scorer.features), np.nan))
    if row.features is not None:
        question = _question(
            row,
            as_of=row.as_of or now,
            is_alive=is_alive(row.features.values, bundle),
            missing=row.features.missing,
        )
        return _Found(question=question, values=row.features.values)
    if row.events is not None:
        return _from_events(row, row.events, desk=desk, bundle=bundle, as_of=row.as_of or now)
    if place in stored.known:
        known = stored.known[place]
        found = _from_events(row, known.rows, desk=desk, bundle=bundle, as_of=known.as_of)
        if isinstance(found, _Found):  # else the request is not to blame: it sent no events
            return found
    if place in stored.snapshots:
        snapshot, is_outdated = stored.snapshots[place], place in stored.outdated
        return _from_snapshot(row, snapshot, bundle=bundle, is_outdated=is_outdated)
    return Problem(
        kind="unknown-customer",
        detail="Expected a customer with a stored snapshot, and there is none at or before as_of. "
        "Send features or events in the request, or run: ebbtide score --publish.",
    )


def _from_snapshot(
    row: Row, snapshot: Snapshot, *, bundle: Bundle, is_outdated: bool
) -> _Found | Problem:
    has_other_fit = snapshot.basis is not None and snapshot.basis.differs_in_fit_only(bundle.basis)
    if snapshot.basis != bundle.basis and not has_other_fit:
        return Problem(
            kind="snapshot-differs",
            detail="Expected a stored snapshot whose features were computed as those of the served "
            "model, but its catalogue of features, churn definition or lookback is another. Run: "
            "ebbtide score --publish.",
        )
    column_of = {name: column for column, name in enumerate(snapshot.names)}
    features = bundle.scorer.features
    lacking = [f.name for f in features if f.name not in column_of]
    values = np.array(
        [snapshot.values[column_of[f.name]] if f.name in column_of else np.nan for f in features]
    )
    never_null = [
        f.name
        for f, value in zip(features, values, strict=True)
        if not f.is_nullable and value != value
    ]
    if never_null:
        return Problem(
            kind="snapshot-incomplete",
            detail="Expected a stored snapshot with every feature of the model that is never null, "
            f"but {', '.join(never_null)} is missing. Run: ebbtide score --publish.",
        )
    question = _question(
        row,
        as_of=snapshot.as_of,
        is_alive=True,
        missing=tuple(lacking),
        has_other_fit=has_other_fit,
        has_newer_events=is_outdated,
    )
    return _Found(question=question, values=values)


def _from_events(
    row: Row, events: Events, *, desk: Desk, bundle: Bundle, as_of: datetime
) -> _Found | Problem:
    names = [feature.name for feature in bundle.scorer.features]
    if bundle.definition.kind == "label":
        return Problem(
            kind="catalogue-differs",
            detail="Expected features: the served model was trained on a snapshot table, whose "
            "columns the company computed itself, so that events say nothing to it. GET "
            "/v1/schema lists the features.",
        )
    if not _is_same_catalogue(names, bundle):
        return Problem(
            kind="catalogue-differs",
            detail="Expected a model that was trained with this version's catalogue of features, "
            "so that events mean the same. Send features, or train again with this version.",
        )
    try:
        with desk.event_turns.turn():
            live = features_of_events(
                events,
                customer_id=row.customer_id,
                as_of=as_of,
                names=names,
                lookback_days=bundle.lookback_days,
                definition=bundle.definition,
                columns=bundle.columns,
                expectations=expectations_of(bundle),
            )
    except (ContractError, OverflowError):  # each value is bounded, but not what comes of many
        return Problem(
            kind="invalid-request",
            detail="The features cannot be computed from these events: a number or date in them "
            "is beyond what the arithmetic holds. Check the amounts and dates.",
        )
    values = live.values if live.is_alive else np.full(len(names), np.nan)
    question = _question(
        row,
        as_of=as_of,
        is_alive=live.is_alive,
        has_history=live.is_alive or has_history(events, as_of, bundle.definition),
        missing_tables=live.tables_absent,
        missing_columns=live.columns_absent,
    )
    return _Found(question=question, values=values)


def _is_same_catalogue(names: list[str], bundle: Bundle) -> bool:
    try:
        version = catalogue_version(features_named(names), kind=bundle.definition.kind)
    except ContractError:  # the model reads a feature that this version does not have
        return False
    return version == bundle.catalogue_version


def _question(
    row: Row,
    *,
    as_of: datetime,
    is_alive: bool,
    has_history: bool = True,
    missing: tuple[str, ...] = (),
    missing_tables: tuple[str, ...] = (),
    missing_columns: tuple[str, ...] = (),
    has_other_fit: bool = False,
    has_newer_events: bool = False,
) -> Question:
    return Question(
        prediction_id=new_prediction_id(),
        customer_id=row.customer_id,
        as_of=as_of,
        is_alive=is_alive,
        has_history=has_history,
        value=row.value,
        contact_opt_out=row.contact_opt_out,
        profiling_opt_out=row.profiling_opt_out,
        with_interval=row.with_interval,
        with_reasons=row.with_reasons,
        missing=missing,
        missing_tables=missing_tables,
        missing_columns=missing_columns,
        has_other_fit=has_other_fit,
        has_newer_events=has_newer_events,
    )


def has_history(events: Events, as_of: datetime, definition: ChurnDefinition) -> bool:
    """Whether events hold a purchase or contract that was known before an instant.

    Only of someone who had one can it be said that they left.

    Parameters
    ----------
    events : rows by table, aware.
    as_of : aware, exclusive.
    definition : says whether purchases or contracts count.
    """
    is_contract = definition.log_table == "subscriptions"
    began = "started_at" if is_contract else "occurred_at"
    return any(
        _known_since(row, began) < as_of and (is_contract or _amount(row) >= 0)
        for row in events.get(definition.log_table, ())
    )


def _known_since(row: Mapping[str, object], began: str) -> datetime:
    return max(each for each in (row[began], row.get("known_at")) if isinstance(each, datetime))


def _amount(row: Mapping[str, object]) -> float:
    amount = row.get("amount")
    return float(amount) if isinstance(amount, int | float) else 0.0


def is_alive(values: FloatArray, bundle: Bundle) -> bool:
    """Whether values that were sent are of a customer who is alive by the definition.

    Parameters
    ----------
    values : in the order of the model's features, shape (features,).
    bundle : the model with its definition.
    """
    names = [feature.name for feature in bundle.scorer.features]
    return bool(are_alive(values[None, :], names=names, definition=bundle.definition)[0])


def are_alive(
    rows: FloatArray, *, names: Sequence[str], definition: ChurnDefinition
) -> NDArray[np.bool_]:
    """Return which rows are of customers who are alive by a definition; NaN says nothing of it.

    Parameters
    ----------
    rows : feature values, shape (n, features).
    names : of the features, in their order.
    definition : says whether purchases or contracts count.
    """
    if definition.kind == "contract_end" and _RUNNING in names:
        return ~(rows[:, names.index(_RUNNING)] < 1)
    if definition.kind in ("contract_end", "label") or _RECENCY not in names:
        return np.ones(len(rows), dtype=bool)
    return ~(rows[:, names.index(_RECENCY)] > definition.active_within_days)
