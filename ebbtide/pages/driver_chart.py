"""What moves a score most, as bars that lie: their length the weight, their colour the direction.

How the weights are computed is not said here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ebbtide.pages.charts import COLOURS, GREY, to_svg

if TYPE_CHECKING:
    from collections.abc import Sequence

RISES, FALLS, BOTH = "higher value, higher risk", "higher value, lower risk", "no single direction"

DIRECTIONS = {1: RISES, -1: FALLS, 0: BOTH}

_WIDTH = 430
_COLOURS = {RISES: "#c9553d", FALLS: "#1f9e89", BOTH: GREY}


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverBar:
    """One driver.

    Parameters
    ----------
    label : in words.
    share : of all that moves scores, in [0, 1].
    direction : 1 where risk rises with the value, -1 where it falls, 0 where neither is true.
    """

    label: str
    share: float
    direction: int = 0


def driver_chart(bars: Sequence[DriverBar], *, has_direction: bool = True) -> str:
    """Return the bars in the order given, from top to bottom.

    Parameters
    ----------
    bars : at least one.
    has_direction : whether colours say a direction; groups of features have none.

    Examples
    --------
    >>> svg = driver_chart([DriverBar(label="days of silence", share=0.3, direction=1)])
    >>> ">higher value, higher risk<" in svg
    True
    """
    import altair

    labels = [bar.label for bar in bars]
    # Where the longest is short, whole percents would not tell the bars apart.
    digits = 0 if max((bar.share for bar in bars), default=0.0) >= 0.2 else 1
    said = [name for name in _COLOURS if name in {DIRECTIONS[bar.direction] for bar in bars}]
    values = [
        {
            "label": bar.label,
            "share": bar.share,
            "shown": f"{bar.share:.{digits}%}",
            "direction": DIRECTIONS[bar.direction],
        }
        for bar in bars
    ]
    base = altair.Chart(altair.InlineData(values=values)).encode(
        y=altair.Y(
            "label:N",
            sort=labels,
            title=None,
            axis=altair.Axis(labelLimit=320, labelPadding=8, ticks=False, domain=False),
        ),
        x=altair.X("share:Q", title=None, axis=None, scale=altair.Scale(zero=True, padding=0)),
    )
    colour = altair.Color(
        "direction:N",
        sort=said,
        scale=altair.Scale(domain=said, range=[_COLOURS[name] for name in said]),
        legend=altair.Legend(title=None, orient="top", symbolType="square", labelLimit=0),
    )
    drawn = base.mark_bar(cornerRadiusEnd=2, height=15, color=COLOURS[0])
    if has_direction:
        drawn = drawn.encode(color=colour)
    text = base.mark_text(align="left", dx=6, color="currentColor").encode(text="shown:N")
    chart = altair.layer(drawn, text).properties(width=_WIDTH, height=27 * len(bars))
    return to_svg(chart)
