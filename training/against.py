"""A challenger beside the champion on the same customers, of then and of now.

Measured on those whose outcomes are known; counted by risk band for those who live now. Computed in
training, where both models and the customers are at hand. What comes of it is shown by
``training.pages.compare_page``; whether a challenger may serve is asked by the gate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from ebbtide.clock import day_in_words
from training.evaluation.bootstrap import Estimate
from training.evaluation.paired import paired_differences
from training.gate.case import trained_as_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ebbtide.bundle.contents import Bundle
    from ebbtide.evaluation_settings import EvaluationSettings
    from ebbtide.policy.policy import Bands
    from ebbtide.scorer.scores import FloatArray
    from training.evaluation.judged import Judged
    from training.snapshots import Snapshot
    from training.train import Trained

Knew = Literal["nothing", "part", "all"]
"""What a champion knew of the outcomes: nothing; some of the same time; these very ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """Customers who live now, by the risk band of either model; counts only.

    Parameters
    ----------
    n : how many.
    mean_before, mean_after : mean probability by the champion, and by the challenger.
    by_band : rows are the champion's bands, columns the challenger's, both low, medium, high.
    listed : length of the contact list.
    on_both : how many would be on the lists of both.
    """

    n: int
    mean_before: float
    mean_after: float
    by_band: tuple[tuple[int, ...], ...]
    listed: int
    on_both: int

    @property
    def rises(self) -> int:
        """How many move to a higher band."""
        return sum(self.by_band[a][b] for a in range(3) for b in range(3) if b > a)

    @property
    def falls(self) -> int:
        """How many move to a lower band."""
        return sum(self.by_band[a][b] for a in range(3) for b in range(3) if b < a)


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """What a challenger and a champion said of the same customers.

    Parameters
    ----------
    champion : version of its bundle.
    day : of the period that both are measured at; empty where they are not.
    n, n_churned : customers then, and how many of them left.
    knew : what the champion knew of their outcomes.
    differences : measures of the challenger less those of the champion; empty where they are not
        compared.
    moves : of the customers who live now; None where they are not compared.
    why_not : what stands in the way of a comparison; empty for nothing.
    """

    champion: str
    day: str = ""
    n: int = 0
    n_churned: int = 0
    knew: Knew = "nothing"
    differences: Mapping[str, Estimate]
    moves: Moves | None = None
    why_not: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return plain data; :meth:`from_json` reads it back."""
        moves = self.moves
        return {
            "champion": self.champion,
            "day": self.day,
            "n": self.n,
            "n_churned": self.n_churned,
            "knew": self.knew,
            "differences": {
                name: {"value": each.value, "low": each.low, "high": each.high}
                for name, each in self.differences.items()
            },
            "moves": None
            if moves is None
            else {
                "n": moves.n,
                "mean_before": moves.mean_before,
                "mean_after": moves.mean_after,
                "by_band": [list(row) for row in moves.by_band],
                "listed": moves.listed,
                "on_both": moves.on_both,
            },
            "why_not": self.why_not,
        }

    @classmethod
    def from_json(cls, read: Mapping[str, Any]) -> Against:
        """Make it from what :meth:`to_json` wrote.

        Raises
        ------
        KeyError, TypeError, ValueError
            If there is another thing in it.
        """
        if read["knew"] not in get_args(Knew):
            raise ValueError(f"expected one of {get_args(Knew)}, got {read['knew']!r}")
        moves = read["moves"]
        return cls(
            **{
                **read,
                "differences": {
                    name: Estimate(**each) for name, each in read["differences"].items()
                },
                "moves": None
                if moves is None
                else Moves(**{**moves, "by_band": tuple(map(tuple, moves["by_band"]))}),
            }
        )


def against_champion(
    trained: Trained,
    champion: Bundle,
    *,
    definition_code: str,
    settings: EvaluationSettings,
    bands: Bands | None,
    seed: int,
) -> Against:
    """Compare the best candidate of a training with the champion.

    Parameters
    ----------
    trained : the training.
    champion : the bundle that serves.
    definition_code : what the candidate calls churn.
    settings : resamples, and length of the contact list.
    bands : thresholds of the risk bands; None to compare no bands.
    seed : of the resamples.
    """
    why_not = _why_not(trained, champion, definition_code)
    if why_not:
        return Against(champion=champion.version, differences={}, why_not=why_not)
    names = [feature.name for feature in trained.features]
    columns = [names.index(feature.name) for feature in champion.scorer.features]
    moves = None
    if bands is not None:
        rows = trained.newest.rows
        moves = moves_between(
            champion.scorer.p_churn(rows[:, columns]),
            trained.scorer(trained.best).p_churn(rows),
            bands=bands,
            capacity=settings.capacity_of(len(rows)),
        )
    judged = trained.best.judged[0]
    scored = _snapshot_of(judged, trained.snapshots)
    if scored is None:
        undated = "Without dates the champion may have learned from these very rows."
        return Against(champion=champion.version, differences={}, moves=moves, why_not=undated)
    knew = _knew(champion, judged)
    assert judged.as_of is not None, "a snapshot was found by a date that is not there"
    return Against(
        champion=champion.version,
        day=day_in_words(judged.as_of, time_zone=champion.definition.time_zone),
        n=len(judged.churned),
        n_churned=int(judged.churned.sum()),
        knew=knew,
        differences={}
        if knew == "all"
        else paired_differences(
            judged.churned,
            judged.p_churn,
            champion.scorer.p_churn(scored.rows[:, columns]),
            resamples=settings.resamples,
            seed=seed,
        ),
        moves=moves,
    )


def moves_between(before: FloatArray, after: FloatArray, *, bands: Bands, capacity: float) -> Moves:
    """Count who changes risk band, and who stays on the contact list.

    Parameters
    ----------
    before : probabilities of the champion, shape (n,).
    after : probabilities of the challenger, of the same customers, shape (n,).
    bands : thresholds.
    capacity : share of customers on the contact list, in (0, 1].

    Examples
    --------
    >>> from ebbtide.policy.policy import Bands
    >>> found = moves_between(
    ...     np.array([0.1, 0.5, 0.9]),
    ...     np.array([0.1, 0.7, 0.9]),
    ...     bands=Bands(high=0.6, medium=0.3),
    ...     capacity=0.34,
    ... )
    >>> found.by_band, found.on_both
    (((1, 0, 0), (0, 0, 1), (0, 0, 1)), 1)
    """
    limits = [bands.medium, bands.high]
    pairs = np.zeros((3, 3), dtype=np.int64)
    places = [np.searchsorted(limits, p_churn, side="right") for p_churn in (before, after)]
    np.add.at(pairs, tuple(places), 1)
    listed = max(1, int(capacity * len(after)))
    tops = [set(np.argsort(-each, kind="stable")[:listed].tolist()) for each in (before, after)]
    return Moves(
        n=len(after),
        mean_before=float(before.mean()),
        mean_after=float(after.mean()),
        by_band=tuple(tuple(row) for row in pairs.tolist()),
        listed=listed,
        on_both=len(tops[0] & tops[1]),
    )


def _why_not(trained: Trained, champion: Bundle, definition_code: str) -> str:
    if champion.definition.code != definition_code:
        return "Churn means another thing for the champion."
    now = {feature.name: feature.contract for feature in trained.features}
    changed = [
        feature.name
        for feature in champion.scorer.features
        if feature.name not in now
        or (feature.is_categorical and feature.learned != now[feature.name].learned)
    ]
    if changed:
        return (
            f"The champion reads {len(changed)} fact(s) that the challenger's tables no longer "
            f"give in the same way, {changed[0]} among them."
        )
    return ""


def _snapshot_of(judged: Judged, snapshots: Sequence[Snapshot]) -> Snapshot | None:
    """Return the snapshot whose customers were judged; None where rows have no dates."""
    if judged.as_of is None:
        return None
    return next((taken for taken in snapshots if taken.as_of == judged.as_of), None)


def _knew(champion: Bundle, judged: Judged) -> Knew:
    """Return what the champion had learned of the outcomes that came after a snapshot."""
    trained = trained_as_of(champion)
    assert judged.as_of is not None, "an undated period was asked for its time"
    if trained is not None and trained <= judged.as_of:
        return "nothing"
    learned = champion.manifest["lineage"]["snapshots"]
    if trained is None or judged.as_of.isoformat() in learned:
        return "all"
    return "part"
