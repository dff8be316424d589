"""A file of features is scored part by part, whole or not at all."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ebbtide.definition import ChurnDefinition
from ebbtide.errors import ContractError, SettingsError
from ebbtide.policy.file import load_policy
from ebbtide.project import STARTER_POLICY
from small_model import NAMES, scorer
from training import score_features as module
from training.features_file import instant_of
from training.score import PLAIN_SCORES
from training.score_columns import Batch
from training.score_features import score_features

AT = datetime(2026, 3, 1, tzinfo=UTC)
MODEL = SimpleNamespace(
    version="f" * 12,
    definition=ChurnDefinition(horizon_days=90, gap_days=0, active_within_days=365),
    lookback_days=365,
    calibration_error=0.02,
    calibration_checked_on="a later period",
    expectations=None,
    scorer=scorer(0.0),
    reference=SimpleNamespace(percentile=lambda p_churn: p_churn * 100),
)
BATCH = Batch(
    model=MODEL, policy=load_policy(STARTER_POLICY), as_of=AT, scored_at=AT, language="en"
)


def customers(count=100):
    rng = np.random.default_rng(0)
    columns = {name: np.floor(rng.random(count) * 50) for name in NAMES}
    columns["discount_share_365d"] = rng.random(count)
    columns["complaint_open_days"] = np.where(rng.random(count) < 0.5, np.nan, 3.0)
    table = {name: pa.array(values, from_pandas=True) for name, values in columns.items()}
    return {"another": ["x"] * count, "customer_id": [f"c{n}" for n in range(count)], **table}


@pytest.fixture
def scored(tmp_path):
    def score(columns):
        pq.write_table(pa.table(columns), tmp_path / "features.parquet")
        count = score_features(
            tmp_path / "features.parquet", tmp_path / "scores.parquet", batch=BATCH
        )
        return count, pq.read_table(tmp_path / "scores.parquet")

    return score


def test_scores_are_the_same_in_any_parts(scored, monkeypatch):
    columns = customers()
    rows = np.column_stack([columns[n].to_numpy(zero_copy_only=False) for n in NAMES])
    whole = BATCH.scored(rows.astype(float), pa.array(columns["customer_id"])).cast(PLAIN_SCORES)
    monkeypatch.setattr(module, "CHUNK", 7)
    count, found = scored(columns)
    assert count == 100
    assert found.select(whole.column_names).combine_chunks() == whole.combine_chunks()
    assert found["rfm_segment"].null_count == 100


def test_whole_numbers_and_flags_are_numbers(scored):
    columns = customers()
    as_integers = {**columns, "recency_days": columns["recency_days"].cast(pa.int32())}
    assert scored(as_integers)[1] == scored(columns)[1]


def test_columns_that_are_missing_are_named(scored):
    columns = customers()
    del columns["recency_days"], columns["customer_id"]
    with pytest.raises(ContractError, match="lacks customer_id, recency_days"):
        scored(columns)


def test_texts_are_no_numbers(scored):
    with pytest.raises(ContractError, match=r"recency_days \(string\)"):
        scored({**customers(), "recency_days": ["many"] * 100})


@pytest.mark.parametrize(
    ("ids", "told"),
    [
        ([None, *[f"c{n}" for n in range(99)]], "1 rows have no id"),
        (["c", "c", *[f"c{n}" for n in range(98)]], "1 rows repeat an id"),
    ],
)
def test_each_row_is_one_customer(scored, ids, told):
    with pytest.raises(ContractError, match=told):
        scored({**customers(), "customer_id": ids})


def test_all_that_breaks_a_contract_is_said_at_once_and_nothing_is_written(
    scored, tmp_path, monkeypatch
):
    monkeypatch.setattr(module, "CHUNK", 10)
    columns = customers()
    wrong = {
        **columns,
        "recency_days": pa.array([-1.0] * 3 + [1.0] * 94 + [np.inf, np.inf, None]),
        "discount_share_365d": pa.array([0.5] * 99 + [1.5]),
    }
    with pytest.raises(ContractError) as raised:
        scored(wrong)
    for told in (
        "features.recency_days: 3 values are below 0.0",
        "features.recency_days: 2 values are not finite",
        "features.recency_days: 1 values are missing",
        "features.discount_share_365d: 1 values are above 1.0",
    ):
        assert told in str(raised.value)
    assert [each.name for each in tmp_path.iterdir()] == ["features.parquet"]


def test_another_kind_of_file_is_refused(tmp_path):
    (tmp_path / "features.parquet").write_text("customer_id\n")
    with pytest.raises(SettingsError, match="Parquet"):
        score_features(tmp_path / "features.parquet", tmp_path / "out.parquet", batch=BATCH)


def test_ids_kept_as_categories_are_scored_as_their_texts(scored):
    columns = customers()
    as_categories = pa.array(columns["customer_id"]).dictionary_encode()
    assert scored({**columns, "customer_id": as_categories})[1] == scored(columns)[1]


def test_ids_that_are_no_text_are_refused(scored):
    with pytest.raises(ContractError, match="ids of customers as text"):
        scored({**customers(), "customer_id": [[1]] * 100})
    with pytest.raises(ContractError, match="ids of customers as text"):
        scored({**customers(), "customer_id": [b"\xff%d" % n for n in range(100)]})


@pytest.mark.parametrize("name", ["customer_id", "recency_days"])
def test_a_column_that_stands_twice_is_named(tmp_path, name):
    table = pa.table(customers())
    pq.write_table(table.append_column(name, table[name]), tmp_path / "features.parquet")
    with pytest.raises(ContractError, match=f"more than once in the file: {name}"):
        score_features(tmp_path / "features.parquet", tmp_path / "out.parquet", batch=BATCH)


@pytest.mark.parametrize("name", ["customer_id", "recency_days"])
def test_a_spoiled_page_is_refused_and_nothing_is_written(tmp_path, name):
    file = tmp_path / "features.parquet"
    pq.write_table(pa.table(customers(5_000)), file, use_dictionary=False)
    group = pq.read_metadata(file).row_group(0)
    chunk = next(
        each for each in map(group.column, range(group.num_columns)) if each.path_in_schema == name
    )
    spoiled = bytearray(file.read_bytes())
    start = chunk.data_page_offset + 60
    spoiled[start : start + 200] = b"\xff" * 200
    file.write_bytes(spoiled)
    with pytest.raises(SettingsError, match="is spoiled"):
        score_features(file, tmp_path / "out.parquet", batch=BATCH)
    assert [each.name for each in tmp_path.iterdir()] == ["features.parquet"]


@pytest.mark.parametrize("wrong", [pa.array([2**53 + 1] * 3 + [1] * 97), [-2e15] * 3 + [1.0] * 97])
def test_numbers_that_the_service_refuses_are_counted(scored, wrong):
    with pytest.raises(ContractError, match=r"recency_days: 3 values are beyond 1e\+15") as raised:
        scored({**customers(), "recency_days": wrong})
    assert str(2**53 + 1) not in str(raised.value)


def test_ids_that_the_service_refuses_are_counted_and_not_shown(scored):
    ids = ["", "n" * 129, "a\nb", "c\x85d", "é" * 128, *[f"c{n}" for n in range(95)]]
    with pytest.raises(ContractError) as raised:
        scored({**customers(), "customer_id": ids})
    for told in (
        "1 rows have an empty id",
        "1 rows have an id of more than 128 characters",
        "2 rows have an id with control characters",
    ):
        assert told in str(raised.value)
    assert "nnn" not in str(raised.value)


@pytest.fixture
def told_at(tmp_path):
    def tell(as_of, given=None, **options):
        columns = {"customer_id": ["c1", "c2"]} | ({} if as_of is None else {"as_of": as_of})
        pq.write_table(pa.table(columns), tmp_path / "features.parquet", **options)
        return instant_of(tmp_path / "features.parquet", given=given, time_zone="Asia/Taipei")

    return tell


MIDNIGHT = datetime(2026, 2, 28, 16, tzinfo=UTC)
"""Of 1 March 2026 in Taipei."""


@pytest.mark.parametrize(
    "held",
    [
        [MIDNIGHT] * 2,
        [AT.replace(tzinfo=None)] * 2,
        [date(2026, 3, 1)] * 2,
        ["2026-03-01"] * 2,
        pa.array(["2026-03-01"] * 2).dictionary_encode(),
    ],
)
def test_a_file_tells_of_which_instant_it_is(told_at, held):
    assert told_at(held) == MIDNIGHT
    assert told_at(held, "2026-03-01") == MIDNIGHT


def test_times_as_spark_writes_them_are_in_utc(told_at):
    naive = [MIDNIGHT.replace(tzinfo=None)] * 2
    assert told_at(naive, use_deprecated_int96_timestamps=True) == MIDNIGHT


def test_an_instant_other_than_that_of_the_file_is_refused(told_at):
    with pytest.raises(SettingsError, match=r"2026-03-31T16:00:00.*2026-02-28T16:00:00"):
        told_at([MIDNIGHT] * 2, "2026-04-01")


def test_without_a_column_the_instant_is_given(told_at):
    assert told_at(None, "2026-03-01") == MIDNIGHT
    with pytest.raises(SettingsError, match="Expected --as-of"):
        told_at(None)


@pytest.mark.parametrize("held", [[MIDNIGHT, AT], [MIDNIGHT, None]])
def test_a_file_is_of_one_instant(told_at, held):
    with pytest.raises(ContractError, match="found several"):
        told_at(held, "2026-03-01")


@pytest.mark.parametrize("held", [["Ann"] * 2, [7, 7], [None, None]])
def test_what_is_no_instant_is_refused_and_not_shown(told_at, held):
    with pytest.raises(ContractError, match="Expected a time or a date") as raised:
        told_at(held)
    assert "Ann" not in str(raised.value)
