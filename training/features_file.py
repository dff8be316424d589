"""A Parquet file of features that was made elsewhere: opened, checked, and read part by part.

Whose rows they are is checked before any is scored; whether values keep to the contracts of their
features is counted by who reads the parts.
"""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ebbtide.clock import parse_instant
from ebbtide.contracts.findings import Finding, raise_if_errors
from ebbtide.contracts.taken import MAX_ID_LENGTH
from ebbtide.errors import ContractError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from ebbtide.contracts.feature import FeatureContract

CUSTOMER_ID = "customer_id"
AS_OF = "as_of"
WHERE = "features"


@contextmanager
def opened(features_file: Path) -> Iterator[pq.ParquetFile]:
    """Open a file of features.

    Parameters
    ----------
    features_file : the file.

    Raises
    ------
    SettingsError
        If it is no Parquet file.
    """
    try:
        file = pq.ParquetFile(features_file)
    except (OSError, pa.ArrowException) as err:
        raise SettingsError(
            f"Expected --features to be a Parquet file, and {str(features_file)!r} cannot be read "
            f"as one. Write it with: ebbtide features --out FILE.parquet"
        ) from err
    with file:
        yield file


def batches(file: pq.ParquetFile, columns: Sequence[str], *, rows: int) -> Iterator[pa.RecordBatch]:
    """Read some columns of a file, part by part.

    Parameters
    ----------
    file : an open file.
    columns : which of its columns.
    rows : most rows of a part.

    Raises
    ------
    SettingsError
        If the file is spoiled behind its footer.
    """
    found = file.iter_batches(batch_size=rows, columns=list(columns))
    while True:
        try:
            batch = next(found, None)
        except (OSError, pa.ArrowException) as err:
            raise SettingsError(
                "The file of --features is spoiled: it begins and ends as a Parquet file, and its "
                "rows cannot be read. Write or copy it again."
            ) from err
        if batch is None:
            return
        yield batch


def ids_of(column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Return ids as text, however they are kept in the file.

    Raises
    ------
    ContractError
        If they cannot be written as text.
    """
    try:
        ids = column.cast(pa.string())
        ids.validate(full=True)
    except pa.ArrowException as err:
        raise ContractError(
            f"Expected ids of customers as text in UTF-8 or as whole numbers, and "
            f"{WHERE}.{CUSTOMER_ID} holds {column.type} that cannot be read so. Write them as text."
        ) from err
    return ids


def check_columns(schema: pa.Schema, features: Sequence[FeatureContract]) -> None:
    """Refuse a file that lacks columns, has one twice, or holds features that are no numbers.

    Parameters
    ----------
    schema : of the file.
    features : of the model.

    Raises
    ------
    ContractError
        If it is so.
    """
    wanted = (CUSTOMER_ID, *(feature.name for feature in features))
    times = Counter(schema.names)
    missing = [name for name in wanted if not times[name]]
    if missing:
        raise ContractError(
            f"Expected a file with customer_id and the {len(features)} features of the champion; "
            f"it lacks {', '.join(missing)}. Add the columns; a feature that is not known of a "
            f"customer is null."
        )
    twice = [name for name in (*wanted, AS_OF) if times[name] > 1]
    if twice:
        raise ContractError(
            f"Expected each column once; these stand more than once in the file: "
            f"{', '.join(twice)}. Leave out those that are not meant."
        )
    unfit = [
        f"{feature.name} ({schema.field(feature.name).type})"
        for feature in features
        if not _is_number(schema.field(feature.name).type)
    ]
    if unfit:
        raise ContractError(
            f"Expected numbers in the columns of features; these hold other types: "
            f"{', '.join(unfit)}. Write them as numbers."
        )


def _is_number(kind: pa.DataType) -> bool:
    return any(
        is_kind(kind)
        for is_kind in (
            pa.types.is_integer,
            pa.types.is_floating,
            pa.types.is_boolean,
            pa.types.is_decimal,
            pa.types.is_null,
        )
    )


def check_ids(file: pq.ParquetFile, *, rows: int) -> None:
    """Refuse a file in which a row is not one customer of whom could be asked by id.

    Parameters
    ----------
    file : an open file.
    rows : how many are read at once; the ids are then held whole.

    Raises
    ------
    ContractError
        If ids are missing or repeated, or are none that the service takes.
    """
    parts = [ids_of(part.column(0)) for part in batches(file, [CUSTOMER_ID], rows=rows)]
    ids = pa.chunked_array(parts, type=pa.string())
    lengths = pc.utf8_length(ids)
    counts = {
        "have no id": ids.null_count,
        "repeat an id": len(ids) - ids.null_count - pc.count_distinct(ids).as_py(),
        "have an empty id": _count(pc.equal(lengths, 0)),
        f"have an id of more than {MAX_ID_LENGTH} characters": _count(
            pc.greater(lengths, MAX_ID_LENGTH)
        ),
        "have an id with control characters": _count(pc.match_substring_regex(ids, r"\p{Cc}")),
    }
    raise_if_errors(
        Finding(
            severity="error",
            table=WHERE,
            column=CUSTOMER_ID,
            count=count,
            message=f"{count:,} rows {what}.",
            advice=f"Each row is one customer, with an id of 1 to {MAX_ID_LENGTH} "
            "printable characters.",
        )
        for what, count in counts.items()
        if count
    )


def _count(holds: pa.ChunkedArray) -> int:
    return int(pc.sum(holds).as_py() or 0)


def instant_of(features_file: Path, *, given: str | None, time_zone: str) -> datetime:
    """Return the instant of a file of features: its column says it, or else the operator.

    Parameters
    ----------
    features_file : the file.
    given : what the operator typed, if anything.
    time_zone : of times without offset.

    Raises
    ------
    SettingsError
        If neither says it, both say different things, or the file cannot be read.
    ContractError
        If the column holds no instants, or several.
    """
    typed = None if given is None else parse_instant(given, time_zone=time_zone)
    with opened(features_file) as file:
        times = file.schema_arrow.names.count(AS_OF)
        if times > 1:
            raise ContractError("Expected each column once; as_of stands more than once.")
        held = _held(file, time_zone=time_zone) if times else None
    if held is None:
        if typed is None:
            raise SettingsError(
                "Expected --as-of: the file of --features does not say of which instant it is. "
                "Give --as-of, or add a column as_of."
            )
        return typed
    if typed is not None and typed != held:
        raise SettingsError(
            f"--as-of is {typed.isoformat()}, and the file of --features says as_of "
            f"{held.isoformat()}. Leave --as-of out to score as of the file, or take the file of "
            f"that instant."
        )
    return held


def _held(file: pq.ParquetFile, *, time_zone: str) -> datetime | None:
    """Return the one instant that a column holds; None if there are no rows."""
    # Times of the old kind, which Spark writes unless told otherwise, are in UTC and do not say so.
    place = file.schema.names.index(AS_OF)
    zone = "UTC" if file.schema.column(place).physical_type == "INT96" else time_zone
    texts: set[str | None] = set()
    for part in batches(file, [AS_OF], rows=65_536):
        texts.update(map(_text, pc.unique(part.column(0)).to_pylist()))
        if len(texts) > 1:
            raise ContractError(
                f"Expected one instant in {WHERE}.{AS_OF}, found several, or rows without one. "
                f"Score the rows of each instant by themselves."
            )
    if not texts:
        return None
    try:
        return parse_instant(texts.pop() or "", time_zone=zone)
    except SettingsError:
        raise ContractError(
            f"Expected a time or a date in {WHERE}.{AS_OF}, found something else. Write it as a "
            f"timestamp, or leave the column out and give --as-of."
        ) from None


def _text(value: object) -> str | None:
    if isinstance(value, str):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else None
