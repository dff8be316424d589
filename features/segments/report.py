"""Tables of segments, levels and types that a verb prints for a person, in English or Chinese."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from ebbtide.words import Words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.words import Language
    from features.segments.profile import GroupProfile

TITLES = {
    "rfm_segment": Words("RFM segments", "RFM 客户细分"),
    "customer_level": Words("Customer levels", "客户等级"),
    "value_type": Words("Value types", "客户价值类型"),
}

_NUMBERS = (
    Words("customers", "客户数"),
    Words("share", "占比"),
    Words("of spend", "消费占比"),
    Words("recency, days", "平均最近消费(天)"),
    Words("purchase days", "平均购买天数"),
)
_SPEND = Words("net spend, {currency}", "平均净消费({currency})")
_OUTCOME = (Words("churned", "流失数"), Words("churn rate", "流失率"))


def profile_table(
    column: str, described: Sequence[GroupProfile], *, currency: str, language: Language
) -> Table:
    """Return the table of one grouping; the outcome is shown where it is known.

    Parameters
    ----------
    column : the grouping.
    described : its groups.
    currency : of the project.
    language : of names and headings.
    """
    is_known = any(each.churned is not None for each in described)
    headings = [words[language] for words in _NUMBERS]
    headings.append(_SPEND[language].format(currency=currency))
    headings += [words[language] for words in _OUTCOME if is_known]
    table = Table(title=TITLES[column][language])
    table.add_column(column, no_wrap=True)
    for heading in headings:
        table.add_column(heading, justify="right")
    for each in described:
        cells = [
            f"{each.customers:,}",
            _shown(each.share, ".1%"),
            _shown(each.spend_share, ".1%"),
            _shown(each.recency_days, ".0f"),
            _shown(each.purchase_days, ".1f"),
            _shown(each.net_spend, ",.0f"),
        ]
        if is_known:
            cells += [_shown(each.churned, ",d"), _shown(each.churn_rate, ".1%")]
        table.add_row(each.group.name[language], *cells)
    return table


def _shown(number: float | None, form: str) -> str:
    return "" if number is None else format(number, form)
