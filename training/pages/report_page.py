"""The report of a model: one page that needs no other file, for whoever has to trust it.

What is on it comes from a bundle (``training.pages.from_bundle``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ebbtide.pages.page import render_page
from training.pages import wording
from training.pages.for_whom import slice_section
from training.pages.how_good import quality_sections
from training.pages.what_it_is import (
    data_section,
    driver_section,
    limits_section,
    lineage_section,
    measures_section,
)
from training.pages.worth import profit_section

if TYPE_CHECKING:
    from training.pages.report_input import ReportInput


def report_page(report: ReportInput) -> str:
    """Return the report as HTML.

    Parameters
    ----------
    report : all that is shown.
    """
    words = [
        f"version {report.version}" if report.version else "",
        wording.kind_in_words(report.kind),
        f"data up to {report.window.trained_as_of}" if report.window.trained_as_of else "",
        f"bundle {report.bundle_version}",
    ]
    return render_page(
        title=f"Churn model of {report.project}",
        subtitle=", ".join(word for word in words if word),
        sections=[
            *quality_sections(report),
            profit_section(report.evaluation, report.currency),
            driver_section(report.drivers),
            *slice_section(report.evaluation),
            data_section(report),
            limits_section(report),
            measures_section(report.evaluation),
            lineage_section(report),
        ],
    )
