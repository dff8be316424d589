"""Batches become columns that know each null and each word, whichever batch it came in."""

from __future__ import annotations

import pyarrow as pa

from features.arrays.gathering import gathered

SCHEMA = pa.schema([("level", pa.float64()), ("flag", pa.bool_()), ("kind", pa.string())])


def reader(*batches: list[tuple]) -> pa.RecordBatchReader:
    columns = [pa.record_batch(list(zip(*rows, strict=True)), schema=SCHEMA) for rows in batches]
    return pa.RecordBatchReader.from_batches(SCHEMA, columns)


def test_batches_follow_each_other_and_words_are_in_order_over_all() -> None:
    found = gathered(reader([(1.5, True, "b")], [(2.5, False, "a"), (3.5, True, "b")]), most=9)
    assert found["level"].values.tolist() == [1.5, 2.5, 3.5]
    assert found["flag"].values.tolist() == [True, False, True]
    assert found["kind"].words == ("a", "b")
    assert found["kind"].values.tolist() == [1, 0, 1]
    assert [found[name].valid for name in found] == [None, None, None]


def test_a_null_of_a_later_batch_leaves_the_rows_before_it_there() -> None:
    found = gathered(reader([(1.5, True, "b")], [(None, None, None)]), most=2)
    for column in found.values():
        assert column.valid is not None
        assert column.valid.tolist() == [True, False]


def test_no_batches_are_columns_without_rows() -> None:
    found = gathered(reader(), most=0)
    assert {name: len(column.values) for name, column in found.items()} == dict.fromkeys(found, 0)
    assert found["kind"].words == ()
