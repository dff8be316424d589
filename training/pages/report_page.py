"""The report of a model: one page that needs no other file, for whoever has to trust it.

What is on it comes from a bundle (``training.pages.from_bundle``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ebbtide.pages.page import render_page
from training.pages import wording
from training.pages.how_good import measures_section, quality_sections
from training.pages.what_it_is import (
    data_section,
    driver_section,
    limits_section,
    lineage_section,
    slice_section,
)

if TYPE_CHECKING:
    from training.pages.report_input import ReportInput


def report_page(report: ReportInput) -> str:
    """Return the report as HTML.

    Parameters
    ----------
    report : all that is shown.
    """
    number = f"version {report.version}, " if report.version else ""
    return render_page(
        title=f"Churn model of {report.project}",
        subtitle=(
            f"{number}{wording.kind_in_words(report.kind)}, data up to "
            f"{report.window.trained_as_of}, bundle {report.bundle_version}"
        ),
        sections=[
            *quality_sections(report),
            *driver_section(report.drivers),
            *slice_section(report.measured),
            data_section(report),
            limits_section(report),
            measures_section(report.measured),
            lineage_section(report),
        ],
    )
