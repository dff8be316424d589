"""The verb ``score`` with Spark: fetch the champion, score, write, publish."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ebbtide.bundle.read import check_golden, read_bundle
from ebbtide.clock import parse_instant
from ebbtide.console import bundle_key, progress_shown
from ebbtide.policy.file import load_policy
from ebbtide.store.sql import open_store
from features.spark.output import require_place, write_frame
from features.spark.session import spark_conf, spark_session
from features.spark.snapshot import collected
from features.spark.sources import open_spark_tables
from training.registry import connect_registry, download_champion
from training.score_spark import score_on_spark

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.project import Project
    from ebbtide.words import Language


def score_with_spark(
    project: Project,
    *,
    as_of: str,
    out: str,
    language: Language,
    publish: bool,
    with_interval: bool,
    master: str | None,
    conf: Sequence[str],
) -> str:
    """Score every living customer with the champion on Spark, and return what was done.

    Parameters
    ----------
    project : names the tables and the model.
    as_of : instant of the snapshot as it was given, exclusive.
    out : a file of this machine, or a folder of any scheme.
    language : of the texts.
    publish : whether to give the snapshot to the service, too; it comes to this machine for that.
    with_interval : whether to say how sure each probability is.
    master : master URL, or None.
    conf : settings of Spark, each ``key=value``.
    """
    settings = spark_conf(conf)
    policy = load_policy(project.policy_path)
    instant = parse_instant(as_of, time_zone=project.project.time_zone)
    client = connect_registry(project)
    with tempfile.TemporaryDirectory() as scratch, progress_shown("Scoring") as progress:
        progress("fetch the champion")
        folder = download_champion(client, project.model_name, Path(scratch))
        bundle = read_bundle(folder, key=bundle_key())
        check_golden(bundle)
        progress("start Spark")
        with spark_session(master, settings) as session:
            require_place(session, out, project)
            present = datetime.now(UTC)
            tables = open_spark_tables(project, session, now=present, progress=progress)
            tables.require_observed(instant, now=present)
            progress("score")
            done = score_on_spark(
                tables,
                bundle=bundle,
                folder=folder,
                policy=policy,
                settings=project.segments,
                as_of=instant,
                scored_at=datetime.now(UTC),
                language=language,
                with_interval=with_interval,
            )
            rows = write_frame(done.scores, out)
            if publish:
                progress("publish the snapshot")
                store = open_store(project.database_url, folder=project.folder)
                store.publish_snapshots(collected(done.snapshot).to_pandas(), basis=bundle.basis)
                store.close()
    return f"{rows:,} customers scored by {bundle.version}: {out}"
