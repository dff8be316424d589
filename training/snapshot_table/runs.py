"""What ``ebbtide train`` and ``ebbtide score`` do where the project has a snapshot table."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ebbtide.clock import parse_instant
from ebbtide.console import bundle_key, progress_shown, screen, write_table
from ebbtide.errors import SettingsError
from ebbtide.policy.file import load_policy
from ebbtide.store.sql import open_store
from features.snapshot_table.listing import print_contract, print_findings
from features.snapshot_table.table import open_snapshot_table, write_contract
from training.recordable import require_recordable
from training.registry import connect_registry, fetch_champion
from training.report import print_trained
from training.score import score_snapshot
from training.snapshot_table.provenance import provenance_of_table
from training.snapshot_table.score import table_snapshot_for
from training.snapshot_table.train import train_table
from training.tracking import record_candidates

if TYPE_CHECKING:
    from ebbtide.project import Project
    from ebbtide.words import Language


def train_on_table(project: Project, *, as_of: str | None) -> None:
    """Check the table, write its contract if there is none, train, and register the best."""
    with progress_shown("Training") as progress:
        progress("look whether it can be recorded")
        require_recordable(project)
        present = datetime.now(UTC)
        now = present if as_of is None else parse_instant(as_of, time_zone=_zone(project))
        table = open_snapshot_table(project, now=present, learned_at=now, progress=progress)
        if as_of is not None and table.instants is None:
            raise SettingsError(
                "--as-of needs dates, and the rows of the snapshot table have none. Leave it out, "
                "or name their column in snapshot_table.as_of."
            )
        trained = train_table(table, project, now=now, progress=progress)
        if table.is_new:
            write_contract(table.contract, project.contract_path)
        provenance = provenance_of_table(project, table, trained)
        registered = record_candidates(
            project, trained, provenance, key=bundle_key(), progress=progress
        )
    if table.is_new:
        print_contract(table.contract)
        screen().print(
            f"Inferred, and written to {project.contract_path}. Read it, and correct it where it "
            f"is wrong.",
            highlight=False,
            soft_wrap=True,
        )
    print_findings(finding for finding in table.findings if finding.severity == "warning")
    print_trained(trained, registered)


def score_table(
    project: Project,
    *,
    as_of: str,
    out: Path,
    table: Path | None,
    language: Language,
    publish: bool,
    with_interval: bool,
    with_reasons: bool = True,
) -> None:
    """Score rows with the champion, write the answers, and publish the rows if asked to."""
    policy = load_policy(project.policy_path)
    instant = parse_instant(as_of, time_zone=_zone(project))
    client = connect_registry(project)
    with tempfile.TemporaryDirectory() as scratch, progress_shown("Scoring") as progress:
        progress("fetch the champion")
        bundle = fetch_champion(client, project.model_name, Path(scratch), key=bundle_key())
        chosen = table_snapshot_for(bundle, project, as_of=instant, table=table)
        scored = score_snapshot(
            chosen.snapshot,
            bundle=bundle,
            policy=policy,
            as_of=chosen.snapshot["as_of"][0].as_py(),
            scored_at=datetime.now(UTC),
            language=language,
            values=chosen.margins,
            with_interval=with_interval,
            with_reasons=with_reasons,
            progress=progress,
        )
        write_table(scored, out)
        if publish:
            progress("publish the snapshot")
            store = open_store(project.database_url, folder=project.folder)
            store.publish_snapshots(chosen.snapshot.to_pandas(), basis=bundle.basis)
            store.close()
    print_findings(chosen.findings)
    screen().print(
        f"{scored.num_rows:,} customers scored by {bundle.version}: {out}",
        highlight=False,
        soft_wrap=True,
    )


def _zone(project: Project) -> str:
    return project.project.time_zone
