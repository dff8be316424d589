"""A model of 600 customers, as its report would get it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from typing import TYPE_CHECKING

import numpy as np
import pytest

from ebbtide.evaluation_settings import EvaluationSettings
from training.evaluation.bootstrap import Estimate
from training.evaluation.evaluate import evaluate
from training.evaluation.judged import Judged
from training.grade import grade
from training.judgement import Judgement
from training.pages.report_input import (
    DataWindow,
    Period,
    ReportInput,
    ShownDriver,
    ShownDrivers,
    ShownGrade,
    Tried,
)

if TYPE_CHECKING:
    from collections.abc import Callable

N = 600
SETTINGS = EvaluationSettings(resamples=200, smallest_slice=50)


def judged(**changes) -> Judged:
    """Customers whose promises are right, with a rule that ranks worse."""
    rng = np.random.default_rng(5)
    p_churn = np.linspace(0.02, 0.98, N)
    parts = {
        "as_of": datetime(2026, 3, 1, tzinfo=UTC),
        "customer_ids": np.arange(N).astype(str),
        "churned": (rng.random(N) < p_churn) * 1.0,
        "log_odds": np.log(p_churn / (1 - p_churn)),
        "p_churn": p_churn,
        "rules": {"recency": p_churn + rng.normal(0, 0.6, N), "dummy": np.zeros(N)},
        "value": np.full(N, np.nan),
        "attributes": {"region": np.array(["north", "south"] * 298 + ["east"] * 4)},
    }
    return Judged(**{**parts, **changes})


def judgement_of(*, is_later_period: bool = True, **changes) -> Judgement:
    """What such a model is worth."""
    found = evaluate(judged(**changes), settings=SETTINGS, seed=0)
    return Judgement(evaluations=(found,), grade=grade(found, is_later_period=is_later_period))


def _text(html: str) -> str:
    without_pictures = re.sub(r"<svg.*?</svg>|</?span[^>]*>", "", html, flags=re.S)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", without_pictures)))


@pytest.fixture(scope="session")
def text_of() -> Callable[[str], str]:
    """What a reader sees of a page, without markup and pictures."""
    return lambda html: _text(html[html.index("<main>") :])


@pytest.fixture(scope="session")
def section() -> Callable[[str, str], str]:
    """The text of a page's section by its title."""

    def read(html: str, title: str) -> str:
        parts = re.findall(r"<section[^>]*>\s*<h2>(.*?)</h2>(.*?)</section>", html, flags=re.S)
        return _text(dict(parts)[title])

    return read


@pytest.fixture(scope="session")
def judgement() -> Judgement:
    return judgement_of()


@pytest.fixture(scope="session")
def report(judgement: Judgement) -> ReportInput:
    """A model that was graded, tried beside others and tested at three periods."""
    evaluation = judgement.evaluations[0]
    return ReportInput(
        project="corner shop",
        version="4",
        bundle_version="0123456789ab",
        kind="blend",
        made_by={"weight_logistic": 0.5},
        churn_is="no purchase in the 90 days from as_of, by a customer who purchased lately",
        definition="inactivity-90d-01234567",
        grade=ShownGrade(
            letter=judgement.grade.letter, reasons=[each.en for each in judgement.grade.reasons]
        ),
        gate="passed",
        evaluation=evaluation,
        day="2026-03-01",
        checked_on="a later period",
        window=DataWindow(
            trained_as_of="2026-06-01",
            snapshots=["2025-03-01", "2025-06-01"],
            rows=18_311,
            customers=4_902,
            features=88,
            families=["recency", "buy_till_you_die"],
            lookback_days=365,
            newest_customers=4_302,
            tables=[("transactions", 123_456, "2024-01-01", "2026-05-31")],
        ),
        tried=[
            Tried(kind="blend", is_served=True, mean_auc=0.81, measures={"auc": 0.8}),
            Tried(kind="logistic", is_served=False, mean_auc=0.79, measures={"auc": 0.82}),
            Tried(kind="random_forest", is_served=False, failed="its scores are all equal"),
        ],
        periods=[
            Period(day="2025-09-01", auc=Estimate(value=0.77, low=np.nan, high=np.nan)),
            Period(
                day="2026-03-01",
                auc=evaluation.measures["auc"],
                best_rule_auc=evaluation.rivals["recency"].auc,
            ),
        ],
        drivers=ShownDrivers(
            n_rows=1_000,
            features=[
                ShownDriver(name="recency days", share=0.3, direction=1, meaning="Days since."),
                ShownDriver(name="orders, 90 days", share=0.2, direction=-1, meaning="Orders."),
            ],
            families=[ShownDriver(name="recency", share=0.6), ShownDriver(name="rest", share=0.4)],
            causes=[ShownDriver(name="disengagement", share=1.0)],
        ),
        level="35% churned when last seen, and 31% are expected to.",
        lineage=[("hash of the data", "89abcdef01234567"), ("seed", "0")],
        currency="GBP",
    )


@pytest.fixture(scope="session")
def undated(report: ReportInput) -> ReportInput:
    """The same of a table without dates: no grade, no periods."""
    found = judgement_of(as_of=None, is_later_period=False, rules={}, attributes={})
    return replace(
        report,
        evaluation=found.evaluations[0],
        grade=ShownGrade(letter=None, reasons=[each.en for each in found.grade.reasons]),
        day="",
        gate=None,
        level="",
        periods=[],
        window=replace(report.window, trained_as_of="", snapshots=[], tables=[]),
    )
