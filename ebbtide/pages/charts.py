"""Line and bar charts as SVG text, in the one look of all reports.

What they show is for the report. Text takes the colour of the page around it, so that a chart
reads on light and dark ground.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

COLOURS = ("#2f80c9", "#e07b39", "#1f9e89", "#a066d3", "#d1567f", "#8a94a6")
"""One for each series, told apart by the colour-blind and on light and dark ground."""

GREY = COLOURS[-1]
"""Of what is there for comparison only."""

_ID = re.compile(r"""(?<=["#])clip\d+(?=[")])""")

_WIDTH = re.compile(r'<svg [^>]*?\bwidth="([\d.]+)"')

LARGEST_SCALE = 1.18
SMALLEST_SCALE = 0.75
"""How far a chart grows to fill the page, and shrinks before a narrow one scrolls over it."""

WIDTH, HEIGHT = 680, 260
"""Of the drawing area, in pixels."""


def line_chart(
    series: Mapping[str, Sequence[tuple[float | date, float | None]]],
    *,
    x_title: str,
    y_title: str,
    y_format: str = "",
    from_zero: bool = True,
    rule_at: float | date | None = None,
    rule_label: str = "",
    bands: Mapping[str, Sequence[tuple[float | date, float, float]]] | None = None,
    faint: Collection[str] = (),
    x_format: str = "",
) -> str:
    """Return lines over numbers or days.

    Parameters
    ----------
    series : points of each line, by its name; a point without a value leaves a gap.
    x_title, y_title : of the axes, with their unit.
    y_format : of the values, in the language of d3, such as ``.0%``; empty for plain numbers.
    from_zero : whether the axis of values begins at zero.
    rule_at : where on the x axis a recommended value is marked, if anywhere.
    rule_label : stands beside the mark.
    bands : lower and upper ends of an interval around lines, by the line's name.
    faint : names of lines that are there for comparison only: grey, thin and dashed.
    x_format : of numbers on the x axis, in the language of d3.

    Examples
    --------
    >>> points = [(30, 0.4), (60, 0.2), (90, 0.1)]
    >>> svg = line_chart({"all": points}, x_title="idle time, days", y_title="share", rule_at=60)
    >>> svg.startswith("<svg")
    True
    """
    import altair

    is_time = any(isinstance(x, date) for points in series.values() for x, _ in points)
    kind = "T" if is_time else "Q"
    across = _across(series, kind, x_format)
    base = _base(
        series, y_title=y_title, y_format=y_format, from_zero=from_zero, faint=faint
    ).encode(x=altair.X(f"x:{kind}", title=x_title, axis=across, scale=_snug(kind)))
    few = max((len(points) for points in series.values()), default=0) <= 40
    chart = base.mark_line(strokeWidth=2, point={"size": 28} if few and not faint else False)
    if faint:
        is_faint = altair.FieldOneOfPredicate(field="series", oneOf=sorted(faint))
        chart = chart.encode(
            strokeDash=altair.condition(is_faint, altair.value([5, 4]), altair.value([1, 0])),
            strokeWidth=altair.condition(is_faint, altair.value(1.4), altair.value(2.2)),
        )
    layers = [*_bands(bands, base), chart]
    if rule_at is not None:
        layers += _rule(rule_at, rule_label, kind, is_late=_is_late(rule_at, series))
    return to_svg(altair.layer(*layers) if len(layers) > 1 else chart)


def bar_chart(
    series: Mapping[str, Sequence[tuple[str, float | None]]],
    *,
    x_title: str,
    y_title: str,
    y_format: str = "",
    rule_at: str | None = None,
    rule_label: str = "",
    height: int = HEIGHT,
) -> str:
    """Return bars over words in the order given, such as months; several series stand side by side.

    Parameters
    ----------
    series : bars of each series, by its name.
    x_title, y_title : of the axes, with their unit.
    y_format : of the values, in the language of d3; empty for plain numbers.
    rule_at : which word a recommended value is marked at, if any.
    rule_label : stands beside the mark.
    height : of the drawing area, pixels; lower where a chart is one of many.

    Examples
    --------
    >>> bars = [("2026-01", 10), ("2026-02", 12)]
    >>> "2026-02" in bar_chart({"purchases": bars}, x_title="month", y_title="rows")
    True
    """
    import altair

    words = list(dict.fromkeys(x for points in series.values() for x, _ in points))
    x = altair.X(
        "x:O",
        title=x_title,
        sort=words,
        axis=altair.Axis(grid=False, labelOverlap=True, labelAngle=0 if len(words) <= 14 else -45),
        scale=altair.Scale(paddingInner=0.25, paddingOuter=0.15),
    )
    base = _base(series, y_title=y_title, y_format=y_format, from_zero=True).encode(x=x)
    if len(series) > 1:
        base = base.encode(xOffset=altair.XOffset("series:N", sort=list(series)))
    chart = base.properties(height=height).mark_bar(cornerRadiusTopLeft=2, cornerRadiusTopRight=2)
    if rule_at is None:
        return to_svg(chart)
    return to_svg(altair.layer(chart, *_rule(rule_at, rule_label, "O", words)))


def _base(
    series: Mapping[str, Sequence[tuple[Any, float | None]]],
    *,
    y_title: str,
    y_format: str,
    from_zero: bool,
    faint: Collection[str] = (),
) -> Any:
    import altair

    values = [
        {"x": _plain(x), "y": y, "series": name}
        for name, points in series.items()
        for x, y in points
    ]
    names = list(series)
    colours = [GREY if name in faint else COLOURS[i % len(COLOURS)] for i, name in enumerate(names)]
    colour = altair.Color(
        "series:N",
        sort=names,
        scale=altair.Scale(domain=names, range=colours),
        legend=altair.Legend(title=None, orient="top", symbolOpacity=1, labelLimit=0)
        if len(names) > 1
        else None,
    )
    axis = altair.Axis(format=y_format) if y_format else altair.Axis(format=",~r")
    return (
        altair.Chart(altair.InlineData(values=values))
        .encode(
            y=altair.Y("y:Q", title=y_title, axis=axis, scale=altair.Scale(zero=from_zero)),
            color=colour,
        )
        .properties(width=WIDTH, height=HEIGHT)
    )


def _bands(
    bands: Mapping[str, Sequence[tuple[float | date, float, float]]] | None, base: Any
) -> list[Any]:
    """Return a faint area between the ends of intervals, in the colour of their line."""
    import altair

    values = [
        {"x": _plain(x), "low": low, "high": high, "series": name}
        for name, points in (bands or {}).items()
        for x, low, high in points
    ]
    if not values:
        return []
    area = base.mark_area(opacity=0.16).encode(y=base.encoding.y.copy(), y2="high:Q")
    area.encoding.y.shorthand = "low:Q"
    return [area.properties(data=altair.InlineData(values=values))]


def _is_late(at: Any, series: Mapping[str, Sequence[tuple[Any, float | None]]]) -> bool:
    """Whether a place is so far to the right that its label must stand before it."""
    days = [x for points in series.values() for x, _ in points]
    return bool(at - min(days) > 0.75 * (max(days) - min(days)))


def _rule(
    at: float | str | date,
    label: str,
    kind: str,
    words: Sequence[str] = (),
    *,
    is_late: bool = False,
) -> list[Any]:
    """Return a dashed line at a place of the x axis, and its label at the top."""
    import altair

    data = altair.InlineData(values=[{"x": _plain(at), "label": label}])
    x = altair.X("x:O", sort=list(words)) if kind == "O" else altair.X(f"x:{kind}")
    rule = altair.Chart(data).mark_rule(color="currentColor", strokeDash=[4, 3], opacity=0.7)
    text = altair.Chart(data).mark_text(
        color="currentColor",
        align="right" if is_late else "left",
        baseline="top",
        dx=-6 if is_late else 6,
        dy=2,
        y=0,
        fontWeight=600,
    )
    return [rule.encode(x=x), text.encode(x=x, text="label:N")]


def _snug(kind: str) -> Any:
    import altair

    if kind == "Q":
        return altair.Scale(nice=False, zero=False)
    # Days are days: without this they would be shown in the zone of the machine.
    return altair.Scale(type="utc", nice=False)


def _across(
    series: Mapping[str, Sequence[tuple[Any, float | None]]], kind: str, x_format: str
) -> Any:
    import altair

    if kind == "Q":
        return altair.Axis(grid=False, format=x_format) if x_format else altair.Axis(grid=False)
    days = [x for points in series.values() for x, _ in points]
    is_long = (max(days) - min(days)).days > 120
    return altair.Axis(grid=False, format="%b %Y" if is_long else "%d %b %Y", tickCount=8)


def _plain(x: float | str | date) -> float | str:
    return x.isoformat() if isinstance(x, date) else x


def to_svg(chart: Any) -> str:
    """Return a chart of altair as SVG text in the look of all reports; equal data, equal bytes."""
    import vl_convert

    font = "system-ui, -apple-system, 'Segoe UI', 'Noto Sans', 'Noto Sans SC', sans-serif"
    ink: dict[str, Any] = {"labelColor": "currentColor", "titleColor": "currentColor"}
    styled = (
        chart.configure(background="transparent", font=font)
        .configure_view(stroke=None)
        .configure_axis(
            **ink,
            labelFontSize=12,
            titleFontSize=12,
            titleFontWeight="normal",
            titlePadding=10,
            domainColor="#8a94a6",
            tickColor="#8a94a6",
            gridColor="#8a94a6",
            gridOpacity=0.22,
        )
        .configure_legend(**ink, labelFontSize=12, columnPadding=30)  # fonts may be wider there
    )
    svg: str = vl_convert.vegalite_to_svg(styled.to_json(), allowed_base_urls=[])
    width = float(_WIDTH.findall(svg)[0])
    # Text of about one size on all charts of a page: a small chart is not blown up.
    room = f"max-width:{LARGEST_SCALE * width:.0f}px;min-width:{SMALLEST_SCALE * width:.0f}px"
    svg = svg.replace("<svg ", f'<svg style="{room}" ', 1)
    # Its ids count on from chart to chart; the same data are to give the same bytes.
    numbers = {old: n for n, old in enumerate(dict.fromkeys(_ID.findall(svg)))}
    return _ID.sub(lambda found: f"clip{numbers[found.group()]}", svg)
