"""Section of the report that says what a campaign led by the model would earn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ebbtide.pages.page import Chart, Facts, Grid, Paragraph, Section
from training.pages import figures, wording
from training.pages.measure_words import written

if TYPE_CHECKING:
    from ebbtide.pages.page import Cell
    from training.evaluation.evaluation import Evaluation


def profit_section(evaluation: Evaluation, currency: str) -> Section:
    """Return what contacting so many customers earns, under assumptions that are stated.

    Parameters
    ----------
    evaluation : the model.
    currency : of the project.
    """
    profit, campaign = evaluation.profit, evaluation.profit.assumptions
    money = f" {currency}" if currency else ""
    facts: list[tuple[str, Cell, str]] = [
        (
            "it pays most to contact",
            f"the riskiest {profit.mpc_share.value:.0%}",
            _shares(profit.mpc_share.low, profit.mpc_share.high),
        ),
        (
            "profit then, for each customer of all",
            f"{written('mpc', profit.mpc.value)}{money}",
            _within("mpc", profit.mpc.low, profit.mpc.high),
        ),
    ]
    if profit.empc_difference is not None:
        facts.append(
            (
                "more than led by the best rule",
                f"{wording.signed(profit.empc_difference.value, '+.2f')}{money}",
                wording.signed_interval(profit.empc_difference, "+.2f"),
            )
        )
    return Section(
        "What contacting is worth",
        [
            Paragraph(
                "A contact costs money, an offer costs more, and only some of those who would "
                "leave accept it. Under the assumptions below, contacting more customers pays up "
                "to a point."
            ),
            Facts(facts),
            Chart(
                figures.profit_chart(profit, currency),
                "The first customers contacted are those at highest risk. Where the line falls, "
                "each further contact costs more than it keeps.",
            ),
            Grid(
                ("assumption", "value"),
                [
                    ("a customer who is kept is worth", f"{campaign.clv:,.6g}{money}"),
                    ("the offer costs, for each who takes it", f"{campaign.incentive:,.6g}{money}"),
                    ("a contact costs", f"{campaign.contact_cost:,.6g}{money}"),
                    ("of those who would leave, the offer keeps", f"{campaign.save_rate:.0%}"),
                ],
                f"Set in [evaluation] of the project file; every stayer who is contacted is taken "
                f"to accept the offer, too. Not knowing the save rate, but only that it is Beta "
                f"({campaign.alpha:g}, {campaign.beta:g}), the expected maximum profit (EMPC) is "
                f"{written('empc', profit.empc.value)}{money} for each customer.",
            ),
        ],
    )


def _shares(low: float, high: float) -> str:
    return "" if low != low or high != high else f"{low:.0%} to {high:.0%}"


def _within(name: str, low: float, high: float) -> str:
    return "" if low != low or high != high else f"{written(name, low)} to {written(name, high)}"
