"""Single checks of the gate on a bundle whose figures are set by hand."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from by_hand import PRESENT
from ebbtide.errors import NotReady, SettingsError
from ebbtide.gate_settings import GateSettings
from ebbtide.scorer.ranks import RankScale
from training.gate import judge, refused_over, require_passed, verdict
from training.gate.log import hours_shifted
from training.gate.serving import median_ms

if TYPE_CHECKING:
    from collections.abc import Callable

    from ebbtide.bundle.contents import Bundle
    from trained_shops import Shop

SHOP_HOURS = [0] * 9 + [100, 300, 200, 400] + [0] * 11


@pytest.fixture(scope="module")
def bundle(shop_of: Callable[..., Shop]) -> Bundle:
    return shop_of(seed=5).bundle()


def codes(
    challenger: Bundle, champion: Bundle | None = None, *, at: datetime = PRESENT, **limits: Any
) -> list[str]:
    refusals = judge(challenger, champion, settings=GateSettings(**limits), at=at)
    return [refusal.code for refusal in refusals]


def altered(bundle: Bundle, *path: str, to: object) -> Bundle:
    """A bundle with one figure of its metrics set by hand."""
    manifest = copy.deepcopy(bundle.manifest)
    place = manifest["metrics"]
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = to
    return replace(bundle, manifest=manifest)


def with_measure(bundle: Bundle, name: str, value: float, low: float, high: float) -> Bundle:
    estimate = {"value": value, "low": low, "high": high}
    return altered(bundle, "evaluation", "measures", name, to=estimate)


def test_a_healthy_model_passes_alone_and_beside_itself(bundle: Bundle) -> None:
    assert codes(bundle) == []
    assert codes(bundle, bundle) == []


def test_a_model_level_with_the_best_rule_is_not_better(bundle: Bundle) -> None:
    auc = bundle.manifest["metrics"]["auc"]
    assert codes(altered(bundle, "rule_auc", to={"recency": auc})) == ["not_better"]


def test_a_lead_that_is_not_sure_is_enough(bundle: Bundle) -> None:
    auc = bundle.manifest["metrics"]["auc"]
    assert codes(altered(bundle, "rule_auc", to={"recency": auc - 0.001})) == []


def test_a_model_that_was_not_measured_is_refused(bundle: Bundle) -> None:
    assert codes(altered(bundle, "evaluation", to=None)) == ["unmeasured"]


@pytest.mark.parametrize(
    ("name", "estimate", "refused"),
    [
        ("calibration_error", (0.20, 0.15, 0.25), True),
        ("calibration_error", (0.12, 0.08, 0.15), False),
        ("calibration_slope", (0.50, 0.40, 0.60), True),
        ("calibration_slope", (0.50, 0.30, 0.70), False),
        ("calibration_slope", (1.90, 1.60, 2.20), True),
    ],
)
def test_calibration_is_refused_where_it_is_surely_off(
    bundle: Bundle, name: str, estimate: tuple[float, float, float], refused: bool
) -> None:
    assert codes(with_measure(bundle, name, *estimate)) == ["calibration"] * refused


def test_the_interval_of_auc_must_lie_above_chance(bundle: Bundle) -> None:
    assert codes(with_measure(bundle, "auc", 0.55, 0.49, 0.61)) == ["chance"]


@pytest.mark.parametrize(
    ("n", "gap", "auc", "refusals"),
    [
        (300, (0.20, 0.15, 0.25), (0.7, 0.6, 0.8), 1),
        (300, (-0.20, -0.25, -0.15), (0.3, 0.2, 0.4), 2),
        (300, (0.11, 0.05, 0.15), (0.7, 0.6, 0.8), 0),
        (199, (0.20, 0.15, 0.25), (0.3, 0.2, 0.4), 0),
    ],
    ids=["promised too much", "too little and upside down", "not surely", "too small"],
)
def test_a_slice_is_refused_where_it_is_surely_worse(
    bundle: Bundle,
    n: int,
    gap: tuple[float, float, float],
    auc: tuple[float, float, float],
    refusals: int,
) -> None:
    promised = bundle.manifest["metrics"]["evaluation"]["measures"]["churned_share"]
    level = altered(bundle, "evaluation", "measures", "p_churn_mean", to=promised)
    estimates = {
        name: dict(zip(("value", "low", "high"), each, strict=True))
        for name, each in (("gap", gap), ("auc", auc))
    }
    one = {"attribute": "region", "level": "north", "n": n, **estimates}
    assert codes(altered(level, "evaluation", "slices", to=[one])) == ["slice"] * refusals


def test_near_perfection_is_refused_even_without_a_champion(bundle: Bundle) -> None:
    perfect = altered(bundle, "auc", to=0.98)
    assert codes(perfect) == ["too_good"]
    assert codes(altered(perfect, "rule_auc", to={"recency": 0.9})) == []


def test_golden_rows_that_score_otherwise_cannot_be_accepted(bundle: Bundle) -> None:
    golden = replace(bundle.golden, p_churn=bundle.golden.p_churn + 1e-6)
    refusals = judge(replace(bundle, golden=golden), None, settings=GateSettings(), at=PRESENT)
    assert [refusal.code for refusal in refusals] == ["golden"]
    with pytest.raises(SettingsError, match="'golden'"):
        refused_over(refusals, ["golden"])
    with pytest.raises(NotReady) as refused:
        require_passed(refusals, version="3")
    assert "--accept" not in str(refused.value)


def test_a_model_of_the_future_is_refused(bundle: Bundle) -> None:
    assert codes(bundle, at=datetime(2024, 12, 31, tzinfo=UTC)) == ["future"]


def test_a_slow_model_is_refused(bundle: Bundle) -> None:
    assert codes(bundle, slowest_ms=1e-6) == ["slow"]


def test_a_busy_moment_does_not_make_a_model_slow(bundle: Bundle) -> None:
    ticks = iter(np.cumsum(np.tile([0.0, 0.002], 10_000)))
    n = 2 * len(bundle.golden.rows)
    late = (next(ticks) + (9.0 * place if place < n else 0.0) for place in range(10**6))
    assert median_ms(bundle, clock=lambda: float(next(late))) == pytest.approx(2.0)


def test_units_of_one_feature_are_compared_by_its_scale(bundle: Bundle) -> None:
    place = [feature.name for feature in bundle.scorer.features].index("spend_365d")
    scale = bundle.scorer.scales[place]
    assert isinstance(scale, RankScale)
    cents = replace(scale, values=tuple(100 * value for value in scale.values))
    scales = (*bundle.scorer.scales[:place], cents, *bundle.scorer.scales[place + 1 :])
    scorer = replace(bundle.scorer, scales=scales)
    refusals = judge(
        replace(
            bundle,
            scorer=scorer,
            golden=replace(bundle.golden, p_churn=scorer.p_churn(bundle.golden.rows)),
        ),
        bundle,
        settings=GateSettings(),
        at=PRESENT,
    )
    assert [refusal.code for refusal in refusals] == ["feature_moved"]
    assert "got spend_365d: " in refusals[0].words.en


def test_another_declaration_of_the_same_features_is_refused(bundle: Bundle) -> None:
    assert codes(replace(bundle, catalogue_version="other"), bundle) == ["catalogue"]


def test_another_zone_is_another_definition_and_outcomes_are_not_compared(bundle: Bundle) -> None:
    definition = replace(bundle.definition, time_zone="Asia/Shanghai")
    reference = replace(bundle.reference, n_customers=10 * bundle.reference.n_customers)
    challenger = replace(bundle, definition=definition, reference=reference)
    refusals = judge(challenger, bundle, settings=GateSettings(), at=PRESENT)
    assert [refusal.code for refusal in refusals] == ["definition"]
    assert "time_zone UTC, got time_zone Asia/Shanghai" in refusals[0].words.en


def test_a_champion_that_cannot_be_read_is_a_refusal(bundle: Bundle) -> None:
    refusals = judge(bundle, None, settings=GateSettings(), at=PRESENT, is_champion_unreadable=True)
    assert [refusal.code for refusal in refusals] == ["unreadable_champion"]
    assert refused_over(refusals, ["unreadable_champion"]) == []


def test_the_verdict_names_every_code_and_the_first_reason(bundle: Bundle) -> None:
    early = judge(
        bundle, bundle, settings=GateSettings(slowest_ms=1e-6), at=PRESENT - timedelta(400)
    )
    assert verdict(early).startswith("refused (future, slow): Expected training at ")
    assert verdict([]) == "passed"


def test_every_reason_is_told_at_once_with_how_to_accept_it(bundle: Bundle) -> None:
    early = judge(
        bundle, bundle, settings=GateSettings(slowest_ms=1e-6), at=PRESENT - timedelta(400)
    )
    with pytest.raises(NotReady) as refused:
        require_passed(early, version="3")
    assert "\n  future: Expected" in str(refused.value)
    assert "\n  slow: Expected" in str(refused.value)
    assert str(refused.value).endswith("--accept future --accept slow.")


def test_an_unknown_code_is_not_accepted() -> None:
    with pytest.raises(SettingsError, match="did you mean 'older'"):
        refused_over([], ["oldr"])


@pytest.mark.parametrize(("turn", "shift"), [(8, 8), (-8, -8), (1, None), (0, None)], ids=str)
def test_hours_are_shifted_by_two_or_more(turn: int, shift: int | None) -> None:
    turned = np.roll(SHOP_HOURS, turn).tolist()
    assert hours_shifted(turned, SHOP_HOURS) == shift


def test_other_hours_are_no_shift() -> None:
    assert hours_shifted([50] * 24, SHOP_HOURS) is None
    assert hours_shifted([hour // 100 for hour in SHOP_HOURS], SHOP_HOURS) is None
