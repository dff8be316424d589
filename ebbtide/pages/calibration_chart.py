"""Promised against realised share, with intervals, and how often each promise was made.

The bins and their intervals come from whoever measured them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ebbtide.pages.charts import COLOURS, GREY, to_svg

if TYPE_CHECKING:
    from collections.abc import Sequence

_SIDE = 400
_HISTOGRAM_HEIGHT = 70
_TICKS = [0, 0.2, 0.4, 0.6, 0.8, 1.0]


@dataclass(frozen=True, slots=True, kw_only=True)
class PromisedBin:
    """Customers of like promise.

    Parameters
    ----------
    n : how many.
    promised : their mean probability.
    realised : the share that came true.
    low, high : interval of that share.
    """

    n: int
    promised: float
    realised: float
    low: float
    high: float


def calibration_chart(
    bins: Sequence[PromisedBin],
    histogram: Sequence[tuple[float, float, float]] = (),
    *,
    event: str = "churned",
) -> str:
    """Return the plot of promises against what came, and below it how many got each promise.

    Parameters
    ----------
    bins : groups of customers of like promise.
    histogram : lower end, upper end and number (or share) of customers of each interval of
        probability; without it there is no lower plot.
    event : what was promised, in the past tense.

    Examples
    --------
    >>> bins = [PromisedBin(n=50, promised=0.2, realised=0.24, low=0.14, high=0.37)]
    >>> svg = calibration_chart(bins, [(0.0, 0.5, 50.0), (0.5, 1.0, 0.0)])
    >>> ">share that churned<" in svg
    True
    """
    import altair

    unit, percent = _unit(), altair.Axis(format=".0%", values=_TICKS)
    x = altair.X("promised:Q", scale=unit, title="" if histogram else "promised", axis=percent)
    line = altair.Chart(altair.InlineData(values=[{"at": 0, "to": 0}, {"at": 1, "to": 1}]))
    diagonal = line.mark_line(color=GREY, strokeDash=[5, 4], strokeWidth=1.4).encode(
        x=altair.X("at:Q", scale=unit), y=altair.Y("to:Q", scale=unit)
    )
    values = [
        {"promised": b.promised, "realised": b.realised, "low": b.low, "high": b.high} for b in bins
    ]
    base = altair.Chart(altair.InlineData(values=values)).encode(x=x)
    whiskers = base.mark_rule(color=COLOURS[0], strokeWidth=2.2, opacity=0.55).encode(
        y=altair.Y("low:Q", scale=unit), y2="high:Q"
    )
    dots = base.mark_circle(color=COLOURS[0], size=85, opacity=1).encode(
        y=altair.Y(
            "realised:Q",
            scale=unit,
            title=f"share that {event}",
            axis=percent,
        )
    )
    said = [
        _said("more left than promised", is_above=True),
        _said("fewer left than promised", is_above=False),
    ]
    plot = altair.layer(*said, diagonal, whiskers, dots).properties(width=_SIDE, height=_SIDE)
    if not histogram:
        return to_svg(plot)
    rows = [{"from": low, "to": high, "none": 0, "n": n} for low, high, n in histogram]
    bars = (
        altair.Chart(altair.InlineData(values=rows))
        .mark_rect(color=COLOURS[0], opacity=0.45)
        .encode(
            x=altair.X("from:Q", scale=unit, title="promised probability", axis=percent),
            x2="to:Q",
            y=altair.Y("none:Q", title="customers", axis=altair.Axis(tickCount=2, format=",.0f")),
            y2="n:Q",
        )
        .properties(width=_SIDE, height=_HISTOGRAM_HEIGHT)
    )
    return to_svg(altair.vconcat(plot, bars, spacing=6))


def _said(text: str, *, is_above: bool) -> Any:
    """Return words in the corner above or below the diagonal."""
    import altair

    at = 0.03 if is_above else 0.97
    data = altair.InlineData(values=[{"x": at, "y": 1 - at, "text": text}])
    mark = altair.Chart(data).mark_text(
        color=GREY,
        align="left" if is_above else "right",
        baseline="top" if is_above else "bottom",
        fontSize=12,
    )
    x, y = altair.X("x:Q", scale=_unit()), altair.Y("y:Q", scale=_unit())
    return mark.encode(x=x, y=y, text="text:N")


def _unit() -> Any:
    import altair

    return altair.Scale(domain=[0, 1], nice=False)
