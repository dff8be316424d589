"""A snapshot's scale of segments: learned once, then applied to all of its customers or to one.

For a single customer who is asked about later, the scale of the newest snapshot gives the same
scores and groups as the snapshot gave. Rules are in ``features.segments.rules``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ebbtide.errors import NotReady
from features.segments.facts import OPTIONAL, REQUIRED, facts_of
from features.segments.limits import Limits
from features.segments.rules import GROUPINGS, Standing, first_that_holds
from features.segments.score_scale import ScoreScale

if TYPE_CHECKING:
    from ebbtide.definition import ChurnDefinition
    from ebbtide.segment_settings import Segments

SEGMENT_COLUMNS = ("rfm_segment", "r_score", "f_score", "m_score", "customer_level", "value_type")
"""What is derived for each customer, beside ``customer_id``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentScale:
    """Everything that places a customer: scales of the three scores, and limits.

    Parameters
    ----------
    columns : the features that were read, and have to be read again.
    recency, frequency, monetary : scores and split of each.
    limits : where levels and types begin.
    """

    columns: tuple[str, ...]
    recency: ScoreScale
    frequency: ScoreScale
    monetary: ScoreScale
    limits: Limits

    @classmethod
    def of(
        cls, frame: pa.Table, settings: Segments, *, definition: ChurnDefinition
    ) -> SegmentScale:
        """Learn the scale from the living customers of a snapshot.

        Parameters
        ----------
        frame : a snapshot with the required features of ``features.segments.facts``; of the
            optional ones, those that are there are read.
        settings : section ``[segments]`` of the project file.
        definition : says for how long a customer is alive, from which the defaults in days follow.

        Raises
        ------
        NotReady
            If nobody is in the snapshot.
        ContractError
            If a required feature is missing.

        Examples
        --------
        >>> from ebbtide.definition import ChurnDefinition
        >>> from ebbtide.segment_settings import Segments
        >>> frame = pa.table(
        ...     {
        ...         "customer_id": ["a", "b"],
        ...         "recency_days": [3.0, 250.0],
        ...         "purchase_days_365d": [9.0, 1.0],
        ...         "spend_365d": [900.0, 20.0],
        ...         "first_purchase_age_days": [300.0, 250.0],
        ...     }
        ... )
        >>> year = ChurnDefinition(horizon_days=90, gap_days=0, active_within_days=365)
        >>> scale = SegmentScale.of(frame, Segments(), definition=year)
        >>> placed = scale.segments(frame)
        >>> placed["rfm_segment"].to_pylist(), placed["value_type"].to_pylist()
        (['important_value', 'general_win_back'], ['valuable', 'sleeping'])
        >>> SegmentScale.from_json(scale.to_json()) == scale
        True
        """
        if frame.num_rows == 0:
            raise NotReady("Nobody is in the snapshot, so there are no segments.")
        columns = (*REQUIRED, *(name for name in OPTIONAL if name in frame.column_names))
        facts = facts_of(frame, columns=columns)
        split = settings.split
        return cls(
            columns=columns,
            recency=ScoreScale.of(facts.recency_days, more_is_better=False, split=split),
            frequency=ScoreScale.of(facts.purchase_days, more_is_better=True, split=split),
            monetary=ScoreScale.of(facts.net_spend, more_is_better=True, split=split),
            limits=Limits.of(facts, settings, definition=definition),
        )

    def segments(self, frame: pa.Table) -> pa.Table:
        """Place customers: the snapshot's own, or any that are asked about later.

        Parameters
        ----------
        frame : ``customer_id`` and the features in ``columns``; a missing value is the worst.

        Returns
        -------
        pyarrow.Table
            ``customer_id``, ``rfm_segment``, the three scores from 1 to 5, ``customer_level`` and
            ``value_type``, in the order of the frame.

        Raises
        ------
        ContractError
            If a feature is missing from which the scale was learned.
        """
        facts = facts_of(frame, columns=self.columns)
        standing = Standing(
            facts=facts,
            limits=self.limits,
            r_score=self.recency.scores(facts.recency_days),
            f_score=self.frequency.scores(facts.purchase_days),
            m_score=self.monetary.scores(facts.net_spend),
            r_is_high=self.recency.is_high(facts.recency_days),
            f_is_high=self.frequency.is_high(facts.purchase_days),
            m_is_high=self.monetary.is_high(facts.net_spend),
        )
        placed = {
            column: pa.array(first_that_holds(groups, standing).tolist(), type=pa.string())
            for column, groups in GROUPINGS.items()
        }
        placed |= {
            name: pa.array(getattr(standing, name), type=pa.int8())
            for name in ("r_score", "f_score", "m_score")
        }
        ordered = {name: placed[name] for name in SEGMENT_COLUMNS}
        return pa.table({"customer_id": frame["customer_id"], **ordered})

    def to_json(self) -> dict[str, Any]:
        """Return plain data, from which ``from_json`` makes an equal scale."""
        return {
            "columns": list(self.columns),
            "recency": self.recency.to_json(),
            "frequency": self.frequency.to_json(),
            "monetary": self.monetary.to_json(),
            "limits": self.limits.to_json(),
        }

    @classmethod
    def from_json(cls, read: dict[str, Any]) -> SegmentScale:
        """Return the scale that was written by ``to_json``."""
        return cls(
            columns=tuple(read["columns"]),
            recency=ScoreScale.from_json(read["recency"]),
            frequency=ScoreScale.from_json(read["frequency"]),
            monetary=ScoreScale.from_json(read["monetary"]),
            limits=Limits(**read["limits"]),
        )
