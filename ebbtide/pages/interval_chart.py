"""Values with their intervals as dots with whiskers, one row under the other.

What the values are is for the report that shows them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ebbtide.pages.charts import COLOURS, to_svg

if TYPE_CHECKING:
    from collections.abc import Sequence

ROW_HEIGHT = 30
"""Pixels for each row of dots."""

_WIDTH = 450


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """A value on a row, with its interval.

    Parameters
    ----------
    row : the text at the left; dots of the same text share a row.
    series : what the dot belongs to, told apart by colour.
    value : where the dot stands.
    low, high : ends of the whiskers; None where no interval is known.
    """

    row: str
    series: str
    value: float
    low: float | None = None
    high: float | None = None


def interval_chart(
    dots: Sequence[Dot],
    *,
    x_title: str,
    x_format: str = "",
    rule_at: float | None = None,
    rule_label: str = "",
) -> str:
    """Return dots with whiskers, in the order given from top to bottom.

    Parameters
    ----------
    dots : at least one.
    x_title : of the values, with their unit.
    x_format : of the values, in the language of d3.
    rule_at : where a value to compare with is marked, if anywhere.
    rule_label : stands above the mark.

    Examples
    --------
    >>> dots = [
    ...     Dot(row="model", series="model", value=0.79, low=0.77, high=0.81),
    ...     Dot(row="recency", series="rule", value=0.76, low=0.74, high=0.78),
    ... ]
    >>> svg = interval_chart(dots, x_title="AUC", x_format=".2f", rule_at=0.76, rule_label="rule")
    >>> all(f">{text}<" in svg for text in ("model", "recency", "AUC"))
    True
    """
    import altair

    rows = list(dict.fromkeys(dot.row for dot in dots))
    names = list(dict.fromkeys(dot.series for dot in dots))
    values = [
        {"row": d.row, "series": d.series, "value": d.value, "low": d.low, "high": d.high}
        for d in dots
    ]
    y: dict[str, Any] = {
        "y": altair.Y(
            "row:N",
            sort=rows,
            title=None,
            axis=altair.Axis(labelLimit=260, labelPadding=10, ticks=False, domain=False, grid=True),
        )
    }
    # Bars of one row would cover each other; bare dots may share the line.
    if len({dot.row for dot in dots}) < len(dots) and any(dot.low is not None for dot in dots):
        y["yOffset"] = altair.YOffset("series:N", sort=names, scale=altair.Scale(paddingOuter=0.6))
    colour = altair.Color(
        "series:N",
        sort=names,
        scale=altair.Scale(
            domain=names, range=[COLOURS[i % len(COLOURS)] for i in range(len(names))]
        ),
        legend=altair.Legend(
            title=None,
            orient="top",
            symbolOpacity=1,
            labelLimit=0,
            offset=8 if rule_at is None else 24,
        )
        if len(names) > 1
        else None,
    )
    scale = altair.Scale(zero=False, nice=True, padding=12)
    axis = altair.Axis(format=x_format or ",~r", grid=False, tickCount=6)
    data = altair.InlineData(values=values)
    per_row = ROW_HEIGHT * (1 if "yOffset" not in y else max(1.0, 0.7 * len(names)))
    base = altair.Chart(data).encode(color=colour, **y)
    base = base.properties(width=_WIDTH, height=max(90, per_row * len(rows)))
    whiskers = base.transform_filter("isValid(datum.low)").mark_rule(strokeWidth=2.5, opacity=0.55)
    whiskers = whiskers.encode(x=altair.X("low:Q", scale=scale), x2="high:Q")
    points = base.mark_circle(size=95, opacity=1).encode(
        x=altair.X("value:Q", title=x_title, scale=scale, axis=axis)
    )
    layers = [whiskers, points]
    if rule_at is not None:
        layers = [*_mark(rule_at, rule_label), *layers]
    return to_svg(altair.layer(*layers))


def _mark(at: float, label: str) -> list[Any]:
    """Return a dashed upright line and its label above the drawing area."""
    import altair

    data = altair.InlineData(values=[{"x": at, "label": label}])
    rule = altair.Chart(data).mark_rule(color="currentColor", strokeDash=[4, 3], opacity=0.7)
    text = altair.Chart(data).mark_text(color="currentColor", baseline="bottom", dy=-4, y=0)
    return [rule.encode(x="x:Q"), text.encode(x="x:Q", text="label:N")]
