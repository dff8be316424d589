"""Batch scores: the champion's, of times that it has not learned from."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

from by_hand import PRESENT
from ebbtide.bundle.read import read_bundle
from ebbtide.errors import BundleError, NotReady
from ebbtide.policy.file import load_policy
from training import score
from training.lineage import lineage_of
from training.provenance import provenance_of_events
from training.score import score_snapshot, snapshot_for
from training.tracking import write_bundle_of
from training.train import train

if TYPE_CHECKING:
    from pathlib import Path

    from ebbtide.bundle.contents import Bundle
    from ebbtide.project import Project
    from features.tables import Tables


@pytest.fixture
def bundle(tables: Tables, project: Project, tmp_path: Path) -> Bundle:
    trained = train(tables, project, now=tables.log_end(now=PRESENT))
    lineage = lineage_of(tables, trained.snapshots, trained.newest, seed=0)
    provenance = provenance_of_events(project, trained, lineage=lineage, columns=tables.columns)
    write_bundle_of(tmp_path / "bundle", project, trained, trained.best, provenance, key=None)
    return read_bundle(tmp_path / "bundle", key=None)


def test_scores_are_the_bundle_s_own_in_any_chunk(
    tables: Tables, project: Project, bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_of = tables.log_end(now=PRESENT)
    snapshot = snapshot_for(bundle, tables, as_of=as_of)
    monkeypatch.setattr(score, "CHUNK", 100)
    scored = score_snapshot(
        snapshot,
        bundle=bundle,
        policy=load_policy(project.policy_path),
        as_of=as_of,
        scored_at=datetime(2026, 1, 1, tzinfo=UTC),
        language="zh",
    )
    names = [contract.name for contract in bundle.scorer.features]
    rows = np.column_stack([snapshot[name].to_numpy() for name in names]).astype(float)
    assert scored["customer_id"] == snapshot["customer_id"]
    np.testing.assert_array_equal(
        scored["churn_probability"].to_numpy(), bundle.scorer.p_churn(rows)
    )
    assert set(scored["status"].to_pylist()) == {"scored"}


def test_each_score_says_how_sure_it_is_if_asked(
    tables: Tables, project: Project, bundle: Bundle
) -> None:
    as_of = tables.log_end(now=PRESENT)
    scored, bare = (
        score_snapshot(
            snapshot_for(bundle, tables, as_of=as_of),
            bundle=bundle,
            policy=load_policy(project.policy_path),
            as_of=as_of,
            scored_at=datetime(2026, 1, 1, tzinfo=UTC),
            language="en",
            with_interval=asked,
        )
        for asked in (True, False)
    )
    low, promised, high = (
        scored[f"churn_probability{end}"].to_numpy() for end in ("_low", "", "_high")
    )
    assert ((low > 0) & (low < promised) & (promised < high) & (high < 1)).all()
    assert bare["churn_probability_low"].null_count == bare.num_rows


def test_a_time_that_the_champion_learned_from_is_refused(tables: Tables, bundle: Bundle) -> None:
    past = tables.log_end(now=PRESENT) - timedelta(days=1)
    with pytest.raises(NotReady, match="would be memory"):
        snapshot_for(bundle, tables, as_of=past)


def test_a_column_that_was_there_in_training_may_not_be_missing(
    tables: Tables, bundle: Bundle
) -> None:
    tables.columns["transactions"] -= {"product_id"}
    with pytest.raises(NotReady, match=r"transactions\.product_id"):
        snapshot_for(bundle, tables, as_of=tables.log_end(now=PRESENT))


def test_another_catalogue_is_refused(
    tables: Tables, bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(score, "catalogue_version", lambda _, **__: "another")
    with pytest.raises(BundleError, match="another version of the catalogue"):
        snapshot_for(bundle, tables, as_of=tables.log_end(now=PRESENT))


def test_a_column_that_came_after_training_changes_nothing(
    tables: Tables, project: Project, bundle: Bundle
) -> None:
    as_of = tables.log_end(now=PRESENT)
    without = dataclasses.replace(
        bundle,
        columns={**bundle.columns, "transactions": bundle.columns["transactions"] - {"discount"}},
    )
    as_if_absent = snapshot_for(without, tables, as_of=as_of)
    assert set(as_if_absent["discount_share_365d"].to_pylist()) <= {0.0, None}
    with_it = snapshot_for(bundle, tables, as_of=as_of)
    assert max(share for share in with_it["discount_share_365d"].to_pylist() if share) > 0
