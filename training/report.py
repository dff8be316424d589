"""Tables that the verbs of training print for a person."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.table import Table

from ebbtide.clock import day_in_words
from ebbtide.console import screen
from training.snapshot_table.provenance import UNDATED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from training.registry import Version
    from training.tracking import Registered
    from training.train import Trained

_MEASURES = (
    "auc",
    "average_precision",
    "log_loss",
    "brier",
    "top_decile_lift",
    "calibration_error",
)


def print_trained(trained: Trained, registered: Registered) -> None:
    """Show the candidates beside the best simple rule, and what was registered.

    The candidates stand in the order of the mean by which the best was chosen, a blend that is
    close before the rest: at the latest period alone another may look better.
    """
    origin, parts = max(trained.best.auc_by_origin), len(trained.best.auc_by_origin)
    mean = f"mean auc over {parts} {'period' if trained.is_dated else 'fold'}{'s'[: parts != 1]}"
    title = (
        f"Measured as of {origin}, by models that knew no outcome after it"
        if trained.is_dated
        else f"Measured across {parts} folds of other rows, none of a "
        f"later time; without dates nothing can prove the absence of leakage"
    )
    # In words, so that headings break between them and are not cut off.
    headings = (name.replace("_", " ") for name in _MEASURES)
    listed = Table("candidate", mean, *headings, title=title)
    for candidate in trained.candidates:
        measured = (f"{candidate.metrics[name]:.4f}" for name in _MEASURES)
        listed.add_row(candidate.kind, f"{candidate.mean_auc:.4f}", *measured)
    rule = trained.best_rule
    listed.add_row(f"rule: {rule}", "", f"{trained.rule_auc[rule]:.4f}", *([""] * 5))
    console = screen()
    console.print(listed)
    for kind, why in trained.failed.items():
        console.print(f"{kind} was left out: {why}", highlight=False)
    for line in without_expectations(trained):
        console.print(line, highlight=False, soft_wrap=True)
    for line in _in_short(trained, registered):
        console.print(line, highlight=False, soft_wrap=True)
    console.print(
        f"Probabilities checked on {trained.best.calibration_checked_on}. Registered "
        f"{trained.best.kind} as version {registered.version} of {registered.model_name} "
        f"(bundle {registered.bundle_version}), alias challenger; "
        f"gate: {registered.gate.removesuffix('.')}.",
        highlight=False,
        soft_wrap=True,
    )


def _in_short(trained: Trained, registered: Registered) -> Iterator[str]:
    """Say what the best candidate is worth, and which level was foreseen."""
    judgement = registered.judgement
    if judgement is not None:
        latest = judgement.evaluations[0]
        if latest.difference is not None and latest.best_rule is not None:
            lead = latest.difference
            yield (
                f"{trained.best.kind} against the best rule, {latest.best_rule}: AUC "
                f"{lead.value:+.4f} (95% interval {lead.low:+.4f} to {lead.high:+.4f})."
            )
        reasons = "; ".join(reason.en for reason in judgement.grade.reasons)
        yield f"Grade {judgement.grade.letter or 'none'}: {reasons}."
    if trained.level is not None:
        yield trained.level.shift.evidence


def without_expectations(trained: Trained) -> list[str]:
    """Say where features of the buying model are null, because there was none to be fitted."""
    if not any("{" in getattr(feature, "sql", "") for feature in trained.features):
        return []
    snapshots = [*trained.snapshots, trained.newest]
    said = []
    for what, lacking in (
        ("of purchases", [s for s in snapshots if s.expectations is None]),
        ("of spend", [s for s in snapshots if s.expectations and s.expectations.spend is None]),
    ):
        if lacking:
            said.append(
                f"Too few customers came again for a buying model {what} at {len(lacking)} of "
                f"{len(snapshots)} snapshots; the features that need it are missing there."
            )
    return said


def print_versions(
    model_name: str,
    listed: Sequence[Version],
    promoted: Sequence[dict[str, str]],
    *,
    time_zone: str,
) -> None:
    """Show registered versions, then promotions, refused attempts and rollbacks.

    Of the gate's verdict the codes are shown; what they mean is said by ``promote``.
    """
    columns = ("version", "aliases", "kind", "grade", "auc", "rule_auc", "calibration_error")
    table = Table(*columns, "gate", "trained as of", "bundle", title=model_name)
    for version in listed:
        tags = version.tags
        table.add_row(
            version.number,
            ", ".join(version.aliases),
            *(tags.get(name, "") for name in columns[2:]),
            tags.get("gate", "").partition(":")[0],
            _day(tags.get("trained_as_of", UNDATED), time_zone),
            tags.get("bundle_version", ""),
        )
    console = screen()
    console.print(table)
    for entry in promoted:
        console.print(
            f"{_day(entry['at'], time_zone)} {entry['deed']} {entry['from'] or 'none'} -> "
            f"{entry['to']} by {entry['who']}: {entry['why']}{_codes(entry)}",
            highlight=False,
            soft_wrap=True,
        )


def _codes(entry: dict[str, str]) -> str:
    codes = entry.get("codes", "")
    if not codes:
        return ""
    return f" (refused over: {codes})" if entry["deed"] == "refused" else f" (accepted: {codes})"


def print_backtest(summary: dict[str, Any], *, time_zone: str) -> None:
    """Show what each date's champion did beside the best simple rule."""
    table = Table(
        "as of", "customers", "champion", "auc", "best rule", "churned", "promised", "gap"
    )
    for date in summary["dates"]:
        known = "auc" in date
        table.add_row(
            _day(date["as_of"], time_zone),
            f"{date['customers']:,}",
            date["champion"],
            *(
                (
                    f"{date['auc']:.4f}",
                    f"{date['best_rule_auc']:.4f}",
                    f"{date['churned_share']:.3f}",
                    f"{date['p_churn_mean']:.3f}",
                    f"{date['calibration_error']:.3f}",
                )
                if known
                else ("open", "", "", "", "")
            ),
        )
    screen().print(table)


def _day(written: str, time_zone: str) -> str:
    """Return an instant that was written for programs as a person reads it."""
    if written == UNDATED:
        return written
    return day_in_words(datetime.fromisoformat(written), time_zone=time_zone)
