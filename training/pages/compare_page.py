"""The page that sets a challenger beside the champion, for whoever decides which one serves.

Customers appear as counts only. What is compared comes from ``training.against``, and what speaks
against a promotion from the gate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ebbtide.pages.page import (
    Badge,
    Chart,
    Facts,
    Grid,
    Marks,
    Paragraph,
    Section,
    Verdict,
    render_page,
)
from training.pages import wording
from training.pages.compare_figures import shares_chart
from training.pages.how_good import LEVEL_OF, grade_mark
from training.pages.measure_words import interval, words_of, written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.pages.page import Block, Cell
    from training.against import Against, Knew, Moves
    from training.evaluation.bootstrap import Estimate
    from training.pages.report_input import ReportInput, ShownDriver
    from training.pages.wording import Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRefusal:
    """One reason of the gate against promotion: its code, and the words."""

    code: str
    words: str


KNEW: dict[Knew, str] = {
    "nothing": "The champion knew nothing of what came, either: the comparison is fair.",
    "part": (
        "The champion was trained later than the challenger's twin that is measured here, and had "
        "seen part of that time. That flatters the champion a little."
    ),
    "all": (
        "The champion had learned from the outcomes of these very customers, so that nothing fair "
        "can be said. Compare again when newer outcomes are known."
    ),
}
"""What a reader must know of what the champion knew."""

_SIDE_BY_SIDE = (
    *("auc", "top_decile_lift", "precision_at_capacity", "log_loss", "brier"),
    *("calibration_error", "calibration_slope", "p_churn_mean", "churned_share"),
)


def compare_page(
    champion: ReportInput,
    challenger: ReportInput,
    *,
    against: Against | None,
    refusals: Sequence[ShownRefusal],
) -> str:
    """Return the page as HTML.

    Parameters
    ----------
    champion : the model that serves.
    challenger : the model that wants to.
    against : both on the same customers; None where the challenger was trained beside another
        champion.
    refusals : what the gate has against the challenger now; empty for nothing.
    """
    return render_page(
        title=f"Challenger against champion: {challenger.project}",
        subtitle=(
            f"version {challenger.version} (data up to {_until(challenger)}) "
            f"against version {champion.version} (data up to {_until(champion)})"
        ),
        sections=[
            Section("In short", _short(champion, challenger, against, refusals)),
            Section("On the same customers", _same_customers(against)),
            Section("Each at its own test", _own_tests(champion, challenger)),
            Section("Who would move", _moves(against, challenger)),
            Section("What drives them", _drivers(champion, challenger)),
            Section("What they learned from", _data(champion, challenger)),
        ],
    )


def _until(report: ReportInput) -> str:
    return report.window.trained_as_of or "no date"


def difference_stands(name: str, difference: Estimate) -> Standing:
    """Say whether a challenger is better by a measure, whichever way is better.

    Examples
    --------
    >>> from training.evaluation.bootstrap import Estimate
    >>> difference_stands("log_loss", Estimate(value=-0.02, low=-0.03, high=-0.01))
    'better'
    """
    if words_of(name).better == "lower":
        turned = {"value": -difference.value, "low": -difference.high, "high": -difference.low}
        return wording.standing(type(difference)(**turned))
    return wording.standing(difference)


def _short(
    champion: ReportInput,
    challenger: ReportInput,
    against: Against | None,
    refusals: Sequence[ShownRefusal],
) -> list[Block]:
    blocks: list[Block] = [
        Verdict("good", "The gate has nothing against promoting the challenger.")
        if not refusals
        else Verdict("bad", "The gate would not let the challenger be promoted.")
    ]
    if refusals:
        blocks.append(
            Grid(("refused over", "why, and what to do"), [(r.code, r.words) for r in refusals])
        )
    blocks.append(
        Marks(
            [
                grade_mark(challenger, over=f"Challenger, version {challenger.version}"),
                grade_mark(champion, over=f"Champion, version {champion.version}"),
            ]
        )
    )
    if against is not None and "auc" in against.differences:
        blocks.append(Paragraph(_in_a_sentence(against)))
    return blocks


def _in_a_sentence(against: Against) -> str:
    difference = against.differences["auc"]
    said = {
        "better": "ranks the same customers better",
        "unclear": "ranks the same customers neither clearly better nor clearly worse",
        "worse": "ranks the same customers worse",
    }[wording.standing(difference)]
    return (
        f"The challenger {said} than the champion: AUC {wording.signed(difference.value, '+.4f')} "
        f"({wording.signed_interval(difference, '+.4f')})."
    )


def _same_customers(against: Against | None) -> list[Block]:
    if against is None:
        return [
            Paragraph(
                "The challenger was trained beside another champion, or none, so that they were "
                "not measured on the same customers. Train again to compare them."
            )
        ]
    if not against.differences:
        return [Paragraph(against.why_not or KNEW[against.knew])]
    rows = []
    for name, difference in against.differences.items():
        style = "+.2f" if name == "top_decile_lift" else "+.4f"
        stands = difference_stands(name, difference)
        rows.append(
            (
                words_of(name).name,
                words_of(name).better,
                wording.signed(difference.value, style),
                wording.signed_interval(difference, style),
                Badge(level=LEVEL_OF[stands], text=_VERDICTS[stands]),
            )
        )
    return [
        Paragraph(
            f"{against.n:,} customers who lived on {against.day}, of whom {against.n_churned:,} "
            f"left. {KNEW[against.knew]}"
        ),
        Grid(
            ("measure", "better is", "challenger less champion", "95% interval", "verdict"),
            rows,
            "Paired: both are measured on the same customers, who are drawn again and again. A "
            "verdict is given where the whole interval lies on one side of zero.",
        ),
    ]


_VERDICTS: dict[Standing, str] = {
    "better": "challenger",
    "unclear": "too close to call",
    "worse": "champion",
}


def _own_tests(champion: ReportInput, challenger: ReportInput) -> list[Block]:
    is_same = champion.day == challenger.day and bool(champion.day)
    note = (
        f"Both were tested on customers of {champion.day}, each by the data of its own training."
        if is_same
        else (
            f"The champion was tested on customers of {champion.day or 'no date'}, the challenger "
            f"on those of {challenger.day or 'no date'}. What differs may be the season as much as "
            f"the model: only the section above compares like with like."
        )
    )
    sides = (champion.evaluation, challenger.evaluation)
    rows: list[Sequence[Cell]] = [
        ("customers", *(f"{each.n:,}" for each in sides)),
        *(
            (
                words_of(name).name,
                *(_with_interval(name, each.measures[name]) for each in sides),
            )
            for name in _SIDE_BY_SIDE
        ),
        (
            "AUC above the best simple rule",
            *(
                wording.signed(each.difference.value) if each.difference is not None else "–"
                for each in sides
            ),
        ),
    ]
    columns = ("measure", f"champion, version {champion.version}",
               f"challenger, version {challenger.version}")  # fmt: skip
    return [Paragraph(note), Grid(columns, rows)]


def _with_interval(name: str, of: Estimate) -> str:
    within = interval(name, of)
    return written(name, of.value) + ("" if within == "–" else f" ({within})")


def _moves(against: Against | None, challenger: ReportInput) -> list[Block]:
    moves = None if against is None else against.moves
    if moves is None:
        return [Paragraph("Risk bands were not compared.")]
    share = moves.on_both / moves.listed
    facts: list[tuple[str, Cell, str]] = [
        ("to a higher risk band", moves.rises, f"of {moves.n:,} customers who live now"),
        ("to a lower risk band", moves.falls, "the others stay in theirs"),
        (
            "stay on the contact list",
            f"{share:.0%}",
            f"{moves.on_both:,} of the {moves.listed:,} at highest risk",
        ),
        ("mean risk", f"{moves.mean_after:.1%}", f"champion: {moves.mean_before:.1%}"),
    ]
    level = f" What the challenger expects: {challenger.level}" if challenger.level else ""
    return [
        Paragraph(
            "What promoting the challenger would change at once: customers who live now, by the "
            f"risk band that either model puts them in. Bands are those of the policy file.{level}"
        ),
        Facts(facts),
        _band_table(moves),
    ]


def _band_table(moves: Moves) -> Grid:
    names = ("low", "medium", "high")
    return Grid(
        ("champion says", *(f"challenger: {name}" for name in names), "together"),
        [
            (name, *(f"{n:,}" for n in row), f"{sum(row):,}")
            for name, row in zip(names, moves.by_band, strict=True)
        ],
        "Customers whose band stays the same are on the falling diagonal.",
    )


def _drivers(champion: ReportInput, challenger: ReportInput) -> list[Block]:
    before = {each.name for each in champion.drivers.features}
    now = {each.name for each in challenger.drivers.features}
    blocks: list[Block] = [
        Chart(
            shares_chart(_groups(champion), _groups(challenger)),
            "Share of all movement of the scores, by family of facts."
            if challenger.drivers.families
            else "Share of all movement of the scores, of the strongest facts.",
        )
    ]
    for words, names in (
        ("New among the strongest facts", now - before),
        ("No longer among the strongest facts", before - now),
    ):
        if names:
            blocks.append(Paragraph(f"{words}: {'; '.join(sorted(names))}."))
    if now == before:
        blocks.append(Paragraph("The strongest facts are the same."))
    return blocks


def _groups(report: ReportInput) -> Sequence[ShownDriver]:
    """Return families, or facts where those have none."""
    return report.drivers.families or report.drivers.features


def _data(champion: ReportInput, challenger: ReportInput) -> list[Block]:
    said = [
        f"{wording.in_words(each.churn_is)} ({each.definition})" for each in (champion, challenger)
    ]
    churn = (
        f"Churn means the same for both: {said[0]}."
        if said[0] == said[1]
        else f"Churn means for the champion: {said[0]}; for the challenger: {said[1]}."
    )

    def of(report: ReportInput) -> list[tuple[str, Cell]]:
        window = report.window
        span = f"{window.snapshots[0]} to {window.snapshots[-1]}" if window.snapshots else "–"
        return [
            ("kind of model", wording.kind_in_words(report.kind)),
            ("data up to", _until(report)),
            ("snapshots", f"{len(window.snapshots)}"),
            ("from and to", span),
            ("rows", f"{window.rows:,}"),
            ("different customers", f"{window.customers:,}"),
            ("alive at the newest snapshot", f"{window.newest_customers:,}"),
            ("facts about each", f"{window.features}"),
            ("looking back, days", f"{window.lookback_days:,}"),
            ("bundle", report.bundle_version),
        ]

    rows: list[Sequence[Cell]] = [
        (name, before, now)
        for (name, before), (_, now) in zip(of(champion), of(challenger), strict=True)
    ]
    return [Paragraph(churn), Grid(("what", "champion", "challenger"), rows)]
