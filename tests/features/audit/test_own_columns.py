"""A user's feature table is read by instant, and looked at by order, gaps and levels."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest

from ebbtide.errors import ContractError
from features.audit.own_columns import aspects_of, read_own_table

JUNE, JULY = datetime(2011, 6, 1, tzinfo=UTC), datetime(2011, 7, 1, tzinfo=UTC)


@pytest.fixture
def read(open_company, tmp_path):
    def reading(text, *as_of):
        file = tmp_path / "f.csv"
        file.write_text(text)
        return read_own_table(
            open_company(transactions=[{"customer_id": "a"}]),
            file,
            as_of=list(as_of),
            most=2,
            before=datetime(2012, 1, 1, tzinfo=UTC),
        )

    return reading


def test_rows_are_parted_by_instant(read):
    frames = read("customer_id,as_of,x\na,2011-06-01,1\na,2011-07-01,2\nb,2011-07-01,3\n")
    assert {at: rows.num_rows for at, rows in frames.items()} == {JUNE: 1, JULY: 2}


def test_only_the_instant_asked_for_is_kept(read):
    frames = read("customer_id,as_of,x\na,2011-06-01,1\na,2011-07-01,2\n", JULY)
    assert list(frames) == [JULY]


def test_without_a_column_the_instant_asked_for_counts_for_all(read):
    frames = read("customer_id,x\n007,1\n", JUNE)
    assert frames[JUNE].to_pylist() == [{"customer_id": "007", "x": 1}]


def test_the_last_instants_before_the_end_of_the_log_are_kept(read):
    months = ["2011-05-01", "2011-06-01", "2011-07-01", "2012-02-01"]
    frames = read("customer_id,as_of,x\n" + "".join(f"a,{month},1\n" for month in months))
    assert list(frames) == [JUNE, JULY]


@pytest.mark.parametrize(
    ("text", "as_of", "said"),
    [
        ("who,x\na,1\n", [JUNE], "no column 'customer_id'"),
        ("customer_id,x\na,1\n", [], "no column 'as_of'"),
        ("customer_id,x\na,1\n", [JUNE, JULY], "no column 'as_of'"),
        ("customer_id\na\n", [JUNE], "no column but"),
        ("customer_id,x\na,1\na,2\n", [JUNE], "repeats 1 customer"),
        ("customer_id,as_of,x\na,2011-06-01,1\n", [JULY], "no row of --as-of"),
        ("customer_id,as_of,x\na,soon,1\n", [], "cannot be read"),
    ],
    ids=["nobody", "no-instant", "two-instants", "no-column", "twice", "other-instant", "no-date"],
)
def test_a_table_that_does_not_say_who_and_when_is_refused(read, text, as_of, said):
    with pytest.raises(ContractError, match=said):
        read(text, *as_of)


def customers(n):
    return [f"c{number:02d}" for number in range(n)]


def test_numbers_are_looked_at_by_order_with_gaps_in_the_middle():
    rows = pa.table({"customer_id": customers(12), "x": [*range(6), *[None] * 6]})
    aspects = {aspect.name: aspect.values for aspect in aspects_of(rows, customers(12))}
    assert set(aspects) == {"order", "missing"}
    assert np.all(np.diff(aspects["order"][:6]) > 0)
    assert set(aspects["order"][6:]) == {0.5}
    assert aspects["missing"].tolist() == [0.0] * 6 + [1.0] * 6


def test_a_customer_without_a_row_counts_as_missing():
    rows = pa.table({"customer_id": customers(6), "x": [float(at) for at in range(6)]})
    [missing] = [v for v in aspects_of(rows, customers(12)) if v.name == "missing"]
    assert missing.values.tolist() == [0.0] * 6 + [1.0] * 6


def test_words_are_looked_at_level_by_level_and_never_quoted():
    words = ["red"] * 5 + ["blue"] * 6 + ["rare"]
    aspects = aspects_of(pa.table({"customer_id": customers(12), "x": words}), customers(12))
    assert [(aspect.name, aspect.values.sum()) for aspect in aspects] == [
        ("level 1", 6),
        ("level 2", 5),
    ]


@pytest.mark.parametrize(
    "values",
    [
        [datetime(2011, 1, 1 + day, tzinfo=UTC) for day in range(12)],
        [datetime(2011, 1, 1 + day, tzinfo=UTC).date() for day in range(12)],
        [bool(at % 2) for at in range(12)],
        list(range(12)),
    ],
    ids=["instants", "dates", "flags", "whole"],
)
def test_every_type_that_has_an_order_is_looked_at_by_it(values):
    rows = pa.table({"customer_id": customers(12), "x": values})
    assert [aspect.name for aspect in aspects_of(rows, customers(12))] == ["order"]


def test_a_column_that_tells_nobody_apart_has_no_view():
    rows = pa.table({"customer_id": customers(12), "x": [1.0] * 12, "y": pa.nulls(12)})
    assert aspects_of(rows, customers(12)) == []
