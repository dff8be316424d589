"""What the members of each group have in common: number, spend, habits, and who of them left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from features.segments.facts import facts_of
from features.segments.rules import GROUPINGS

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from features.segments.rules import Group
    from features.segments.scale import SegmentScale


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupProfile:
    """One group of customers; means are None where nobody is in it.

    Parameters
    ----------
    group : which.
    customers : how many.
    share : of all customers.
    spend_share : share of the net spend of all; None where nothing was spent on balance.
    recency_days, purchase_days, net_spend : means over the group.
    churned : how many left within the horizon; None while the outcome is open.
    """

    group: Group
    customers: int
    share: float
    spend_share: float | None
    recency_days: float | None
    purchase_days: float | None
    net_spend: float | None
    churned: int | None

    @property
    def churn_rate(self) -> float | None:
        """Share of the group that left; None while the outcome is open or without members."""
        if self.churned is None or self.customers == 0:
            return None
        return self.churned / self.customers


def profiles(
    frame: pa.Table,
    placed: pa.Table,
    *,
    scale: SegmentScale,
    churned: NDArray[np.bool_] | None = None,
) -> dict[str, list[GroupProfile]]:
    """Describe every group of every grouping, also those without members.

    Parameters
    ----------
    frame : the snapshot.
    placed : its segments, row by row.
    scale : by which they were placed.
    churned : who left, row by row; None while the outcome is open.

    Returns
    -------
    dict
        By column (``rfm_segment``, ``customer_level``, ``value_type``), in the order of the rules.
    """
    facts = facts_of(frame, columns=scale.columns)
    spend_of_all = float(facts.net_spend.sum())
    described: dict[str, list[GroupProfile]] = {}
    for column, groups in GROUPINGS.items():
        codes = np.asarray(placed[column].to_pylist(), dtype=np.str_)
        described[column] = []
        for group in groups:
            members = codes == group.code
            described[column].append(
                GroupProfile(
                    group=group,
                    customers=int(members.sum()),
                    share=float(members.mean()),
                    spend_share=float(facts.net_spend[members].sum()) / spend_of_all
                    if spend_of_all > 0
                    else None,
                    recency_days=_mean(facts.recency_days[members]),
                    purchase_days=_mean(facts.purchase_days[members]),
                    net_spend=_mean(facts.net_spend[members]),
                    churned=None if churned is None else int(churned[members].sum()),
                )
            )
    return described


def _mean(values: NDArray[np.float64]) -> float | None:
    return float(values.mean()) if values.size else None
