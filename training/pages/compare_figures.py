"""The picture of the compare page: what moves the scores of either model, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ebbtide.pages.interval_chart import Dot, interval_chart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from training.pages.report_input import ShownDriver


def shares_chart(champion: Sequence[ShownDriver], challenger: Sequence[ShownDriver]) -> str:
    """Return a row for each driver with a dot for either model, the strongest of today first.

    Parameters
    ----------
    champion, challenger : features, or groups of them, with their shares.
    """
    before = {each.name: each.share for each in champion}
    now = {each.name: each.share for each in challenger}
    names = sorted({*before, *now}, key=lambda name: (-now.get(name, 0.0), name))
    dots = []
    for name in names:
        for series, shares in (("champion", before), ("challenger", now)):
            if name in shares:
                dots.append(Dot(row=name, series=series, value=shares[name]))
    return interval_chart(dots, x_title="share of all movement of the scores", x_format=".0%")
