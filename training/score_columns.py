"""The table of a batch of scores: the columns that were judged, without an answer object for any.

Texts are composed once for each different value and kept as places in a dictionary. What is decided
is in ``ebbtide.answer.judged``, of which the answers of the service are made as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from ebbtide.answer.asked import Asked
from ebbtide.answer.judged import BANDS, judge
from ebbtide.answer.prepared import prepared_for
from ebbtide.families import REASON_COUNT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ebbtide.answer.judged import Judged
    from ebbtide.answer.model import Model
    from ebbtide.answer.prepared import Prepared
    from ebbtide.grouped import BoolArray, IndexArray
    from ebbtide.policy.policy import Policy
    from ebbtide.reasons import ReasonOf
    from ebbtide.scorer.scores import FloatArray
    from ebbtide.words import Language

_TEXT = pa.dictionary(pa.int32(), pa.string())
_NUMBER, _INSTANT = pa.float64(), pa.timestamp("us", tz="UTC")

SCORES = pa.schema(
    [
        ("customer_id", pa.string()),
        ("status", _TEXT),
        ("churn_probability", _NUMBER),
        ("churn_probability_low", _NUMBER),
        ("churn_probability_high", _NUMBER),
        ("churn_score", pa.int64()),
        ("risk_band", _TEXT),
        ("percentile", _NUMBER),
        ("action_code", _TEXT),
        ("action_text", _TEXT),
        ("action_channel", _TEXT),
        ("arm", _TEXT),
        ("propensity", _NUMBER),
        ("withheld_action_code", _TEXT),
        ("expected_value", _NUMBER),
        ("expected_cost", _NUMBER),
        ("effect", _NUMBER),
        ("effect_basis", _TEXT),
        ("value", _NUMBER),
        ("as_of", _INSTANT),
        ("valid_until", _INSTANT),
        ("scored_at", _INSTANT),
        ("model_version", _TEXT),
        ("policy_version", _TEXT),
        ("definition", _TEXT),
        *((f"reason_{place + 1}", _TEXT) for place in range(REASON_COUNT)),
    ]
)
"""Columns of scores, with their types."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """How a batch of customers is scored, the same for all of them.

    Parameters
    ----------
    model : what scores.
    policy : what decides.
    as_of : instant of the features.
    scored_at : the present.
    language : of the texts.
    with_interval : whether to say how sure each probability is.
    with_reasons : whether to give reasons.
    """

    model: Model
    policy: Policy
    as_of: datetime
    scored_at: datetime
    language: Language
    with_interval: bool = False
    with_reasons: bool = True

    def scored(
        self, rows: FloatArray, customer_ids: pa.Array, *, given: FloatArray | None = None
    ) -> pa.Table:
        """Return the scores of some customers.

        Parameters
        ----------
        rows : feature values in the order of the model's features, shape (n, features).
        customer_ids : who, as text.
        given : margin at stake, currency, NaN where unknown, shape (n,); None for all unknown.
        """
        prepared = prepared_for(self.model, self.policy)
        ids = _Ids(customer_ids)
        asked = Asked.alike(ids, given=given, with_reasons=self.with_reasons)
        judged = judge(rows, asked=asked, prepared=prepared)
        columns = {
            "customer_id": customer_ids,
            **self._constants(len(rows), prepared),
            **self._decided(judged, prepared),
            **_reasons(judged, rows, shared=prepared.wording[self.language].reasons),
        }
        return pa.table([columns[name] for name in SCORES.names], schema=SCORES)

    def _constants(self, count: int, prepared: Prepared) -> dict[str, pa.Array]:
        texts = {
            "model_version": self.model.version,
            "policy_version": self.policy.version,
            "definition": prepared.definition,
        }
        instants = {
            "as_of": self.as_of,
            "valid_until": self.as_of + timedelta(days=self.policy.valid_days),
            "scored_at": self.scored_at,
        }
        first = np.zeros(count, dtype=np.intp)
        return {
            **{name: _texts(first, [text]) for name, text in texts.items()},
            **{name: pa.repeat(pa.scalar(at, _INSTANT), count) for name, at in instants.items()},
        }

    def _decided(self, judged: Judged, prepared: Prepared) -> dict[str, pa.Array]:
        has_none = judged.abstained >= 0
        decisions, bounds = judged.decisions, judged.scores.bounds
        actions = decisions.actions
        chosen = np.where(has_none, -1, decisions.chosen)
        dealt = np.where(has_none, -1, judged.dealt.action)
        held = np.where(judged.dealt.is_held, dealt, -1)
        numbers = {
            "churn_probability": judged.scores.p_churn,
            "percentile": judged.percentile,
            "expected_value": decisions.expected_value,
            "expected_cost": decisions.expected_cost,
            "effect": decisions.effect,
        }
        low, high = bounds if bounds is not None and self.with_interval else (None, None)
        propensities = np.array([*judged.dealt.propensities, np.nan])
        return {
            "status": _texts(has_none.astype(np.intp), ["scored", "abstained"]),
            **{name: _numbers(values, without=has_none) for name, values in numbers.items()},
            "churn_probability_low": _numbers_or_nulls(low, without=has_none),
            "churn_probability_high": _numbers_or_nulls(high, without=has_none),
            "churn_score": pa.array(
                judged.churn_score.astype(np.int64), mask=has_none if has_none.any() else None
            ),
            "risk_band": _texts(np.where(has_none, -1, judged.band), BANDS),
            "action_code": _texts(chosen, [action.code for action in actions]),
            "action_text": _texts(chosen, prepared.wording[self.language].actions),
            "action_channel": _texts(chosen, [action.channel for action in actions]),
            "arm": _texts(np.where(dealt < 0, -1, judged.dealt.is_held), ["treated", "holdout"]),
            "propensity": _numbers(propensities[dealt], without=dealt < 0),
            "withheld_action_code": _texts(held, [action.code for action in actions]),
            "effect_basis": _texts(np.where(chosen >= 0, 0, -1), ["assumed"]),
            "value": _numbers(judged.value, without=has_none | np.isnan(judged.value)),
        }


class _Ids:
    """Ids that become text only where they are asked for: hold-outs ask for those with an action.

    Parameters
    ----------
    ids : as text.
    """

    def __init__(self, ids: pa.Array) -> None:
        self._ids = ids

    def __len__(self) -> int:
        return len(self._ids)

    def __getitem__(self, place: int) -> str:
        return str(self._ids[place].as_py())


def _reasons(
    judged: Judged, rows: FloatArray, *, shared: Sequence[ReasonOf]
) -> dict[str, pa.Array]:
    """Return the texts of the reasons, each text once in a dictionary that all places share."""
    leaders = np.where((judged.abstained >= 0)[:, None], -1, judged.leaders)
    which = np.full(leaders.shape, -1, dtype=np.intp)
    texts: list[str] = []
    for feature in np.unique(leaders[leaders >= 0]).tolist():
        place = np.nonzero(leaders == feature)
        text_of, told = shared[feature].telling.texts(rows[place[0], feature])
        which[place] = text_of + len(texts)
        texts += told
    return {f"reason_{place + 1}": _texts(which[:, place], texts) for place in range(REASON_COUNT)}


def _texts(which: IndexArray, texts: Sequence[str]) -> pa.DictionaryArray:
    """Return a column of texts by their places; -1 is null."""
    is_none = which < 0
    places = pa.array(which.astype(np.int32), mask=is_none if is_none.any() else None)
    return pa.DictionaryArray.from_arrays(places, pa.array(texts, pa.string()))


def _numbers(values: FloatArray, *, without: BoolArray) -> pa.Array:
    return pa.array(values, _NUMBER, mask=without if without.any() else None)


def _numbers_or_nulls(values: FloatArray | None, *, without: BoolArray) -> pa.Array:
    if values is None:
        return pa.nulls(len(without), _NUMBER)
    return _numbers(values, without=without)
