"""An audit as an HTML page.

What is said stands in ``features.audit.summary``; here it is only laid out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ebbtide.clock import day_in_words
from ebbtide.pages.charts import bar_chart
from ebbtide.pages.page import (
    Badge,
    Chart,
    Facts,
    Grid,
    Paragraph,
    Points,
    Section,
    Verdict,
    render_page,
)
from features.audit.conclusion import conclusions
from features.audit.summary import leaks, not_tried, tried

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ebbtide.pages.page import Block, Cell
    from features.audit.audit import Audit, Movements
    from features.audit.own_table import OwnAudit
    from features.audit.verdicts import ColumnVerdict, Judgement

BADGES: dict[Judgement, Badge] = {
    "leak": Badge(level="bad", text="leak"),
    "suspicious": Badge(level="careful", text="suspicious"),
    "not judged": Badge(level="plain", text="not judged"),
    "clean as far as seen": Badge(level="good", text="clean as far as seen"),
}
SHOWN_PROFILES = 8


def audit_page(audit: Audit) -> str:
    """Return an audit as one HTML page."""
    zone = audit.time_zone
    sections = [
        Section("Can features see the future?", list(_verdict(audit))),
        Section("What was tried", list(_tried(audit.catalogue))),
        Section("What moved", list(_moved(audit.catalogue, time_zone=zone))),
        Section("Your query", list(_query(audit.query, time_zone=zone))),
        Section("Your feature table", list(_own(audit.own, time_zone=zone))),
        Section("What could not be tried", list(_not_tried(audit))),
        Section("How to read this", list(_explained())),
    ]
    instants = ", ".join(day_in_words(at, time_zone=zone) for at in audit.as_of)
    return render_page(
        title=f"Leakage audit: {audit.project}",
        subtitle=f"as of {instants} · seed {audit.seed}",
        sections=[section for section in sections if section.blocks],
    )


def _verdict(audit: Audit) -> Iterator[Block]:
    for one in conclusions(audit):
        yield Verdict(one.level, one.sentence)
    rows = [row for row in tried(audit.catalogue) if row.perturbation.kind != "control"]
    yield Facts(
        [
            (
                "features that respond",
                f"{len(audit.catalogue.responding)} of {len(audit.catalogue.columns)}",
            ),
            ("perturbations tried", sum(any(row.touched.values()) for row in rows)),
            ("rows touched", sum(sum(row.touched.values()) for row in rows)),
            ("features that moved", len(audit.catalogue.leaking_columns)),
        ]
    )


def _tried(movements: Movements) -> Iterator[Block]:
    tables = sorted({table for trial in movements.trials for table in trial.touched})
    rows: list[list[Cell]] = [
        [
            row.perturbation.name,
            row.perturbation.sentence,
            *(f"{row.touched[name]:,}" if row.touched.get(name) else "–" for name in tables),
            _badge(row.outcome, is_bad=row.is_bad, was_tried=any(row.touched.values())),
        ]
        for row in tried(movements)
    ]
    yield Grid(
        ["perturbation", "what is done", *tables, "outcome"],
        rows,
        caption="Rows touched in each table, over all instants; – is nothing to change.",
    )


def _badge(text: str, *, is_bad: bool, was_tried: bool) -> Badge:
    if not was_tried:
        return Badge(level="plain", text=text)
    return Badge(level="bad" if is_bad else "good", text=text)


def _moved(movements: Movements, *, time_zone: str) -> Iterator[Block]:
    found = leaks(movements)
    if found:
        yield Grid(
            ["column", "moved by", "through", "customers", "largest change"],
            [
                [
                    leak.column,
                    leak.perturbation.sentence,
                    ", ".join(leak.tables) or "several together",
                    leak.customers,
                    leak.largest_change,
                ]
                for leak in found
            ],
        )
    crowds = [one for one in movements.leaks if one.moved.appeared or one.moved.gone]
    if crowds:
        yield Grid(
            ["perturbation", "as of", "customers who appeared", "customers who went"],
            [
                [
                    one.perturbation.name,
                    day_in_words(one.as_of, time_zone=time_zone),
                    one.moved.appeared,
                    one.moved.gone,
                ]
                for one in crowds
            ],
        )


def _query(movements: Movements | None, *, time_zone: str) -> Iterator[Block]:
    if movements is None:
        return
    yield from _tried(movements)
    yield from _moved(movements, time_zone=time_zone)


def _own(own: OwnAudit | None, *, time_zone: str) -> Iterator[Block]:
    if own is None:
        return
    for at, customers in own.customers.items():
        text = f"{day_in_words(at, time_zone=time_zone)}: {customers:,} customers were looked at"
        without = own.without_row.get(at, 0)
        yield Paragraph(
            f"{text}; {without:,} who live then have no row." if without else f"{text}."
        )
    yield Grid(
        ["column", "verdict", "evidence"],
        [[one.column, BADGES[one.judgement], "; ".join(one.reasons)] for one in own.verdicts],
    )
    shown = [one for one in own.verdicts if one.judgement in ("leak", "suspicious")]
    for one in shown[:SHOWN_PROFILES]:
        yield Chart(
            _profile(one),
            caption=(
                f"{one.column}: how far it goes with the purchases of each stretch of days, "
                f"beyond what could be known when the stretch began. A column computed before "
                f"as_of knows days before 0 and none from 0 on."
            ),
        )


def _profile(one: ColumnVerdict) -> str:
    points = [
        (f"{stretch.start_days}", abs(known))
        for stretch, known in zip(one.stretches, one.profile, strict=True)
        if not stretch.is_outcome
    ]
    first = next((word for word, _ in points if not word.startswith("-")), None)
    return bar_chart(
        {one.column: points},
        x_title="first day of the stretch, from as_of",
        y_title="correlation, without its sign",
        rule_at=first,
        rule_label="as_of",
    )


def _not_tried(audit: Audit) -> Iterator[Block]:
    sentences = not_tried(audit)
    if sentences:
        yield Points(sentences)


def _explained() -> Iterator[Block]:
    yield Paragraph(
        "Each perturbation changes only what had not happened, or was not known, before as_of. "
        "Features are computed anew and compared to the last bit. The control takes away rows that "
        "were seen: were nothing to move then, the audit would prove nothing."
    )
    yield Paragraph(
        "It proves that features follow the clocks of the tables. It cannot prove that the clocks "
        "are true: a row that was entered late, or a value that was overwritten in place, looks as "
        "if it had always been known."
    )
