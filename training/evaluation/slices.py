"""How a model does for some of the customers: by value, tenure, region or any other attribute.

Beside quality this holds what fairness asks: who gets onto a list of the usual length, and whose
leavers it misses. Slices of few customers are counted together and not named, because a name and
the outcomes of a handful are close to naming people.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from training.evaluation.promises import mean_of
from training.evaluation.ranking import Ranking, auc_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from ebbtide.scorer.scores import FloatArray
    from training.evaluation.bootstrap import Estimate
    from training.evaluation.judged import Judged

    Named = tuple[str, str]

VALUE_TIER = "value tier"
TIERS = ("low", "middle", "high")
UNKNOWN = "unknown"

MOST_LEVELS = 20
"""Slices of one attribute that are shown, the largest; others are counted together."""

FEWEST_OF_EACH = 10
"""Leavers, and stayers, that a slice must have for an AUC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Customers who share an attribute.

    Parameters
    ----------
    attribute, level : what they share, such as ``region`` and ``north``.
    n, n_churned : how many, and how many of them left.
    promised : mean probability.
    came : share that churned.
    gap : promised less came; above zero they are held for likelier to leave than they are.
    auc : how well they are ranked among themselves; NaN where leavers or stayers are few.
    selected : share of them on a list of the usual length.
    found : share of their leavers that is on it; NaN where nobody left.
    auc_difference, selected_difference, found_difference : theirs less that of all customers.
    """

    attribute: str
    level: str
    n: int
    n_churned: int
    promised: float
    came: float
    gap: Estimate
    auc: Estimate
    selected: Estimate
    found: Estimate
    auc_difference: float
    selected_difference: float
    found_difference: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Slices of one attribute that are too small to be measured, or too many.

    Parameters
    ----------
    attribute : what they differ in.
    levels : how many slices.
    n : customers in all of them.
    """

    attribute: str
    levels: int
    n: int


def value_tiers(value: FloatArray) -> NDArray[np.str_]:
    """Return thirds of the customers whose value is known; equal values are in one tier.

    Parameters
    ----------
    value : margin at stake, currency, NaN where it is not known, shape (n,).

    Examples
    --------
    >>> value_tiers(np.array([1.0, 5.0, 9.0, np.nan])).tolist()
    ['low', 'middle', 'high', 'unknown']
    """
    known = ~np.isnan(value)
    if not known.any():
        return np.full(len(value), UNKNOWN)
    limits = np.quantile(value[known], [1 / 3, 2 / 3])
    tiers = np.array(TIERS)[np.searchsorted(limits, value[known])]
    labels = np.full(len(value), UNKNOWN, dtype=f"U{max(map(len, (*TIERS, UNKNOWN)))}")
    labels[known] = tiers
    return labels


def selected_first(score: FloatArray, share: float) -> FloatArray:
    """Return for each customer whether they are among the first, in [0, 1].

    Customers who tie at the border count in proportion.

    Parameters
    ----------
    score : higher is contacted first, shape (n,).
    share : of all customers, in (0, 1].

    Examples
    --------
    >>> selected_first(np.array([0.9, 0.5, 0.5, 0.1]), 0.5)
    array([1. , 0.5, 0.5, 0. ])
    """
    size = max(1.0, share * len(score))
    border = np.sort(score)[::-1][min(len(score), int(np.ceil(size))) - 1]
    above, tied = score > border, score == border
    return np.where(above, 1.0, np.where(tied, (size - above.sum()) / tied.sum(), 0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sliced:
    """Customers cut into slices, to be measured on resamples.

    Parameters
    ----------
    judged : the customers.
    selected : who is on a list of the usual length, shape (n,).
    members : of each slice that is large enough, by attribute and level.
    left_out : the others.
    missing : attributes that were asked for and are not there.
    """

    judged: Judged
    selected: FloatArray
    members: Mapping[Named, NDArray[np.int64]]
    left_out: tuple[LeftOut, ...]
    missing: tuple[str, ...]

    @classmethod
    def of(
        cls, judged: Judged, *, capacity: float, wanted: Sequence[str] | None, smallest: int
    ) -> Sliced:
        """Cut customers by the attributes that are there.

        Parameters
        ----------
        judged : the customers.
        capacity : share of customers on a list of the usual length, in (0, 1].
        wanted : by which attributes; None for all.
        smallest : slices of fewer customers are left out.
        """
        attributes = dict(judged.attributes)
        if not np.isnan(judged.value).all():
            attributes = {VALUE_TIER: value_tiers(judged.value), **attributes}
        members: dict[Named, NDArray[np.int64]] = {}
        left_out: list[LeftOut] = []
        for name, labels in attributes.items():
            if wanted is not None and name not in wanted:
                continue
            levels = dict(_levels(name, labels))
            if len(levels) < 2:
                continue
            large = {level: who for level, who in levels.items() if len(who) >= smallest}
            shown = dict(list(large.items())[:MOST_LEVELS])
            members |= {(name, level): who for level, who in shown.items()}
            others = [len(who) for level, who in levels.items() if level not in shown]
            if others:
                left_out.append(LeftOut(attribute=name, levels=len(others), n=sum(others)))
        return cls(
            judged=judged,
            selected=selected_first(judged.p_churn, capacity),
            members=members,
            left_out=tuple(left_out),
            missing=tuple(name for name in wanted or () if name not in attributes),
        )

    def measure(self, counts: FloatArray) -> dict[str, FloatArray]:
        """Measure every slice on resamples of all customers.

        Parameters
        ----------
        counts : how often each customer was drawn, shape (resamples, n).
        """
        found: dict[str, FloatArray] = {}
        for name, who in self.members.items():
            churned, promised = self.judged.churned[who], self.judged.p_churn[who]
            drawn = np.take(counts, who, axis=1)
            left = drawn @ churned
            n_left = int(churned.sum())
            has_both = min(n_left, len(who) - n_left) >= FEWEST_OF_EACH
            found |= {
                _key(name, "gap"): mean_of(promised - churned, drawn),
                _key(name, "selected"): mean_of(self.selected[who], drawn),
                _key(name, "found"): np.divide(
                    drawn @ (churned * self.selected[who]),
                    left,
                    out=np.full_like(left, np.nan),
                    where=left > 0,
                ),
                _key(name, "auc"): auc_of(Ranking.of(churned, promised).tally(drawn))
                if has_both
                else np.full_like(left, np.nan),
            }
        return found

    def slices(self, measured: Mapping[str, Estimate], *, auc: float) -> Iterator[Slice]:
        """Yield what was measured of each slice.

        Parameters
        ----------
        measured : what :meth:`measure` gives, with intervals.
        auc : of all customers.
        """
        churned, promised = self.judged.churned, self.judged.p_churn
        found_of_all = float((churned * self.selected).sum() / churned.sum())
        for name, who in self.members.items():
            of_these = {
                each: measured[_key(name, each)] for each in ("gap", "auc", "selected", "found")
            }
            yield Slice(
                attribute=name[0],
                level=name[1],
                n=len(who),
                n_churned=int(churned[who].sum()),
                promised=float(promised[who].mean()),
                came=float(churned[who].mean()),
                **of_these,
                auc_difference=of_these["auc"].value - auc,
                selected_difference=of_these["selected"].value - float(self.selected.mean()),
                found_difference=of_these["found"].value - found_of_all,
            )


def _key(name: Named, measure: str) -> str:
    return "\x1f".join((*name, measure))


def _levels(name: str, labels: NDArray[np.str_]) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Yield the customers of each level: tiers in their order, others the largest first."""
    found, place, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    order = np.argsort(-sizes, kind="stable").tolist()
    if name == VALUE_TIER:
        order.sort(key=lambda each: ((*TIERS, UNKNOWN)).index(str(found[each])))
    for each in order:
        yield str(found[each]), np.flatnonzero(place == each)
