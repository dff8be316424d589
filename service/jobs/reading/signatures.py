"""What a file is by its first bytes, so that a wrong kind is told in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from service.jobs.reading.chunk import FileUnreadable

if TYPE_CHECKING:
    from ebbtide.store.jobs import Source

_PARQUET = b"PAR1"
_LENGTH = 8

_OTHERS: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook; save it as CSV in UTF-8, not packed"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook; save it as CSV in UTF-8"),
    (b"\x1f\x8b", "a gzip archive; send it unpacked"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive; send it unpacked"),
    (b"BZh", "a bzip2 archive; send it unpacked"),
    (b"\xff\xfe", "a text in UTF-16; save it in UTF-8"),
    (b"\xfe\xff", "a text in UTF-16; save it in UTF-8"),
    (_PARQUET, "a Parquet file; send it as application/vnd.apache.parquet"),
)

_NAMES: dict[Source, str] = {"csv": "a CSV file", "jsonl": "a file of JSON lines"}


def check_signature(first_bytes: bytes, *, source: Source, last_bytes: bytes = b"") -> None:
    """Return if a file may be of its kind by its first and last bytes.

    Parameters
    ----------
    first_bytes : of the file.
    source : what it should be.
    last_bytes : of the file; only Parquet says by them that it is whole.

    Raises
    ------
    FileUnreadable
        If it is something else, or broken off.
    """
    head = first_bytes[:_LENGTH]
    if source == "parquet":
        if not head.startswith(_PARQUET):
            raise FileUnreadable(
                "Expected a Parquet file, but it does not begin as one. Send the file itself, or "
                "name its kind in Content-Type."
            )
        if not last_bytes.endswith(_PARQUET):
            raise FileUnreadable(
                "Expected a whole Parquet file, but its end is missing. Write it to the end, then "
                "send it again."
            )
        return
    for signature, said in _OTHERS:
        if head.startswith(signature):
            raise FileUnreadable(f"Expected {_NAMES[source]}, but it begins as {said}.")
    if source == "jsonl" and head.lstrip().startswith(b"["):
        raise FileUnreadable(
            "Expected JSON lines, one object on each line, but it begins as one array. Write each "
            "object on a line of its own, without commas between them."
        )
