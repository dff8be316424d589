"""Traps that keep the contract: each is found, counted, and found only where it is."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import duckdb
import pytest

from features.usability import report as report_module
from features.usability.document import report_json
from features.usability.page import report_page

HEAD = "customer_id,occurred_at,amount\n"
CANARY = "canary-9731"
FIRST = datetime(2024, 1, 1, 12)  # noqa: DTZ001  as a CSV without zones has it


def line(hour: int, customer: str = "", amount: object = 10) -> str:
    """A row so many hours after the first."""
    name = customer or f"c{hour // 6 % 80}"
    return f"{name},{FIRST + timedelta(hours=hour, minutes=7):%Y-%m-%d %H:%M:%S},{amount}\n"


def daily(n: int = 60) -> str:
    """A row every six hours, of eighty customers in turn: an ordinary log."""
    return "".join(line(6 * k, amount=10 + k % 7) for k in range(4 * n))


def messages(report) -> str:
    return "\n".join(finding.message for finding in report.findings)


@pytest.mark.parametrize(
    ("rows", "words", "count", "severity"),
    [
        pytest.param("c1,1900-01-01 00:00:00,1\n" * 3, "stand for none", 3, "warning", id="1900"),
        pytest.param("c1,1970-01-01 00:00:00,1\n", "stand for none", 1, "warning", id="1970"),
        pytest.param(line(5, "Unknown") * 2, "words for nobody", 2, "warning", id="nobody"),
        pytest.param(line(5, "test-17"), "names tests", 1, "advice", id="test"),
        pytest.param(line(5, "c1", 0), "is zero.", 1, "advice", id="zero"),
        pytest.param(line(5, "c1", -1) * 200, "large share", 200, "warning", id="returns"),
        pytest.param(line(5, "c1", 9e6), "99th percentile", 1, "advice", id="dwarf"),
        pytest.param(line(5, "0") * 70, "placeholder such as", 70, "warning", id="id-zero"),
        pytest.param(line(5, "99999") * 70, "placeholder such as", 70, "warning", id="nines"),
        pytest.param(line(5, CANARY) * 90, "one and the same", 90, "warning", id="share-of-one"),
        pytest.param(line(5, "C1"), "spelling(s)", 0, "advice", id="case-of-ids"),
        pytest.param(line(5, "12.0"), "'.0' behind", 1, "warning", id="float-ids"),
    ],
)
def test_rows_that_are_not_what_they_seem(report_of, found, rows, words, count, severity) -> None:
    assert words not in messages(report_of(HEAD + daily()))
    report = report_of(HEAD + daily() + rows)
    finding = found(report, words)
    assert (finding.count, finding.severity) == (count, severity)
    assert CANARY not in messages(report)


def test_an_ordinary_log_has_nothing_but_its_zone_to_be_told(report_of) -> None:
    report = report_of(HEAD + daily(), now=FIRST.astimezone() + timedelta(days=61))
    assert [finding.message for finding in report.findings] == ["carries no time zone."]


def test_some_customers_buy_much_and_are_nobody(report_of) -> None:
    much = "".join(line(k, "big") for k in range(20))
    assert "one and the same" not in messages(report_of(HEAD + daily() + much))


def test_dates_without_a_time_are_told_from_a_few_of_them(report_of, found) -> None:
    days = [f"c{k},{date(2024, 1, 1) + timedelta(days=k)},{k}\n" for k in range(40)]
    whole = report_of(HEAD + "".join(days))
    assert found(whole, "without a time of day").count == 40
    mixed = report_of(HEAD + "".join(days) + daily())
    assert found(mixed, "exactly midnight in many rows").count == 40


def test_midnight_is_that_of_the_shop(report_of, found) -> None:
    rows = "".join(f"c{k},2024-07-{k + 1:02}T00:00:00+02:00,{k}\n" for k in range(20))
    report = report_of(HEAD + rows, time_zone="Europe/Berlin")
    assert found(report, "without a time of day").count == 20
    assert "without a time of day" not in messages(report_of(HEAD + rows))


def test_a_shop_at_night_is_in_another_zone(report_of, found) -> None:
    rows = "".join(f"c{k},2024-01-{k + 1:02}T02:30:00Z,{k}\n" for k in range(20))
    assert found(report_of(HEAD + rows), "five o'clock").count == 20
    assert "five o'clock" not in messages(report_of(HEAD + rows, time_zone="Asia/Shanghai"))


def test_a_column_that_is_mostly_null(report_of, found) -> None:
    head = "customer_id,occurred_at,amount,channel\n"
    rows = [f"c{k},2024-01-{k + 1:02} 10:00:00,{k},{'web' if k < 9 else ''}\n" for k in range(20)]
    assert found(report_of(head + "".join(rows)), "null in most rows").count == 11
    assert "null in most" not in messages(report_of(head + "".join(rows[:16])))


def test_orders_that_several_customers_share(report_of, found) -> None:
    head = "customer_id,occurred_at,amount,order_id\n"
    rows = "c1,2024-01-01 10:00:00,5,A\nc1,2024-01-01 10:00:00,6,A\nc2,2025-01-01 10:00:00,5,B\n"
    assert "is shared" not in messages(report_of(head + rows))
    finding = found(report_of(head + rows + "c3,2025-01-01 10:00:00,5,A\n"), "in 1 order(s)")
    assert finding.count == 3


@pytest.mark.parametrize(
    ("amount", "words", "severity"),
    [
        pytest.param(0, "zero in every row", "warning", id="zero"),
        pytest.param(1, "the same in every row", "advice", id="constant"),
        pytest.param(-5, "negative in every row", "warning", id="negative"),
    ],
)
def test_amounts_that_say_nothing(report_of, found, amount, words, severity) -> None:
    rows = "".join(line(6 * k, amount=amount) for k in range(100))
    finding = found(report_of(HEAD + rows), words)
    assert (finding.count, finding.severity) == (100, severity)


def test_purchases_before_sign_up(report_of, found) -> None:
    customers = "customer_id,signed_up_at\n" + "".join(
        f"c{k},{'2024-02-01' if k == 0 else '2023-12-01'}\n" for k in range(80)
    )
    # c0 buys on 1 January, 21 January and 10 February.
    report = report_of(HEAD + daily(), customers=customers)
    assert found(report, "before its customer signed up").count == 2


def test_stretches_that_are_there_twice(report_of, found) -> None:
    busy = [
        f"c{k},{date(2024, 1, 1) + timedelta(days=day)} 10:{k:02}:00,{k + 1}\n"
        for day in range(30)
        for k in range(25)
    ]
    again = [row.replace("c", "C", 1) for row in busy[25 * 10 : 25 * 14]]
    finding = found(report_of(HEAD + "".join([*busy, *again])), "holds everything")
    assert "from 2024-01-11 to 2024-01-14 twice" in finding.message
    assert finding.count == 100
    assert "holds everything" not in messages(report_of(HEAD + "".join(busy)))


def test_a_log_that_is_there_twice_is_no_overlap(report_of, found) -> None:
    busy = [
        f"c{k},{date(2024, 1, 1) + timedelta(days=day)} 10:{k:02}:00,{k + 1}\n"
        for day in range(30)
        for k in range(25)
    ]
    finding = found(report_of(HEAD + "".join(busy * 2)), "nearly all rows more than once")
    assert "on 30 of 30 days" in finding.message


@pytest.mark.parametrize(
    ("again", "words"),
    [
        pytest.param("c1,2024-01-01 10:00:00,5,Toys ,x\n", "blanks, case or known_at", id="blank"),
        pytest.param("c1,2024-01-01 10:00:00,5,TOYS,x\n", "blanks, case or known_at", id="case"),
        pytest.param("c1,2024-01-01 10:00:00,5,Toys,y\n", "all that is read", id="unread"),
        pytest.param("c1,2024-01-01 10:00:00,5,Toys,x\n", "exactly", id="exact"),
    ],
)
def test_copies_are_told_by_how_they_differ(report_of, found, again, words) -> None:
    head = "customer_id,occurred_at,amount,category,source\n"
    report = report_of(head + "c1,2024-01-01 10:00:00,5,Toys,x\n" + again)
    assert found(report, words).count == 1
    assert messages(report).count("repeats rows") == 1


def test_versions_of_a_ticket_are_told_from_tickets(report_of, found) -> None:
    complaints = (
        "customer_id,opened_at,resolved_at\n"
        "c1,2024-01-05 10:00:00,\nc1,2024-01-05 10:00:00,2024-01-06 09:00:00\n"
        "c1,2024-01-09 10:00:00,\n"
    )
    finding = found(report_of(HEAD + daily(), complaints=complaints), "more than one row")
    assert (finding.place, finding.count) == ("complaints.opened_at", 1)


def test_a_shop_closed_on_sundays_is_not_silent_on_sundays(report_of, found) -> None:
    days = [date(2024, 1, 1) + timedelta(days=k) for k in range(200)]
    open_days = [day for day in days if day.weekday() != 6]
    rows = [f"c{day.day},{day} 10:05:00,{day.day}\n" for day in open_days]
    assert "is silent" not in messages(report_of(HEAD + "".join(rows)))
    gone = [row for row in rows if not "2024-04-01" <= row.split(",")[1][:10] <= "2024-04-20"]
    finding = found(report_of(HEAD + "".join(gone)), "is silent")
    assert "for 22 days, 2024-03-31 to 2024-04-21" in finding.message
    assert finding.severity == "warning"


def test_a_log_with_few_rows_may_be_silent(report_of) -> None:
    rows = [line(24 * k, amount=k) for k in (0, 3, 4, 9, 17, 18, 30, 33, 41, 50, 52, 60)]
    assert "is silent" not in messages(report_of(HEAD + "".join(rows)))


def test_a_month_whose_export_failed(report_of, found) -> None:
    days = [date(2024, 1, 1) + timedelta(days=k) for k in range(360)]
    rows = [
        f"c{k},{day} 10:{k:02}:00,{k}\n"
        for day in days
        for k in range(1 if (day.month, day.day % 9) == (6, 0) else 0 if day.month == 6 else 5)
    ]
    assert "1 month(s): 2024-06." in found(report_of(HEAD + "".join(rows)), "hardly any").message


def test_pounds_that_become_pence(report_of, found) -> None:
    rows = [
        f"c{k},2024-{month:02}-{k % 28 + 1:02} 10:00:00,{(5 + k % 11) * times}\n"
        for month, times in enumerate([1, 1, 1, 100, 100, 100], start=1)
        for k in range(60)
    ]
    finding = found(report_of(HEAD + "".join(rows)), "-fold")
    assert "grows about 100-fold from 2024-03 to 2024-04" in finding.message
    assert finding.severity == "warning"


def test_a_season_is_no_change_of_unit(report_of) -> None:
    rows = [
        f"c{k},2024-{month:02}-{k % 28 + 1:02} 10:00:00,{(5 + k % 11) * times}\n"
        for month, times in enumerate([1, 1, 1, 3, 1, 1], start=1)
        for k in range(60)
    ]
    assert "-fold" not in messages(report_of(HEAD + "".join(rows)))


def test_an_old_log_is_not_fresh(report_of, found) -> None:
    report = report_of(HEAD + "c1,2025-12-01 10:00:00,5\n")
    assert "ends 31 days ago, on 2025-12-01" in found(report, "days ago").message


def test_amounts_near_the_limit_of_money_are_looked_at(report_of) -> None:
    huge = "".join(line(6 * k + 1, amount=99999999999999) for k in range(0, 240, 50))
    report = report_of(HEAD + daily() + huge)
    assert report.count("error") == 0
    assert len(report.amounts) == 2


def complaints_by_month(*rows: int) -> str:
    """So many complaints in each month from January 2010 on, spread over the month."""
    return "customer_id,opened_at\n" + "".join(
        f"c{k % 80},{2010 + month // 12}-{month % 12 + 1:02}-{1 + k % 28:02} 10:00:{k % 60:02}\n"
        for month, n in enumerate(rows)
        for k in range(n)
    )


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        pytest.param(
            (300, 280, 290, *[3] * 8, 310, 300),
            "hardly any rows in 8 month(s): 2010-04 to 2010-11.",
            id="after-three-months",
        ),
        pytest.param(
            (*[300] * 8, *[2] * 3, *[300] * 6, 1, *[300] * 3),
            "hardly any rows in 4 month(s): 2010-09 to 2010-11, 2011-06.",
            id="two-stretches",
        ),
        pytest.param((*[300] * 8, *[2] * 6), "5 month(s): 2010-09 to 2011-01.", id="to-the-end"),
    ],
)
def test_a_long_break_is_told_from_its_first_month_to_its_last(
    report_of, found, rows, message
) -> None:
    report = report_of(HEAD + daily(), complaints=complaints_by_month(*rows))
    assert message in found(report, "hardly any").message


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param((3, 3, 3, 10, 30, 100, 300, 900, 900), id="growth"),
        pytest.param((3000, *[60] * 12), id="old-rows-in-the-first-month"),
        pytest.param((800, 600, 400, 300, 200, 150, 100, 70, 50, 40, 30, 20), id="decline"),
    ],
)
def test_growth_and_decline_are_no_break(report_of, rows) -> None:
    report = report_of(HEAD + daily(), complaints=complaints_by_month(*rows))
    assert "hardly any" not in messages(report)


def test_a_check_that_fails_is_an_error_and_the_others_are_made(
    report_of, found, monkeypatch
) -> None:
    def fails(*_args: object) -> None:
        raise duckdb.OutOfRangeException(f"Out of Range Error: Overflow of {CANARY}")

    monkeypatch.setattr(report_module, "unit_changes", fails)
    report = report_of(HEAD + daily() + line(5, "test-17"))
    failed = found(report, "could not be checked")
    assert failed.severity == "error"
    assert failed.message == "could not be checked: changes of the unit (OutOfRangeException)."
    assert found(report, "names tests").count == 1
    assert report.sufficiency.level == "not enough"
    assert report.sufficiency.log_days == 60
    assert CANARY not in report_json(report) + report_page(report)


def test_a_verdict_that_fails_is_an_error_and_the_findings_stand(
    report_of, found, monkeypatch
) -> None:
    def fails(*_args: object, **_kwargs: object) -> None:
        raise duckdb.ConversionException(CANARY)

    monkeypatch.setattr(report_module, "sufficiency", fails)
    report = report_of(HEAD + daily() + line(5, "test-17"))
    assert "enough to train (ConversionException)" in found(report, "could not be").message
    assert found(report, "names tests").count == 1
    assert report.sufficiency.sentence == (
        "Not enough to train: errors in 1 place(s). The log cannot be measured until they are "
        "mended."
    )
    assert CANARY not in report_json(report) + report_page(report)
