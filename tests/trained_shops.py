"""Bundles of small simulated shops, made as ``ebbtide train`` does but for MLflow and horizons."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from by_hand import PRESENT
from ebbtide.bundle.read import read_bundle
from ebbtide.project import Project, TableSource, load_project
from features.sources import open_tables
from training.judgement import judge_candidate
from training.lineage import lineage_of
from training.provenance import provenance_of_events
from training.tracking import write_bundle_of
from training.train import train

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ebbtide.bundle.contents import Bundle

LOG_END = datetime(2025, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """A simulated shop, and a folder to write bundles to."""

    folder: Path
    scratch: Path

    @property
    def project(self) -> Project:
        """Its project, with one kind of model and as few snapshots as a later period needs."""
        read = load_project(self.folder / "ebbtide.toml")
        sections = {
            "training": {"candidates": ["logistic"]},
            "snapshots": {"every_days": 60, "max_count": 4},
            "evaluation": {"resamples": 200},
        }
        return read.model_copy(
            update={
                name: getattr(read, name).model_copy(update=changed)
                for name, changed in sections.items()
            }
        )

    def with_queries(self, queries: Mapping[str, str | None]) -> Project:
        """Return the project with tables read by queries, ``FILE`` being theirs; None drops one."""
        project = self.project
        tables = {
            name: TableSource(
                query=queries[name].replace(
                    "FILE", f"read_parquet('${{PROJECT_DIR}}/{name}.parquet')"
                )
            )
            if name in queries
            else source
            for name, source in project.tables.items()
            if queries.get(name, "") is not None
        }
        return project.model_copy(update={"tables": tables})

    def bundle(
        self,
        project: Project | None = None,
        *,
        as_of: datetime | None = LOG_END,
        present: datetime = PRESENT,
    ) -> Bundle:
        """Train on what was known at an instant, None being the end of the log."""
        project = project or self.project
        tables = open_tables(project, now=present)
        now = as_of or tables.log_end(now=present)
        trained = train(tables, project, now=now)
        lineage = lineage_of(tables, trained.snapshots, trained.newest, seed=project.training.seed)
        provenance = provenance_of_events(project, trained, lineage=lineage, columns=tables.columns)
        judgement = judge_candidate(trained.best, project, log_days=trained.log_days)
        folder = self.scratch / f"bundle-{len(list(self.scratch.iterdir()))}"
        write_bundle_of(
            folder, project, trained, trained.best, provenance, key=None, judgement=judgement
        )
        return read_bundle(folder, key=None)
