"""Charts: axes are named, series are told apart, and the same data give the same bytes."""

from __future__ import annotations

import re
from datetime import date

from ebbtide.pages.charts import COLOURS, bar_chart, line_chart


def test_axes_series_and_the_recommended_value_are_named() -> None:
    svg = line_chart(
        {"all": [(30, 0.4), (60, 0.2)], "loyal": [(30, 0.6), (60, None)]},
        x_title="idle time, days",
        y_title="share that returns",
        y_format=".0%",
        rule_at=60,
        rule_label="recommended",
    )
    for text in ("idle time, days", "share that returns", "40%", "loyal", "recommended"):
        assert f">{text}<" in svg
    assert COLOURS[0] in svg
    assert COLOURS[1] in svg


def test_an_interval_is_an_area_in_the_colour_of_its_line() -> None:
    lines = {"a": [(30, 0.4), (60, 0.2)], "b": [(30, 0.3), (60, 0.1)]}
    bare = line_chart(lines, x_title="x", y_title="y")
    banded = line_chart(
        lines, x_title="x", y_title="y", bands={"b": [(30, 0.2, 0.4), (60, 0, 0.3)]}
    )
    assert "mark-area" not in bare
    assert banded.count("mark-area") == 1
    assert f'fill="{COLOURS[1]}"' in banded[banded.index("mark-area") :].split("</g>")[0]


def test_one_series_needs_no_legend() -> None:
    assert ">rows of it<" not in bar_chart(
        {"rows of it": [("2026-01", 3)]}, x_title="month", y_title="rows"
    )


def test_a_legend_has_room_for_a_font_wider_than_the_one_it_was_measured_in() -> None:
    names = ["within 90 days", "within 180 days", "within 365 days"]
    svg = line_chart({name: [(0, 0.1), (9, 0.2)] for name in names}, x_title="x", y_title="y")
    legend = svg[svg.index("role-legend-entry") :]
    begins = [float(x) for x in re.findall(r"translate\((\d+),0\.25\)", legend)]
    pixels_a_letter = 7  # DejaVu Sans of 12 pixels has 6.2
    assert len(begins) == len(names)
    for name, left, right in zip(names[:-1], begins[:-1], begins[1:], strict=True):
        assert right - left > 16 + pixels_a_letter * len(name)


def test_days_are_an_axis_of_time() -> None:
    days = [(date(2026, 1, 1), 1), (date(2026, 3, 1), 2)]
    svg = line_chart({"n": days}, x_title="day", y_title="rows", rule_at=date(2026, 2, 1))
    assert ">01 Feb 2026<" in svg


def test_the_same_data_give_the_same_bytes() -> None:
    bars = {"a": [("x", 1.5), ("y", 2.5)]}
    first = bar_chart(bars, x_title="x", y_title="y")
    assert first == bar_chart(bars, x_title="x", y_title="y")
