"""What each definition says of the same customers: churn shares, flips, and false goodbyes.

Labels come from matured windows only. Adding purchases after a window changes no label in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from training.definition_lab.purchase_days import FOR_EVER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.definition import ChurnDefinition
    from training.definition_lab.purchase_days import BoolArray, Days, PurchaseDays


Tally = NDArray[np.uint16]

_Z_95 = 1.959963984540054


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """What a definition says at one instant.

    Parameters
    ----------
    alive : who is in the population, over all customers of the log, shape (m,).
    churned : who of all is silent over the whole window; means something where ``alive``.
    is_news : who of all bought in so many days before the instant as the horizon has; the others
        were silent for a horizon already, and an earlier snapshot said goodbye to them.
    back_after_days : for the churned the days from the end of the window to their next purchase,
        beyond every count where none was seen, shape (m,). Only what lies within the log is known.
    """

    alive: BoolArray
    churned: BoolArray
    is_news: BoolArray
    back_after_days: Days


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelMeasures:
    """How a definition labels a company's customers.

    Parameters
    ----------
    horizon_days, gap_days, active_within_days : the definition.
    instants : how many snapshots it was measured on, the same for every definition.
    customers : mean population of a snapshot.
    leavers : mean number of churned customers of a snapshot.
    churned_share : churned over population, all snapshots together, in [0, 1].
    churned_low, churned_high : smallest and largest share of one snapshot.
    false_goodbye_share : of those called churned, the share that bought within the follow-up after
        the window; the follow-up is as long for every horizon, so that shares can be compared.
        None if nobody churned.
    false_news_share : the same among the churned who had bought within a horizon before the
        snapshot, so that each goodbye is counted when it is news. The long lost, of whom every
        definition is right, do not flatter it.
    false_news_low, false_news_high : its central 95 % interval; the snapshots of one customer are
        taken together.
    false_goodbye_instants : snapshots whose follow-up has passed for every definition.
    back_within_another_horizon : the same within another horizon: longer for longer horizons, so
        it need not fall. None while no second window has passed.
    flips_from_present : share of customers, alive by both, whose label differs from that of the
        project's definition; None if that needs a longer log.
    flips_from_longer : the same against the next longer horizon; None for the longest.
    returners_covered : of the earlier customers who bought within the window, the share that was
        in the population.
    days_until_known : gap and horizon: how long it takes until a prediction can be checked.
    """

    horizon_days: int
    gap_days: int
    active_within_days: int
    instants: int
    customers: float
    leavers: float
    churned_share: float
    churned_low: float
    churned_high: float
    false_goodbye_share: float | None
    false_news_share: float | None
    false_news_low: float | None
    false_news_high: float | None
    false_goodbye_instants: int
    back_within_another_horizon: float | None
    flips_from_present: float | None
    flips_from_longer: float | None
    returners_covered: float | None
    days_until_known: int


def labels_at(log: PurchaseDays, as_of_day: int, definition: ChurnDefinition) -> Labels:
    """Label every customer of a log at one matured instant.

    Parameters
    ----------
    log : the purchase days; the outcome window must lie within it.
    as_of_day : civil day with whose midnight the snapshot is taken.
    definition : what counts as churn.

    Examples
    --------
    >>> from ebbtide.definition import ChurnDefinition
    >>> from training.definition_lab.purchase_days import of_one_customer
    >>> month = ChurnDefinition(horizon_days=30, gap_days=0, active_within_days=90)
    >>> labels = labels_at(of_one_customer([0, 50], ends_on=100), 10, month)
    >>> labels.churned.tolist(), labels.back_after_days.tolist()
    ([True], [10])
    """
    return _labels(
        definition,
        as_of_day=as_of_day,
        last=log.last_day_before(as_of_day),
        silence=log.silence_from(as_of_day + definition.gap_days),
        ends_on=log.ends_on,
    )


def _labels(
    definition: ChurnDefinition, *, as_of_day: int, last: Days, silence: Days, ends_on: int
) -> Labels:
    horizon = definition.horizon_days
    ends = as_of_day + definition.gap_days + horizon
    assert ends <= ends_on, "a label was asked of a window that has not matured"
    churned = silence >= horizon
    return Labels(
        alive=last >= as_of_day - definition.active_within_days,
        churned=churned,
        is_news=last >= as_of_day - horizon,
        back_after_days=np.where(churned, silence - horizon, FOR_EVER),
    )


@dataclass(slots=True)
class _Counts:
    """What is added up over the snapshots for one definition; private to this module."""

    sizes: list[int] = field(default_factory=list)
    leavers: list[int] = field(default_factory=list)
    false_goodbyes: int = 0
    goodbyes_followed: int = 0
    false_news: Tally | None = None
    news_followed: Tally | None = None
    instants_followed: int = 0
    goodbyes_twice_followed: int = 0
    back_within_another_horizon: int = 0
    flips: dict[str, list[int]] = field(default_factory=lambda: {"present": [], "longer": []})
    shared: dict[str, list[int]] = field(default_factory=lambda: {"present": [], "longer": []})
    returned: int = 0
    returned_alive: int = 0


def measure_labels(
    log: PurchaseDays,
    definitions: Sequence[ChurnDefinition],
    *,
    present: ChurnDefinition,
    as_of_days: Sequence[int],
    follow_up_days: int,
) -> tuple[LabelMeasures, ...]:
    """Measure what definitions say over the same instants.

    Parameters
    ----------
    log : the purchase days.
    definitions : those to be measured.
    present : the project's own; its windows too must lie within the log to be compared with.
    as_of_days : the snapshots; the windows of all definitions must lie within the log.
    follow_up_days : for how long after the window a return makes a goodbye false.
    """
    latest = max(each.gap_days + each.horizon_days for each in definitions) + follow_up_days
    counts = {definition: _Counts() for definition in definitions}
    longer = {definition: _next_longer(definition, definitions) for definition in definitions}
    for day in as_of_days:
        last = log.last_day_before(day)
        gaps = {definition.gap_days for definition in (*definitions, present)}
        silences = {gap: log.silence_from(day + gap) for gap in gaps}
        said = {
            definition: _labels(
                definition,
                as_of_day=day,
                last=last,
                silence=silences[definition.gap_days],
                ends_on=log.ends_on,
            )
            for definition in {*definitions, present}
            if day + definition.gap_days + definition.horizon_days <= log.ends_on
        }
        for definition in definitions:
            ours = said[definition]
            _count(counts[definition], ours, earlier=last > -FOR_EVER)
            if day + latest <= log.ends_on:
                _count_false_goodbyes(counts[definition], ours, follow_up_days)
            if day + definition.gap_days + 2 * definition.horizon_days <= log.ends_on:
                _count_back_again(counts[definition], ours, definition.horizon_days)
            _count_flips(counts[definition], "present", ours, said.get(present))
            beside = longer[definition]
            _count_flips(
                counts[definition], "longer", ours, None if beside is None else said[beside]
            )
    return tuple(_measures(definition, counts[definition]) for definition in definitions)


def _next_longer(
    definition: ChurnDefinition, definitions: Sequence[ChurnDefinition]
) -> ChurnDefinition | None:
    longer = [
        other
        for other in definitions
        if other.horizon_days > definition.horizon_days
        and replace(other, horizon_days=definition.horizon_days) == definition
    ]
    return min(longer, key=lambda other: other.horizon_days, default=None)


def _count(counts: _Counts, labels: Labels, *, earlier: BoolArray) -> None:
    left = labels.alive & labels.churned
    back = earlier & ~labels.churned
    counts.sizes.append(int(labels.alive.sum()))
    counts.leavers.append(int(left.sum()))
    counts.returned += int(back.sum())
    counts.returned_alive += int((back & labels.alive).sum())


def _count_false_goodbyes(counts: _Counts, labels: Labels, follow_up_days: int) -> None:
    left = labels.alive & labels.churned
    counts.instants_followed += 1
    counts.goodbyes_followed += int(left.sum())
    back = left & (labels.back_after_days < follow_up_days)
    counts.false_goodbyes += int(back.sum())
    news = left & labels.is_news
    counts.news_followed = _added(counts.news_followed, news)
    counts.false_news = _added(counts.false_news, news & back)


def _added(tally: Tally | None, who: BoolArray) -> Tally:
    """Count by customer, so that the interval can take a customer's snapshots together."""
    return who.astype(np.uint16) if tally is None else tally + who


def _count_back_again(counts: _Counts, labels: Labels, horizon_days: int) -> None:
    left = labels.alive & labels.churned
    counts.goodbyes_twice_followed += int(left.sum())
    counts.back_within_another_horizon += int(
        (left & (labels.back_after_days < horizon_days)).sum()
    )


def _count_flips(counts: _Counts, against: str, ours: Labels, theirs: Labels | None) -> None:
    if theirs is None:
        return
    both = ours.alive & theirs.alive
    counts.flips[against].append(int((both & (ours.churned != theirs.churned)).sum()))
    counts.shared[against].append(int(both.sum()))


def _measures(definition: ChurnDefinition, counts: _Counts) -> LabelMeasures:
    sizes, leavers = np.array(counts.sizes), np.array(counts.leavers)
    shares = leavers / np.maximum(sizes, 1)
    share, low, high = _clustered_share(counts.false_news, counts.news_followed)
    return LabelMeasures(
        horizon_days=definition.horizon_days,
        gap_days=definition.gap_days,
        active_within_days=definition.active_within_days,
        instants=len(sizes),
        customers=float(sizes.mean()),
        leavers=float(leavers.mean()),
        churned_share=_share(int(leavers.sum()), int(sizes.sum())) or 0.0,
        churned_low=float(shares.min()),
        churned_high=float(shares.max()),
        false_goodbye_share=_share(counts.false_goodbyes, counts.goodbyes_followed),
        false_news_share=share,
        false_news_low=low,
        false_news_high=high,
        false_goodbye_instants=counts.instants_followed,
        back_within_another_horizon=_share(
            counts.back_within_another_horizon, counts.goodbyes_twice_followed
        ),
        flips_from_present=_share(sum(counts.flips["present"]), sum(counts.shared["present"])),
        flips_from_longer=_share(sum(counts.flips["longer"]), sum(counts.shared["longer"])),
        returners_covered=_share(counts.returned_alive, counts.returned),
        days_until_known=definition.gap_days + definition.horizon_days,
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _clustered_share(
    part: Tally | None, whole: Tally | None
) -> tuple[float | None, float | None, float | None]:
    """Return a share of counts by customer with its 95 % interval.

    The linearised variance of a ratio of totals, a customer being drawn with all their snapshots:
    W. G. Cochran, Sampling Techniques, 3rd ed. 1977, section 2.11.
    """
    if part is None or whole is None or not whole.any():
        return None, None, None
    total = float(whole.sum())
    share = float(part.sum()) / total
    error = float(np.sqrt(np.sum((part - share * whole) ** 2))) / total
    return share, max(0.0, share - _Z_95 * error), min(1.0, share + _Z_95 * error)
