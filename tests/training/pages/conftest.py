"""A model with literal figures, as its report would get them."""

from __future__ import annotations

import pytest

from ebbtide.pages.calibration_chart import PromisedBin
from training.pages.measured import GainsPoint, Measured, Profit, Rival, Slice, Value
from training.pages.report_input import (
    DataWindow,
    Drivers,
    Period,
    ReportInput,
    ShownDriver,
    ShownGrade,
    Tried,
)

BINS = tuple(
    PromisedBin(n=268, promised=p, realised=r, low=r - 0.06, high=r + 0.06)
    for p, r in (
        (0.12, 0.10),
        (0.24, 0.19),
        (0.38, 0.31),
        (0.50, 0.37),
        (0.60, 0.45),
        (0.68, 0.55),
        (0.75, 0.62),
        (0.81, 0.70),
        (0.86, 0.79),
        (0.92, 0.88),
    )
)
GAINS = tuple(
    GainsPoint(
        contacted=step / 20,
        found=1 - (1 - step / 20) ** 1.9,
        found_by_rule=1 - (1 - step / 20) ** 1.7,
    )
    for step in range(21)
)
MEASURED = Measured(
    period="2011-06-11",
    n=2_684,
    n_churned=1_331,
    measures={
        "auc": Value(value=0.7731, low=0.7556, high=0.7903),
        "average_precision": Value(value=0.7512, low=0.7271, high=0.7758),
        "log_loss": Value(value=0.6123, low=0.5851, high=0.6402),
        "brier": Value(value=0.2084, low=0.1998, high=0.2171),
        "calibration_slope": Value(value=0.94, low=0.86, high=1.03),
        "calibration_intercept": Value(value=-0.47, low=-0.56, high=-0.38),
        "calibration_error": Value(value=0.0871, low=0.0705, high=0.1042),
        "top_decile_lift": Value(value=1.78, low=1.71, high=1.86),
        "lift_quality": Value(value=0.55, low=0.51, high=0.59),
        "precision_at_capacity": Value(value=0.883, low=0.851, high=0.914),
        "p_churn_mean": Value(value=0.5861),
    },
    rivals=(
        Rival(
            name="days since last purchase",
            auc=Value(value=0.7402, low=0.7215, high=0.7588),
            difference=Value(value=0.0329, low=0.0214, high=0.0447),
        ),
        Rival(
            name="buy-till-you-die",
            auc=Value(value=0.7634, low=0.7451, high=0.7809),
            difference=Value(value=0.0097, low=0.0021, high=0.0173),
        ),
        Rival(
            name="few purchase days",
            auc=Value(value=0.7611, low=0.7433, high=0.7786),
            difference=Value(value=0.0120, low=-0.0004, high=0.0233),
        ),
        Rival(
            name="everybody alike",
            auc=Value(value=0.5, low=0.5, high=0.5),
            difference=Value(value=0.2731, low=0.2556, high=0.2903),
        ),
    ),
    bins=BINS,
    histogram=tuple(
        (step / 20, (step + 1) / 20, float(n))
        for step, n in enumerate(
            (8, 60, 95, 120, 130, 110, 118, 125, 131, 140, 155, 162, 171, 188, 201, 230, 260, 170,
             90, 20)
        )
    ),
    gains=GAINS,
    profit=Profit(
        curve=[(s / 20, 40 * (s / 20) * (1 - 0.7 * s / 20) - 2) for s in range(21)],
        best_share=0.7,
        best_profit=12.28,
        mpc=Value(value=12.28, low=11.2, high=13.4),
        empc=Value(value=12.6, low=11.5, high=13.8),
        assumptions={"value of a customer": 200, "cost of a contact": 1},
    ),
    slices=(
        Slice(
            attribute="value tier", level="high", n=895, churned=0.31, promised=0.36,
            auc=Value(value=0.741, low=0.708, high=0.773), selected=0.03, found=0.08,
        ),
        Slice(
            attribute="value tier", level="middle", n=894, churned=0.52, promised=0.60,
            auc=Value(value=0.722, low=0.688, high=0.755), selected=0.10, found=0.17,
        ),
        Slice(
            attribute="value tier", level="low", n=895, churned=0.65, promised=0.79,
            auc=Value(value=0.701, low=0.664, high=0.737), selected=0.17, found=0.24,
        ),
        Slice(attribute="region", level="Eire", n=12, is_too_small=True),
        Slice(
            attribute="region", level="United Kingdom", n=2_672, churned=0.50, promised=0.58,
            auc=Value(value=0.773, low=0.755, high=0.790), selected=0.10, found=0.18,
        ),
    ),
    capacity_share=0.1,
)  # fmt: skip
REPORT = ReportInput(
    project="a gift wholesaler",
    version="4",
    bundle_version="0123456789ab",
    kind="blend",
    churn_is=(
        "no purchase in the 90 days from as_of, by a customer who purchased in the 365 days before"
    ),
    definition="inactivity-90d-01234567",
    grade=ShownGrade(
        letter="B",
        reasons=[
            "The lower bound of the gain over the best rule is above 0 (+0.002).",
            "Probabilities at a later period miss by 8.7 points; A needs 5 or less.",
        ],
    ),
    gate="passed",
    measured=MEASURED,
    checked_on="a later period",
    window=DataWindow(
        trained_as_of="2011-09-09",
        snapshots=["2010-06-01", "2010-09-01", "2010-12-01", "2011-03-01", "2011-06-11"],
        rows=18_311,
        customers=4_902,
        features=88,
        families=["recency", "frequency", "monetary", "buy_till_you_die"],
        lookback_days=365,
        newest_customers=4_302,
    ),
    tried=[
        Tried(
            kind="blend",
            is_served=True,
            mean_auc=0.7925,
            measures={"auc": 0.7731, "log_loss": 0.6123, "calibration_error": 0.0871},
        ),
        Tried(
            kind="logistic",
            is_served=False,
            mean_auc=0.7869,
            measures={"auc": 0.7745, "log_loss": 0.6139, "calibration_error": 0.0912},
        ),
        Tried(kind="random_forest", is_served=False, failed="the scores do not rank"),
    ],
    periods=[
        Period(
            day="2010-12-01",
            auc=Value(value=0.784, low=0.765, high=0.803),
            best_rule_auc=Value(value=0.788, low=0.769, high=0.806),
        ),
        Period(
            day="2011-03-01",
            auc=Value(value=0.787, low=0.769, high=0.805),
            best_rule_auc=Value(value=0.777, low=0.758, high=0.796),
        ),
        Period(
            day="2011-06-11",
            auc=Value(value=0.7731, low=0.7556, high=0.7903),
            best_rule_auc=Value(value=0.7634, low=0.7451, high=0.7809),
        ),
    ],
    drivers=Drivers(
        features=[
            ShownDriver(
                name="recency days", share=0.21, direction=1, family="recency",
                meaning="Days since the last purchase.", cause="disengagement",
            ),
            ShownDriver(
                name="purchase days, 365 days", share=0.17, direction=-1, family="frequency",
                meaning="Days with a purchase in the last 365.", cause="disengagement",
            ),
            ShownDriver(
                name="expected purchases", share=0.08, direction=0, family="buy till you die",
                meaning="Purchases to expect by the buying model.", cause="disengagement",
            ),
            ShownDriver(
                name="months with a purchase, 360 days", share=0.004, direction=-1,
                family="frequency", meaning="Months with a purchase.", cause="disengagement",
            ),
        ],
        families=[
            ShownDriver(name="recency", share=0.4),
            ShownDriver(name="frequency", share=0.35),
            ShownDriver(name="monetary", share=0.1),
        ],
        causes=[
            ShownDriver(name="disengagement", share=0.7),
            ShownDriver(name="value for money", share=0.2),
        ],
    ),
    level="fewer customers than last season are expected to leave; log-odds lowered by 0.30.",
    lineage=[("hash of the data", "89abcdef01234567"), ("seed", "0"), ("lightgbm", "4.6.0")],
    currency="GBP",
)  # fmt: skip


@pytest.fixture
def report() -> ReportInput:
    """A model that was graded, tried beside others and tested at three periods."""
    return REPORT
