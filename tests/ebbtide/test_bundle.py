"""Bundles: what is written is read back, and nothing that was tampered with is."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ebbtide.bundle.read
from ebbtide.bundle.contents import MANIFEST, SIGNATURE, Golden, Reference
from ebbtide.bundle.model_files import MemberText, blend_files, read_model
from ebbtide.bundle.read import check_golden, read_bundle
from ebbtide.bundle.signature import sign
from ebbtide.bundle.write import version_of, write_bundle
from ebbtide.definition import ChurnDefinition
from ebbtide.errors import BundleError
from ebbtide.scorer.calibrator import PlattCalibrator
from ebbtide.scorer.horizons import HorizonModel
from ebbtide.scorer.linear import LinearModel
from ebbtide.scorer.ranks import RankScale, rank_columns
from ebbtide.scorer.scorer import RankedScorer, median_present
from ebbtide.scorer.typical import TypicalByOutcome
from features.catalogue.catalogue import features_named
from training.explanation.drivers import drivers
from training.models import boosting
from training.models.boosting import fit_boosting
from training.models.forest import fit_forest
from training.models.logistic import fit_logistic

KEY = b"a key for tests"
NAMES = ("recency_days", "spend_365d", "gap_mean_days")
FIT = {"logistic": fit_logistic, "random_forest": fit_forest, "lightgbm": fit_boosting}
KINDS = (*FIT, "blend")
WEIGHTS = {"logistic": 0.5, "random_forest": 3.0, "lightgbm": 0.25}
METRICS = {"auc": 0.75, "calibration_error": 0.02, "calibration_checked_on": "a later period"}


def some_rows(n=300):
    rng = np.random.default_rng(7)
    rows = np.column_stack([rng.integers(1, 300, n), rng.gamma(2, 50, n), rng.gamma(2, 9, n)])
    rows[rng.random(n) < 0.3, 2] = np.nan
    churned = (rng.random(n) < 1 / (1 + np.exp(1 - rows[:, 0] / 80))).astype(float)
    return rows.astype(float), churned


def fitted(kind, ranked, churned):
    """Names and texts of the files of a small model."""
    if kind != "blend":
        return dict([FIT[kind](ranked, churned, seed=1)])
    members = [
        MemberText(kind=each, weight=weight, text=FIT[each](ranked, churned, seed=1)[1])
        for each, weight in WEIGHTS.items()
    ]
    return blend_files(members, intercept=-1.5)


def horizons():
    """Risk by day of three features."""
    step = LinearModel(
        intercept=-1.0,
        weights=np.array([1.0, -0.5, 0.2]),
        missing_weights=np.array([0.0, 0.0, 0.3]),
        centers=np.full(3, 0.5),
        missing_centers=np.array([0.0, 0.0, 0.3]),
    )
    return HorizonModel(days=(0, 30, 60), anchor_day=0, after=(step, step))


def written(folder, kind, *, key=KEY, golden_off=0.0):
    """Fit a small model and write it; returns the scorer that was written and the version."""
    rows, churned = some_rows()
    scales = tuple(RankScale.of(column) for column in rows.T)
    files = fitted(kind, rank_columns(scales, rows), churned)
    scorer = RankedScorer(
        features=tuple(feature.contract for feature in features_named(NAMES)),
        scales=scales,
        typical=np.array([median_present(column) for column in rows.T]),
        model=read_model(kind, files),
        calibrator=PlattCalibrator(slope=0.9, intercept=0.1),
        by_outcome=TypicalByOutcome(
            stayers=np.array([20.0, 90.0, np.nan]), leavers=np.array([150.0, 80.0, 25.0])
        ),
    )
    if kind == "logistic":  # one kind with risk by day, the others without
        scorer = replace(scorer, horizons=horizons())
    p_churn = scorer.p_churn(rows)
    version = write_bundle(
        folder,
        kind=kind,
        model_files=files,
        scorer=scorer,
        definition=ChurnDefinition(horizon_days=90, gap_days=7, active_within_days=300),
        lookback_days=365,
        catalogue_version="abc",
        columns={"transactions": {"occurred_at", "customer_id", "amount"}},
        reference=Reference.of(rows, p_churn=p_churn, scales=scorer.scales, as_of="2025-01-01"),
        golden=Golden(rows=rows[:5], p_churn=p_churn[:5] + golden_off),
        card="# Card\n",
        drivers=drivers(scorer, rows),
        metrics=METRICS,
        lineage={"seed": 1},
        key=key,
    )
    return scorer, version


@pytest.fixture(scope="module", autouse=True)
def _quick_boosting():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(boosting.PARAMETERS, "num_boost_round", 20)
        yield


@pytest.fixture(scope="module")
def originals(tmp_path_factory, _quick_boosting):
    folder = tmp_path_factory.mktemp("bundles")
    return {kind: (folder / kind, *written(folder / kind, kind)) for kind in KINDS}


@pytest.fixture
def copy(originals, tmp_path):
    def make(kind="logistic"):
        shutil.copytree(originals[kind][0], tmp_path / "copy")
        return tmp_path / "copy"

    return make


def rewrite(folder, name, change, *, key=KEY):
    """Change a parsed file and make manifest and signature fit it again, as a builder could."""
    path = folder / name
    content = json.loads(path.read_bytes())
    change(content)
    path.write_text(json.dumps(content))
    manifest = json.loads((folder / MANIFEST).read_bytes())
    if name != MANIFEST:
        manifest["files"][name] = hashlib.sha256(path.read_bytes()).hexdigest()
        (folder / MANIFEST).write_text(json.dumps(manifest))
    (folder / SIGNATURE).write_text(sign((folder / MANIFEST).read_bytes(), key))


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_written_is_read_back(originals, kind) -> None:
    folder, scorer, version = originals[kind]
    bundle = read_bundle(folder, key=KEY)
    assert (bundle.version, bundle.kind, bundle.is_signed) == (version, kind, True)
    assert bundle.definition == ChurnDefinition(horizon_days=90, gap_days=7, active_within_days=300)
    assert (bundle.lookback_days, bundle.catalogue_version) == (365, "abc")
    assert bundle.card == "# Card\n"
    assert bundle.manifest["metrics"] == METRICS
    assert (bundle.calibration_error, bundle.calibration_checked_on) == (0.02, "a later period")
    assert bundle.manifest["columns"] == {"transactions": ["amount", "customer_id", "occurred_at"]}
    assert bundle.columns == {"transactions": {"amount", "customer_id", "occurred_at"}}
    assert bundle.manifest["lineage"] == {"seed": 1}
    assert bundle.scorer.features == scorer.features
    assert bundle.scorer.scales == scorer.scales
    np.testing.assert_array_equal(bundle.scorer.typical, scorer.typical)
    for group in ("stayers", "leavers"):
        read, kept = (getattr(each.typical_by_outcome, group) for each in (bundle.scorer, scorer))
        np.testing.assert_array_equal(read, kept)
    assert bundle.drivers == drivers(scorer, some_rows()[0])
    rows, _ = some_rows()
    read, kept = bundle.scorer.score(rows), scorer.score(rows)
    np.testing.assert_array_equal(read.p_churn, kept.p_churn)
    np.testing.assert_allclose(read.contributions, kept.contributions, rtol=0, atol=1e-10)
    np.testing.assert_array_equal(bundle.golden.rows, rows[:5])
    if kind == "logistic":
        assert read.risk_by_day.days == (0, 30, 60)
        np.testing.assert_array_equal(read.risk_by_day.probability, kept.risk_by_day.probability)
    else:
        assert read.risk_by_day is None
    check_golden(bundle)
    assert bundle.reference.percentile(np.array([0.0, 1.0])).tolist() == [0.0, 100.0]


@pytest.mark.parametrize("kind", KINDS)
def test_equal_input_gives_equal_bytes(originals, tmp_path, kind) -> None:
    _, version = written(tmp_path / "again", kind)
    first = {path.name: path.read_bytes() for path in originals[kind][0].iterdir()}
    again = {path.name: path.read_bytes() for path in (tmp_path / "again").iterdir()}
    assert first == again
    assert version == originals[kind][2] == version_of(first[MANIFEST])


FILES = {
    "logistic": ["linear.json"],
    "lightgbm": ["model.lgb"],
    "random_forest": ["model.lgb"],
    "blend": ["blend.json", "member_00.json", "member_01.lgb", "member_02.lgb"],
}
SHARED = [
    "calibrator.json",
    "card.md",
    "drivers.json",
    "features.json",
    "golden.json",
    "horizons.json",
    "reference.json",
]
CASES = [(kind, name) for kind in KINDS for name in FILES[kind]]
CASES += [("logistic", name) for name in [*SHARED, MANIFEST, SIGNATURE]]
every_file = pytest.mark.parametrize(
    ("kind", "name"), CASES, ids=[f"{kind}-{name}" for kind, name in CASES]
)


@every_file
@pytest.mark.property
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_flipped_bit_anywhere_is_refused(originals, kind, name, place, bit) -> None:
    folder = originals[kind][0]
    path = folder / name
    original = path.read_bytes()
    # The line end behind the signature is no part of it.
    altered = bytearray(original)
    altered[int(place * (len(original) - (name == SIGNATURE)))] ^= 1 << bit
    try:
        path.write_bytes(altered)
        with pytest.raises(BundleError):
            read_bundle(folder, key=KEY)
    finally:
        path.write_bytes(original)


@pytest.mark.parametrize("name", [*SHARED, "linear.json"])
def test_an_altered_file_is_refused_without_a_key_too_and_named(copy, name) -> None:
    folder = copy()
    (folder / name).write_bytes((folder / name).read_bytes() + b" ")
    with pytest.raises(BundleError, match=f"Altered since training: {name}"):
        read_bundle(folder, key=None)


@every_file
@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda path: path.unlink(), id="missing"),
        pytest.param(lambda path: path.write_bytes(b""), id="emptied"),
        pytest.param(
            lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
            id="truncated",
        ),
        pytest.param(
            lambda path: path.rename(path.with_name("moved")) and path.symlink_to("moved"),
            id="symlinked",
        ),
        pytest.param(lambda path: path.unlink() or path.mkdir(), id="a-folder"),
    ],
)
def test_a_damaged_file_is_refused(copy, kind, name, damage) -> None:
    folder = copy(kind)
    damage(folder / name)
    with pytest.raises(BundleError):
        read_bundle(folder, key=KEY)


@every_file
def test_an_oversized_file_is_refused_unread(monkeypatch, copy, kind, name) -> None:
    folder = copy(kind)
    largest = max(path.stat().st_size for path in folder.iterdir())
    monkeypatch.setattr(ebbtide.bundle.read, "MAX_FILE_BYTES", largest)
    read_bundle(folder, key=KEY)
    (folder / name).write_bytes(b" " * (largest + 1))
    with pytest.raises(BundleError, match=f"The file {name} is larger than"):
        read_bundle(folder, key=KEY)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda files: files.update({"extra.py": "0" * 64}), id="an-extra-file"),
        pytest.param(lambda files: files.update({"../card.md": "0" * 64}), id="a-path"),
        pytest.param(lambda files: files.pop("card.md"), id="one-less"),
        pytest.param(lambda files: files.update({"model.lgb": "0" * 64}), id="two-models"),
        pytest.param(lambda files: files.update({"card.md": 3}), id="no-hash"),
    ],
)
def test_a_manifest_names_exactly_the_files_of_its_kind(copy, change) -> None:
    folder = copy()
    rewrite(folder, MANIFEST, lambda manifest: change(manifest["files"]))
    with pytest.raises(BundleError):
        read_bundle(folder, key=KEY)


def test_a_file_that_the_manifest_does_not_name_is_not_read(copy) -> None:
    folder = copy()
    (folder / "model.lgb").write_text("not a model")
    assert read_bundle(folder, key=KEY).kind == "logistic"


UNFIT = [
    (MANIFEST, lambda m: m.update(format=1), "an-older-format"),
    (MANIFEST, lambda m: m.update(format=9), "another-format"),
    (MANIFEST, lambda m: m["metrics"].pop("calibration_checked_on"), "no-word-of-the-check"),
    (MANIFEST, lambda m: m["metrics"].update(calibration_checked_on=3), "check-is-a-number"),
    (MANIFEST, lambda m: m.pop("columns"), "no-columns"),
    (MANIFEST, lambda m: m["columns"].pop("transactions"), "columns-of-no-table"),
    (MANIFEST, lambda m: m["columns"].update(transactions="customer_id"), "columns-are-text"),
    (MANIFEST, lambda m: m.update(kind="svm"), "another-kind"),
    (MANIFEST, lambda m: m.update(kind="lightgbm"), "kind-of-other-files"),
    (MANIFEST, lambda m: m.update(kind=["logistic"]), "kind-is-a-list"),
    (MANIFEST, lambda m: m.pop("definition"), "no-definition"),
    (MANIFEST, lambda m: m["definition"].update(wealth=1), "unknown-in-definition"),
    (MANIFEST, lambda m: m.update(lookback_days="365"), "lookback-is-text"),
    (MANIFEST, lambda m: m.update(lookback_days=10**400), "lookback-beyond-time"),
    (MANIFEST, lambda m: m["definition"].update(kind="whim"), "another-churn"),
    (MANIFEST, lambda m: m["definition"].update(horizon_days="90"), "horizon-is-text"),
    (MANIFEST, lambda m: m["definition"].update(gap_days=-1), "a-gap-backwards"),
    (MANIFEST, lambda m: m["metrics"].update(calibration_error=math.nan), "error-unknown"),
    ("linear.json", lambda m: m["weights"].pop(), "a-weight-less"),
    ("linear.json", lambda m: m["centers"].append(0.5), "a-center-more"),
    ("linear.json", lambda m: m.update(intercept="high"), "intercept-is-text"),
    ("linear.json", lambda m: m.update(intercept=10**400), "intercept-beyond-floats"),
    ("linear.json", lambda m: m["weights"].insert(0, m["weights"].pop() * math.inf), "endless"),
    ("linear.json", lambda m: m.update(categories={"0": [0.5]}), "a-category-of-a-number"),
    ("calibrator.json", lambda c: c.update(kind="isotonic"), "unknown-calibrator"),
    ("calibrator.json", lambda c: c.update(slope=0.0), "flat-calibrator"),
    ("calibrator.json", lambda c: c.update(slope=-1.0), "falling-calibrator"),
    ("features.json", lambda f: f.pop(), "a-feature-less"),
    ("features.json", lambda f: f[0]["contract"].pop("reason"), "no-reason"),
    ("features.json", lambda f: f[0]["scale"]["ranks"].pop(), "ragged-scale"),
    ("features.json", lambda f: f[0]["scale"]["values"].reverse(), "falling-scale"),
    ("features.json", lambda f: f[0]["scale"]["ranks"].reverse(), "falling-ranks"),
    ("features.json", lambda f: f[0]["scale"]["ranks"].__setitem__(3, math.nan), "no-rank"),
    ("features.json", lambda f: f[0]["scale"]["ranks"].__setitem__(-1, 1e308), "a-rank-above-all"),
    ("features.json", lambda f: f[0]["scale"]["ranks"].__setitem__(3, {}), "a-rank-is-an-object"),
    ("features.json", lambda f: f[0].update(typical=math.inf), "typical-is-endless"),
    ("features.json", lambda f: f[0].pop("typical_leavers"), "no-word-of-leavers"),
    ("drivers.json", lambda d: d["features"].pop(), "a-driver-less"),
    ("drivers.json", lambda d: d["features"].append(d["features"][-1]), "a-driver-twice"),
    ("drivers.json", lambda d: d["features"].reverse(), "rising-drivers"),
    ("drivers.json", lambda d: d["features"][0].update(family="tenure"), "another-family"),
    ("drivers.json", lambda d: d["features"][0].update(direction=2), "no-direction"),
    ("drivers.json", lambda d: d["features"][0].update(share=1.5), "more-than-all"),
    ("drivers.json", lambda d: d["features"][0].update(share="much"), "share-is-text"),
    ("drivers.json", lambda d: d["families"][0].update(name="luck"), "an-unknown-family"),
    ("drivers.json", lambda d: d["causes"][0].update(mean_abs_contribution=math.inf), "huge"),
    ("drivers.json", lambda d: d["causes"][0].update(why="?"), "unknown-in-a-driver"),
    ("drivers.json", lambda d: d.update(n_rows=0), "drivers-of-nobody"),
    ("golden.json", lambda g: g.update(rows=[], p_churn=[]), "no-golden-rows"),
    ("golden.json", lambda g: g["p_churn"].pop(), "a-golden-score-less"),
    ("golden.json", lambda g: g.update(p_churn=[[]] * 5), "lists-for-golden-scores"),
    ("golden.json", lambda g: g.update(rows=[[1.0]] * 5), "narrow-golden-rows"),
    ("golden.json", lambda g: g.update(rows=[[1.0] * 4] * 5), "wide-golden-rows"),
    ("reference.json", lambda r: r["p_churn_quantiles"].pop(), "a-quantile-less"),
    ("reference.json", lambda r: r["p_churn_quantiles"].reverse(), "falling-quantiles"),
    ("reference.json", lambda r: r["features"].pop(), "a-spread-less"),
    ("reference.json", lambda r: r["features"][0]["counts"].pop(), "a-count-less"),
    ("reference.json", lambda r: r["features"][0].update(missing=-1), "fewer-than-none-missing"),
    ("reference.json", lambda r: r["features"][0].update(missing=10**6), "more-than-all-missing"),
    ("reference.json", lambda r: r["features"][0]["edges"].reverse(), "falling-edges"),
    ("reference.json", lambda r: r["features"][0].update(edges=None), "places-of-a-number"),
    ("reference.json", lambda r: r["scores"].update(edges=None), "scores-as-categories"),
    ("reference.json", lambda r: r.update(n_customers="many"), "customers-are-text"),
]


@pytest.mark.parametrize(
    ("name", "change"), [case[:2] for case in UNFIT], ids=[case[2] for case in UNFIT]
)
def test_parts_that_do_not_fit_are_refused_though_signed(copy, name, change) -> None:
    folder = copy()
    rewrite(folder, name, change)
    with pytest.raises(BundleError, match="Fetch the bundle again"):
        read_bundle(folder, key=KEY)


def test_trees_that_read_other_features_are_refused(copy) -> None:
    folder = copy("lightgbm")
    rewrite(folder, "features.json", lambda features: features.pop())
    with pytest.raises(BundleError, match=r"read 3 features, but features\.json names 2"):
        read_bundle(folder, key=KEY)


@pytest.mark.parametrize("content", ["", "tree\n", "no model at all", "[" * 5000])
def test_a_text_that_is_no_model_is_refused(copy, content) -> None:
    folder = copy("lightgbm")
    manifest = json.loads((folder / MANIFEST).read_bytes())
    (folder / "model.lgb").write_text(content)
    manifest["files"]["model.lgb"] = hashlib.sha256(content.encode()).hexdigest()
    (folder / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(BundleError):
        read_bundle(folder, key=None)


@pytest.mark.parametrize("content", [b"[" * 100_000, b"\xff", b"nul", b"[]", b"3"])
def test_a_manifest_that_is_none_is_refused(copy, content) -> None:
    folder = copy()
    (folder / MANIFEST).write_bytes(content)
    with pytest.raises(BundleError):
        read_bundle(folder, key=None)


def test_a_folder_that_is_none_is_refused(tmp_path) -> None:
    with pytest.raises(BundleError, match=r"Expected the file manifest\.json"):
        read_bundle(tmp_path / "gone", key=None)


@pytest.mark.parametrize(
    ("signed_with", "read_with", "is_accepted"),
    [
        pytest.param(KEY, KEY, True, id="same-key"),
        pytest.param(KEY, b"another", False, id="another-key"),
        pytest.param(None, KEY, False, id="unsigned"),
        pytest.param(None, None, True, id="no-key-anywhere"),
        pytest.param(KEY, None, True, id="signed-but-nobody-asks"),
    ],
)
def test_a_key_asks_for_its_own_signature(tmp_path, signed_with, read_with, is_accepted) -> None:
    written(tmp_path / "bundle", "logistic", key=signed_with)
    if is_accepted:
        bundle = read_bundle(tmp_path / "bundle", key=read_with)
        assert bundle.is_signed == (read_with is not None)
        return
    with pytest.raises(BundleError, match="signed with the configured key"):
        read_bundle(tmp_path / "bundle", key=read_with)


def test_the_signature_is_checked_before_anything_is_parsed(copy) -> None:
    folder = copy()
    (folder / MANIFEST).write_text("no json")
    with pytest.raises(BundleError, match="signed with the configured key"):
        read_bundle(folder, key=KEY)


@pytest.mark.parametrize(
    ("off", "is_accepted"), [(1e-12, True), (1e-6, False), (float("nan"), False)]
)
def test_golden_rows_must_score_as_in_training(copy, off, is_accepted) -> None:
    folder = copy()

    def shift(golden):
        golden["p_churn"][2] += off

    rewrite(folder, "golden.json", shift)
    if is_accepted:
        check_golden(read_bundle(folder, key=KEY))
        return
    with pytest.raises(BundleError, match=r"golden( rows|\.json)"):
        check_golden(read_bundle(folder, key=KEY))


def reference_of(p_churn) -> Reference:
    scores = np.asarray(p_churn, dtype=float)
    return Reference.of(np.zeros((len(scores), 0)), p_churn=scores, scales=(), as_of="2025-01-01")


def test_features_filled_with_other_parameters_stand_on_another_basis(originals) -> None:
    bundle = read_bundle(originals["logistic"][0], key=KEY)
    first, second = (replace(bundle, expectations={"r": r}).basis for r in (0.5, 0.6))
    assert first != second
    assert first.differs_in_fit_only(second)
    assert first.differs_in_fit_only(bundle.basis)
    elsewhere = replace(first, lookback_days=30)
    assert not elsewhere.differs_in_fit_only(second)


@pytest.mark.parametrize(
    ("reference", "p_churn", "expected"),
    [
        pytest.param([0.3] * 500, 0.3, 0, id="all-at-the-same-risk"),
        pytest.param([0.3] * 500, 0.31, 100, id="above-all"),
        pytest.param([0.3] * 500, 0.29, 0, id="below-all"),
        pytest.param([0.1] * 60 + [0.9] * 41, 0.1, 0, id="at-the-lower-tie"),
        pytest.param([0.1] * 60 + [0.9] * 41, 0.9, 60, id="at-the-upper-tie"),
        pytest.param([0.1] * 60 + [0.9] * 41, 0.5, 59.5, id="between-ties"),
        pytest.param([0.1] * 60 + [0.9] * 41, 0.95, 100, id="above-the-upper-tie"),
        pytest.param(np.linspace(0, 1, 101), 0.25, 25, id="no-ties"),
    ],
)
def test_a_percentile_counts_only_who_is_at_strictly_lower_risk(
    reference, p_churn, expected
) -> None:
    found = reference_of(reference).percentile(np.array([p_churn, p_churn]))
    np.testing.assert_allclose(found, [expected] * 2, atol=1e-9)


@pytest.mark.property
@given(
    st.lists(st.sampled_from([0.0, 0.1, 0.2, 0.5, 0.7, 1.0]), min_size=101, max_size=101),
    st.just(0.0) | st.floats(1e-9, 1),  # quantiles themselves are only exact to 1e-17
)
def test_where_the_quantiles_are_the_customers_the_percentile_is_their_count(
    reference, p_churn
) -> None:
    at = sum(risk < p_churn for risk in reference)
    found = float(reference_of(reference).percentile(np.array([p_churn]))[0])
    assert max(0, at - 1) <= found <= at
    if p_churn in reference:
        assert found == at


def test_risk_by_day_of_other_features_is_refused(copy) -> None:
    folder = copy()

    def one_feature(content):
        content["after"][0]["weights"] = [1.0]

    rewrite(folder, "horizons.json", one_feature)
    with pytest.raises(BundleError, match=r"Expected risk by day"):
        read_bundle(folder, key=KEY)
