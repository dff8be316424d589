"""Which definition to choose, by a rule that is written down, and what would change the choice.

The rule: the shortest horizon, at the gap and the population that the project has, of which

1. goodbyes last: of those newly called churned, at most a given share buys soon after the window,
   within a follow-up that is as long for every horizon;
2. there is enough to learn from: so many leavers and stayers in every test snapshot.

Shorter is better once these hold, because the truth about a prediction is known sooner. Whether a
model then ranks later customers better than the best simple rule is said too, and who should do the
ranking follows from it; a definition is not chosen for being easy to model. The gap is not chosen
from data: it is the time that the company needs to act.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.definition import ChurnDefinition
    from training.definition_lab.flips import LabelMeasures
    from training.definition_lab.study import Studied

VerdictKind = Literal["recommended", "rule_only", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the rule asks of a definition.

    Parameters
    ----------
    max_false_goodbyes : largest share of the newly churned that may buy within the follow-up.
    follow_up_days : for how long after the window a return makes a goodbye false.
    min_of_each : leavers, and stayers, that the smallest test snapshot must have. With a hundred
        of each an AUC of 0.75 is known to about 0.07 either way.

    References
    ----------
    J. A. Hanley, B. J. McNeil, The meaning and use of the area under a receiver operating
    characteristic (ROC) curve, Radiology 143 (1982), 29-36, for the error of an AUC.
    """

    max_false_goodbyes: float = 0.2
    follow_up_days: int = 90
    min_of_each: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A horizon against the two demands, and a model against the rules, with what was found."""

    horizon_days: int
    lasts: bool
    enough: bool
    beats_rule: bool
    misses_narrowly: bool
    found: tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """What the lab advises.

    Parameters
    ----------
    verdict : ``recommended``; ``rule_only`` where a simple rule ranks as well as a model; ``none``
        where no definition fits.
    definition : what is advised; None with ``none``.
    judged : every horizon against the demands.
    why : the evidence, in sentences.
    would_change : what would change the advice, in sentences.
    """

    verdict: VerdictKind
    definition: ChurnDefinition | None
    judged: tuple[Judged, ...]
    why: tuple[str, ...]
    would_change: tuple[str, ...]

    @property
    def churn_lines(self) -> str:
        """What to write into the project file; empty without a recommendation."""
        if self.definition is None:
            return ""
        return (
            f'[churn]\nkind = "{self.definition.kind}"\n'
            f"horizon_days = {self.definition.horizon_days}\n"
            f"gap_days = {self.definition.gap_days}\n"
            f"active_within_days = {self.definition.active_within_days}\n"
        )

    @property
    def headline(self) -> str:
        """The advice in one sentence."""
        if self.definition is None:
            return "This log bears no definition of churn that keeps the limits."
        days = self.definition.horizon_days
        if self.verdict == "rule_only":
            return (
                f"Call a customer churned after {days} days without a purchase, and rank by a "
                f"simple rule: no quick model did better."
            )
        return f"Call a customer churned after {days} days without a purchase."


def recommend(
    studied: Sequence[Studied],
    *,
    present: ChurnDefinition,
    limits: Limits,
    left_out: Sequence[str] = (),
) -> Recommendation:
    """Apply the rule.

    Parameters
    ----------
    studied : every definition of the grid with its measures.
    present : the project's own; its gap and population are kept.
    limits : the demands.
    left_out : what the log was too short for, in sentences.
    """
    at_gap = [each for each in studied if each.labels.gap_days == present.gap_days]
    at_gap.sort(key=lambda each: each.labels.horizon_days)
    judged = tuple(_judge(each, limits) for each in at_gap)
    fit = [each for each in judged if each.lasts and each.enough]
    if not fit:
        return Recommendation(
            verdict="none",
            definition=None,
            judged=judged,
            why=_why_none(at_gap, judged, limits),
            would_change=_longer_log(left_out),
        )
    chosen = fit[0]
    of = {each.labels.horizon_days: each for each in at_gap}
    return Recommendation(
        verdict="recommended" if chosen.beats_rule else "rule_only",
        definition=replace(present, horizon_days=chosen.horizon_days),
        judged=judged,
        why=_why(of[chosen.horizon_days], chosen, judged, present=present, limits=limits),
        would_change=(
            *_other_limits(chosen, judged, of),
            *_where_models_win(chosen, judged),
            *_other_gaps(of[chosen.horizon_days], studied),
            *_longer_log(left_out),
        ),
    )


def _judge(each: Studied, limits: Limits) -> Judged:
    labels, quality = each.labels, each.quality
    share = labels.false_news_share
    lasting = (
        "nobody churned newly, so no goodbye could be false"
        if share is None
        else f"{share:.1%} ({labels.false_news_low:.1%} to {labels.false_news_high:.1%}) of the "
        f"newly churned bought in the {limits.follow_up_days} days after the window "
        f"(limit {limits.max_false_goodbyes:.0%})"
    )
    lasts = share is not None and share <= limits.max_false_goodbyes
    low = labels.false_news_low
    narrowly = not lasts and low is not None and low <= limits.max_false_goodbyes
    if quality is None:
        return Judged(
            horizon_days=labels.horizon_days,
            lasts=lasts,
            enough=False,
            beats_rule=False,
            misses_narrowly=narrowly,
            found=(lasting, each.no_quality, "no model could be tested"),
        )
    return Judged(
        horizon_days=labels.horizon_days,
        lasts=lasts,
        enough=min(quality.leavers, quality.stayers) >= limits.min_of_each,
        beats_rule=quality.gain.mean > 0,
        misses_narrowly=narrowly,
        found=(
            lasting,
            f"{quality.leavers:,} leavers and {quality.stayers:,} stayers in the smallest test "
            f"snapshot (at least {limits.min_of_each:,} of each)",
            f"AUC {quality.auc.mean:.3f} against {quality.rule_auc:.3f} by "
            f"{quality.rule.replace('_', ' ')}: {quality.gain.mean:+.3f} "
            f"({quality.gain.low:+.3f} to {quality.gain.high:+.3f})",
        ),
    )


def _why(
    chosen: Studied,
    verdict: Judged,
    judged: Sequence[Judged],
    *,
    present: ChurnDefinition,
    limits: Limits,
) -> tuple[str, ...]:
    labels, quality = chosen.labels, chosen.quality
    lines = [f"Goodbyes last: {verdict.found[0]}."]
    if (high := labels.false_news_high) is not None and high > limits.max_false_goodbyes:
        lines.append("That is close to the limit: its interval reaches beyond it.")
    shorter = [other for other in judged if other.horizon_days < verdict.horizon_days]
    if shorter:
        lines.append(f"Not {shorter[-1].horizon_days} days: {_first_failing(shorter[-1])}.")
        if shorter[-1].misses_narrowly:
            lines.append("That was close: its interval holds the limit.")
    lines.append(f"Enough to learn from: {verdict.found[1]}.")
    better = "A model beats the best rule" if verdict.beats_rule else "No model beats the best rule"
    lines.append(f"{better}: {verdict.found[2]}.")
    if quality is not None and verdict.beats_rule and quality.gain.low <= 0:
        lines.append("The gain may be chance: its interval includes zero.")
    lines.append(
        f"Between snapshots {labels.churned_low:.0%} to {labels.churned_high:.0%} churn: the level "
        f"moves, so probabilities need calibration on a late period."
    )
    lines.append(f"A prediction can be checked after {labels.days_until_known} days.")
    if present.horizon_days == labels.horizon_days:
        lines.append("It is what the project file says already.")
    elif labels.flips_from_present is not None:
        lines.append(
            f"{labels.flips_from_present:.1%} of the labels differ from the {present.horizon_days} "
            f"days of the project file."
        )
    return tuple(lines)


def _first_failing(judged: Judged) -> str:
    return judged.found[0] if not judged.lasts else judged.found[1]


def _why_none(
    at_gap: Sequence[Studied], judged: Sequence[Judged], limits: Limits
) -> tuple[str, ...]:
    lines = [f"{each.horizon_days} days: {_first_failing(each).rstrip('.')}." for each in judged]
    if not any(each.lasts for each in judged):
        lines.append(
            f"Missing: a horizon whose goodbyes last. Customers of this log stay away for longer "
            f"than {max(each.labels.horizon_days for each in at_gap)} days and return; bring more "
            f"history so that longer horizons can be judged, or accept more than "
            f"{limits.max_false_goodbyes:.0%} with --max-false-goodbyes."
        )
    else:
        lines.append(
            f"Missing: at least {limits.min_of_each:,} leavers and as many stayers in a test "
            f"snapshot, with an earlier one to learn from. Bring more customers or more history."
        )
    return tuple(lines)


def _other_limits(
    chosen: Judged, judged: Sequence[Judged], of: dict[int, Studied]
) -> tuple[str, ...]:
    share = {days: each.labels.false_news_share for days, each in of.items()}
    here = share[chosen.horizon_days]
    lines = []
    shorter = [each for each in judged if each.horizon_days < chosen.horizon_days and each.enough]
    for each in shorter[-1:]:
        if (limit := share[each.horizon_days]) is not None:
            lines.append(
                f"{each.horizon_days} days, if {math.ceil(limit * 1000) / 1000:.1%} of false "
                f"goodbyes are acceptable."
            )
    longer = [
        each
        for each in judged
        if each.horizon_days > chosen.horizon_days
        and each.enough
        and (found := share[each.horizon_days]) is not None
        and here is not None
        and found < here
    ]
    if here is not None:
        other = f"{longer[0].horizon_days} days" if longer else "nothing that this log can show"
        lines.append(f"{other[0].upper()}{other[1:]}, if less than {here:.1%} is acceptable.")
    return tuple(lines)


def _where_models_win(chosen: Judged, judged: Sequence[Judged]) -> tuple[str, ...]:
    better = [each for each in judged if each.lasts and each.enough and each.beats_rule]
    if chosen.beats_rule or not better:
        return ()
    return (
        f"{better[0].horizon_days} days, if the ranking is to be a model's: there one did better "
        f"than every rule. More kinds of events may do the same for {chosen.horizon_days} days.",
    )


def _other_gaps(chosen: Studied, studied: Sequence[Studied]) -> tuple[str, ...]:
    return tuple(
        f"gap_days = {each.labels.gap_days}, if acting takes that long: the truth is known after "
        f"{each.labels.days_until_known} days instead of {chosen.labels.days_until_known}; AUC "
        f"{each.quality.auc.mean:.3f} and {chosen.quality.auc.mean:.3f}, on test dates that differ."
        for each in studied
        if each.labels.horizon_days == chosen.labels.horizon_days
        and each.labels.gap_days != chosen.labels.gap_days
        and each.quality is not None
        and chosen.quality is not None
    )


def _longer_log(left_out: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"More history: {line}." for line in left_out if line.startswith("horizon"))


def covering(populations: Sequence[LabelMeasures], *, share: float = 0.95) -> LabelMeasures | None:
    """Return the shortest ``active_within`` whose population holds most of those who come back.

    Parameters
    ----------
    populations : one horizon and gap with several ``active_within``.
    share : of the returning customers that it must hold.
    """
    enough = [
        each
        for each in populations
        if each.returners_covered is not None and each.returners_covered >= share
    ]
    return min(enough, key=lambda each: each.active_within_days, default=None)
