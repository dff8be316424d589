"""The report as a page and as JSON: everything is on it, and no value of a customer."""

from __future__ import annotations

import json
from html.parser import HTMLParser

from ebbtide.contracts.snapshot_table import ColumnContract, TableContract
from features.usability.document import report_json
from features.usability.flat import FlatReport
from features.usability.flat_page import flat_json, flat_page
from features.usability.page import report_page

HEAD = "customer_id,occurred_at,amount\n"
CANARY = "canary-9731"
ROWS = HEAD + "".join(
    f"c{k % 7},2024-0{1 + k // 30}-{1 + k % 28:02} 10:00:00,{5 + k % 11}\n" for k in range(90)
)
BAD = f"{CANARY},2024-03-01 10:00:00,{CANARY}\n"


def text_of(html: str) -> str:
    parts: list[str] = []

    class Reader(HTMLParser):
        def handle_data(self, data: str) -> None:
            parts.append(data)

    Reader().feed(html)
    return " ".join(" ".join(parts).split())


def test_the_page_says_what_the_report_says(report_of) -> None:
    complaints = "customer_id,opened_at\n" + "c1,2024-02-01 09:00:00\n" * 2
    report = report_of(ROWS + BAD, complaints=complaints)
    shown = text_of(report_page(report))
    for finding in report.findings:
        assert finding.place in shown
        assert finding.message.split(":")[0][:30] in shown
    assert report.sufficiency.sentence in shown
    for missing in report.sufficiency.missing:
        assert missing in shown
    assert "2024-02 30 2" in shown
    assert "surveys" in shown
    assert CANARY not in shown


def test_a_page_of_unreadable_tables_is_written_all_the_same(report_of) -> None:
    shown = text_of(report_page(report_of("")))
    assert "the file is empty (0 bytes)" in shown
    assert "Not enough to train" in shown
    assert "The tables" not in shown


def test_json_holds_the_same_for_programs(report_of) -> None:
    report = report_of(ROWS + BAD)
    read = json.loads(report_json(report))
    assert read["verdict"]["level"] == "not enough"
    assert read["verdict"]["missing"] == list(report.sufficiency.missing)
    assert [f["message"] for f in read["findings"]] == [f.message for f in report.findings]
    assert read["tables"][0]["months"] == {"2024-01": 30, "2024-02": 30, "2024-03": 31}
    assert read["tables"][0]["first_day"] == "2024-01-01"
    assert CANARY not in report_json(report)


def test_amounts_of_a_month_with_few_rows_are_not_shown(report_of) -> None:
    few = "".join(f"c{k},2024-04-{1 + k:02} 10:00:00,98765.43\n" for k in range(29))
    report = report_of(ROWS + few)
    read = json.loads(report_json(report))
    assert [month["month"] for month in read["amounts"]] == ["2024-01", "2024-02", "2024-03"]
    assert "98765" not in report_json(report)
    shown = text_of(report_page(report))
    assert "upper quartile" in shown
    for written in ("98765", "98,765", "98,77", "100,000"):  # the last on the axis
        assert written not in shown
    only_few = report_of(HEAD + few)
    assert "upper quartile" not in report_page(only_few)
    assert json.loads(report_json(only_few))["amounts"] == []


def test_the_same_data_give_the_same_bytes(report_of) -> None:
    first, again = report_of(ROWS), report_of(ROWS)
    assert report_page(first) == report_page(again)
    assert report_json(first) == report_json(again)


def test_the_page_of_a_flat_table_names_no_rare_category(report_of) -> None:
    kept = ColumnContract(name="plan", kind="category", categories={"gold": 40, "of Ms Doe": 1})
    report = FlatReport(
        project="x",
        definition="gone",
        now=report_of("").now,
        findings=(),
        contract=TableContract(rows=41, columns=(kept,)),
    )
    assert "gold (40) and 1 rarer one" in text_of(flat_page(report))
    assert "Doe" not in flat_page(report) + flat_json(report)


def test_a_flat_table_that_cannot_be_read_has_a_page(report_of) -> None:
    broken = report_of("").findings
    report = FlatReport(
        project="x", definition="gone", now=report_of("").now, findings=tuple(broken)
    )
    assert report.level == "not enough"
    assert "empty (0 bytes)" in text_of(flat_page(report))
    assert json.loads(flat_json(report))["verdict"]["level"] == "not enough"


def test_a_year_of_six_digits_is_an_error_and_no_month(report_of) -> None:
    far = "".join(f"c{k % 7},290000-01-01 00:00:00,5\n" for k in range(40))
    report = report_of(ROWS + far)
    assert report.count("error") == 1
    assert "2024-02" in text_of(report_page(report))
    read = json.loads(report_json(report))
    assert [month["month"] for month in read["amounts"]] == ["2024-01", "2024-02", "2024-03"]
