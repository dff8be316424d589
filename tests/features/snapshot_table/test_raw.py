"""A table is read as it is: in an order of its own, blanks as null, and errors that say where."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from ebbtide.errors import ContractError, SettingsError
from features.snapshot_table import raw as raw_module
from features.snapshot_table.maturity import UNREADABLE
from features.snapshot_table.raw import number_of, read_raw


def parquet(**columns: object) -> bytes:
    sink = io.BytesIO()
    pyarrow.parquet.write_table(pa.table(columns), sink)
    return sink.getvalue()


def test_the_order_of_rows_in_the_file_does_not_matter(project_of) -> None:
    one = read_raw(project_of("x,left\nb,No\na,Yes\n,No\n"))
    other = read_raw(project_of("x,left\n,No\na,Yes\nb,No\n"))
    for name in ("x", "left"):
        assert one.columns[name].texts == other.columns[name].texts
        assert one.columns[name].places.tolist() == other.columns[name].places.tolist()


def test_blanks_around_values_are_dropped_and_counted(project_of) -> None:
    column = read_raw(project_of('x,left\n" a",No\n"a ",Yes\n"  ",No\n')).columns["x"]
    assert column.texts == ("a",)
    assert sorted(column.places.tolist()) == [-1, 0, 0]
    assert (column.blanks, column.counts.tolist()) == (1, [2])


def test_parquet_gives_the_same_texts_as_csv(project_of) -> None:
    typed = parquet(
        n=[1, 2, None], f=[1.0, 2.5, float("nan")], b=[True, False, None], left=["No"] * 3
    )
    raw = read_raw(project_of(typed, name="t.parquet"))
    assert raw.columns["n"].texts == ("1", "2")
    assert raw.columns["f"].texts == ("1", "2.5")
    assert raw.columns["b"].texts == ("false", "true")
    assert [raw.columns[name].null_share for name in "nfb"] == [pytest.approx(1 / 3)] * 3


@pytest.mark.parametrize(
    ("values", "storage"),
    [
        ([date(2026, 1, 1)], "time"),
        ([datetime(2026, 1, 1, tzinfo=UTC)], "time"),
        ([[1, 2]], "other"),
        ([2**60], "number"),
    ],
)
def test_types_that_are_no_value_are_told_apart(project_of, values, storage) -> None:
    raw = read_raw(project_of(parquet(x=values, left=["No"]), name="t.parquet"))
    assert raw.columns["x"].storage == storage


def test_instants_are_read_in_the_time_zone_of_the_project(project_of) -> None:
    project = project_of("when,left\n2026-07-01,No\nnonsense,Yes\n", more='as_of = "when"\n')
    berlin = project.project.model_copy(update={"time_zone": "Europe/Berlin"})
    instants = read_raw(project.model_copy(update={"project": berlin})).instants
    assert instants is not None
    wanted = int(datetime(2026, 6, 30, 22, tzinfo=UTC).timestamp() * 1e6)
    assert sorted(instants.tolist()) == [UNREADABLE, wanted]


@pytest.mark.parametrize(
    ("content", "more", "message"),
    [
        ("x,left\n", "", "has no rows"),
        ("x,lefft\n1,No\n", "", r"label = 'left'; .*lefft"),
        ("x,left\n1,No\n", 'customer_id = "X1"\n', "customer_id = 'X1'"),
        ("x,left\n1,No\n", 'as_of = "when"\n', "as_of = 'when'"),
        ("x,left\n1,No\n", 'ignore = ["y"]\n', "ignore = 'y'"),
        ("", "", r"cannot be read from 't\.csv': the file is empty \(0 bytes\)"),
        ("x,x,left\n1,1,No\n", "", "of the same name, case apart: x"),
        ("x,X,left\n1,1,No\n", "", "of the same name, case apart: x, X"),
        ("x,left\n1,No\n", 'value = "margin"\n', "value = 'margin'"),
    ],
)
def test_what_is_not_there_is_named(project_of, content, more, message) -> None:
    with pytest.raises(ContractError, match=message):
        read_raw(project_of(content, more=more))


@pytest.mark.parametrize(
    ("heads", "lacks"),
    [
        (("x,left", "x,left", "x,left,fee"), "'t1.csv' and 1 more lack fee, .* such as 't3.csv'"),
        (("x,fee,left", "left,x", "x,left,fee"), "'t2.csv' lacks fee, .* such as 't1.csv'"),
        (("x,left", "id,gold"), "'t2.csv' lacks left, .* such as 't1.csv'"),
        (("id,gold", "x,left"), "'t1.csv' lacks left, .* such as 't2.csv'"),
        (("x,left", "gold,9.5"), "the first line of 't2.csv' seems to hold values and not names"),
        (("2025-01-01,left", "2025-01-01,left,x"), "'t1.csv' lacks x, .* such as 't2.csv'"),
    ],
    ids=["later", "first", "others", "first-other", "headless", "named-by-a-day"],
)
def test_the_file_of_a_glob_that_is_unlike_another_is_named(
    project_of, tmp_path, heads, lacks
) -> None:
    for number, head in enumerate(heads, start=1):
        (tmp_path / f"t{number}.csv").write_text(f"{head}\n{head.replace('left', 'No')}\n")
    with pytest.raises(ContractError, match=lacks) as raised:
        read_raw(project_of("x,left\n1,No\n", name="other.csv", path="t*.csv"))
    assert "gold" not in str(raised.value)


def test_files_without_a_label_are_not_compared_by_what_may_be_values(project_of, tmp_path) -> None:
    for number, line in enumerate(("gold,yes", "basic,no"), start=1):
        (tmp_path / f"t{number}.csv").write_text(f"{line}\n")
    with pytest.raises(ContractError) as raised:
        read_raw(project_of("x,left\n1,No\n", name="other.csv", path="t*.csv"))
    assert "gold" not in str(raised.value)


def test_rows_to_be_scored_may_have_a_label_in_later_files(project_of, tmp_path) -> None:
    (tmp_path / "n1.csv").write_text("x\n1\n")
    (tmp_path / "n2.csv").write_text("left,x\nNo,2\n")
    raw = read_raw(project_of("x,left\n1,No\n"), path="n*.csv", where="--table")
    assert (list(raw.columns), raw.rows) == (["x"], 2)


def test_a_table_too_wide_is_refused_unless_columns_are_ignored(project_of, monkeypatch) -> None:
    monkeypatch.setattr(raw_module, "MOST_COLUMNS", 3)
    wide = "a,b,c,left\n1,2,3,No\n"
    with pytest.raises(ContractError, match=r"has 4 columns; expected at most 3.*ignore"):
        read_raw(project_of(wide))
    assert read_raw(project_of(wide, more='ignore = ["c"]\n')).rows == 1


@pytest.mark.parametrize("word", ["inf", "-inf", "+Infinity", "1e999"])
def test_infinite_numbers_are_counted_and_null(project_of, word) -> None:
    column = read_raw(project_of(f"x,left\n1.5,No\n{word},Yes\n NA ,No\n,No\n2,No\n")).columns["x"]
    assert (column.infinite, column.blanks, column.texts) == (1, 0, ("1.5", "2", "NA"))
    assert (column.places < 0).sum() == 2


def test_infinite_numbers_of_parquet_are_counted(project_of) -> None:
    data = parquet(x=[1.5, float("inf"), None, float("nan")], left=["No", "Yes", "No", "No"])
    column = read_raw(project_of(data, name="t.parquet")).columns["x"]
    assert (column.infinite, column.texts) == (1, ("1.5",))


def test_inf_among_words_is_a_word(project_of) -> None:
    column = read_raw(project_of("x,left\ninf,No\nsup,Yes\n")).columns["x"]
    assert (column.infinite, column.texts) == (0, ("inf", "sup"))


def test_a_file_that_is_no_parquet_says_so(project_of) -> None:
    with pytest.raises(ContractError, match=r"cannot be read from 't\.parquet'"):
        read_raw(project_of(b"PAR1 half", name="t.parquet"))


def test_a_variable_that_is_not_set_is_named_with_its_key(project_of, monkeypatch) -> None:
    monkeypatch.delenv("FLAT_DIR", raising=False)
    project = project_of("x,left\n1,No\n")
    table = project.snapshot_table.model_copy(update={"path": "${FLAT_DIR}/t.csv"})
    with pytest.raises(SettingsError, match=r"snapshot_table\.path needs .* FLAT_DIR"):
        read_raw(project.model_copy(update={"snapshot_table": table}))


@pytest.mark.parametrize("text", ["1,5", "1 000", "0x1F", "1_0", "--1", "1e999", "00", "-01"])
def test_what_only_looks_like_a_number_is_none(text) -> None:
    assert np.isnan(number_of(text))


@pytest.mark.parametrize(("text", "number"), [("-0.5", -0.5), (".5", 0.5), ("5.", 5), ("0", 0)])
def test_plain_numbers_are_read(text, number) -> None:
    assert number_of(text) == number


def test_long_ids_keep_their_last_digits(project_of) -> None:
    ids = [9007199254740992, 9007199254740993, 7]
    raw = read_raw(
        project_of(parquet(id=ids, left=["No"] * 3), name="t.parquet", more='customer_id = "id"\n')
    )
    assert set(raw.columns["id"].texts) == {str(each) for each in ids}


def test_ids_that_became_real_numbers_are_written_as_whole_ones(project_of) -> None:
    content = parquet(id=[12.0, 7.0], left=["No"] * 2)
    raw = read_raw(project_of(content, name="t.parquet", more='customer_id = "id"\n'))
    assert set(raw.columns["id"].texts) == {"12", "7"}
