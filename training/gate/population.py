"""Whether as many customers live, as many left, and rules and probabilities look as before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ebbtide.words import Words
from training.gate.case import evaluation_of, measured
from training.gate.distance import quantile_distance, surely_apart
from training.gate.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ebbtide.bundle.contents import Bundle
    from training.gate.case import Case

POINTED = 0.6
TURNED = 0.4
"""A rule whose AUC fell from above the first to below the second points the other way."""


def population_alike(case: Case) -> Iterator[Refusal]:
    """Yield how customers, outcomes and probabilities differ from the champion's."""
    champion = case.peer
    if champion is None:
        return
    yield from _customers(case, champion)
    yield from _churned_share(case, champion)
    yield from _upside_down(case.challenger, champion)
    before, now = champion.reference, case.challenger.reference
    apart = surely_apart(
        quantile_distance(now.p_churn_quantiles, before.p_churn_quantiles),
        n=now.n_customers,
        n_before=before.n_customers,
    )
    if apart > case.settings.feature_distance:
        middle, middle_before = (float(each.p_churn_quantiles[50]) for each in (now, before))
        yield Refusal(
            code="probabilities",
            expected=Words(
                f"probabilities spread about as the champion's, median {middle_before:.3f}",
                f"概率分布与现任模型相近(中位数 {middle_before:.3f})",
            ),
            came=Words(
                f"median {middle:.3f}, distance {apart:.2f}",
                f"中位数 {middle:.3f},距离 {apart:.2f}",
            ),
        )


def _customers(case: Case, champion: Bundle) -> Iterator[Refusal]:
    n, before = case.challenger.reference.n_customers, champion.reference.n_customers
    factor = case.settings.customers_factor
    if not before / factor <= n <= before * factor:
        yield Refusal(
            code="customers",
            expected=Words(
                f"{before / factor:,.0f} to {before * factor:,.0f} living customers, the champion "
                f"having {before:,}",
                f"在留客户数在 {before / factor:,.0f} 至 {before * factor:,.0f} 之间"
                f"(现任模型为 {before:,})",
            ),
            came=Words(f"{n:,}", f"{n:,}"),
        )


def _churned_share(case: Case, champion: Bundle) -> Iterator[Refusal]:
    now, before = (measured(each, "churned_share") for each in (case.challenger, champion))
    if now is None or before is None or now["value"] is None or before["value"] is None:
        return
    if abs(now["value"] - before["value"]) > case.settings.churned_share_jump:
        yield Refusal(
            code="churned_share",
            expected=Words(
                f"a share of leavers within {case.settings.churned_share_jump:.0%} of the "
                f"champion's {before['value']:.1%}",
                f"流失比例与现任模型的 {before['value']:.1%} "
                f"相差不超过 {case.settings.churned_share_jump:.0%}",
            ),
            came=Words(f"{now['value']:.1%}", f"{now['value']:.1%}"),
        )


def _upside_down(challenger: Bundle, champion: Bundle) -> Iterator[Refusal]:
    now, before = (evaluation_of(each) for each in (challenger, champion))
    if now is None or before is None:
        return
    for name in sorted(now["rivals"].keys() & before["rivals"].keys()):
        auc, was = (each["rivals"][name]["auc"]["value"] for each in (now, before))
        if was > POINTED and auc < TURNED:
            yield Refusal(
                code="upside_down",
                expected=Words(
                    f"the rule {name} to find leavers, as for the champion (AUC {was:.3f})",
                    f"规则 {name} 能找出流失客户(现任模型时 AUC 为 {was:.3f})",
                ),
                came=Words(f"{auc:.3f}", f"{auc:.3f}"),
            )
