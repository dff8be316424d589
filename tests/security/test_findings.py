"""What the fuzz found, each as it was found, and kept from coming back."""

from __future__ import annotations

import base64
import io
import sys

import pytest

from service.jobs.reading.chunk import FileUnreadable
from service.jobs.reading.parquet_rows import parquet_chunks

ENDS_THE_NATIVE_READER = base64.b64decode(
    "UEEAAAAAAAAAAAAAAAABABUEGTw1ABgGc2NoZW1hFSEAFQwlAhgLY3VzdG9tZXJfaSIlAEwcAAAAFQolAhgMcmVjZW5j"
    "eV9kYXlzABYEGRwZLCYAHBUMGTYABhAZGAtjdXN0b21lcl9pZBUAFgQWjAEWjAEmQCYIHDYAKANjLTIYA2MtMRERABks"
    "FQQVABUCABUAFRAVOQA8FgwZBhkmAAQAAAAmABwVChk1AAYQGRgMcmVjZW5jeV9kYXlzFQAWBBa8ARa8ASbAASaUARwY"
    "CAAAAAAAAPg/GAgAAAAAAAD4PxYCKAgAAAAAAAD4LxgIAAAAAAAA+D8REQAZLBUEFQAVAgAVABUQFQIAPCkGGSYCAgAA"
    "ABbIAhb//wgWyAIAKCBwYXJxdWV0LWNwcC1hcnJvdyB2ZXJzaW8xMi4wLjEZLBwAABwAAAA7AQAAUEFSMQ=="
)
"""337 bytes: a length in its footer makes the reader end its process with ``std::length_error``."""


@pytest.mark.parametrize(
    ("begins", "fixes"),
    [
        (b"PA\0\0", ["Send the file itself"]),
        # How far its reader comes before it ends is not the same each time.
        (b"PAR1", ["Name the columns", "Write it again"]),
    ],
    ids=str,
)
def test_a_file_that_ends_the_process_that_unpacks_it_is_unreadable_and_no_more(begins, fixes):
    data = begins + ENDS_THE_NATIVE_READER[4:]
    assert len(data) == 337
    file = io.BufferedReader(io.BytesIO(data))
    with pytest.raises(FileUnreadable) as caught:
        list(parquet_chunks(file, size=len(data), place=None, features=(), max_rows=10))
    assert any(fix in caught.value.problem.detail for fix in fixes)


def test_a_reader_that_ends_while_it_unpacks_makes_the_file_unreadable(monkeypatch):
    """The rows of that file are not asked for; here a reader ends among the rows of a good one."""
    script = 'import os, sys; sys.stdin.buffer.read(); print(\'{"names": ["customer_id"], \''
    script += "'\"groups\": [5]}', flush=True); os.abort()"
    monkeypatch.setattr(
        "service.jobs.reading.parquet_rows.COMMAND", (sys.executable, "-S", "-c", script)
    )
    file = io.BufferedReader(io.BytesIO(b"PAR1....PAR1"))
    with pytest.raises(FileUnreadable, match="file-unreadable") as caught:
        list(parquet_chunks(file, size=12, place=None, features=(), max_rows=10))
    assert "Write it again" in caught.value.problem.detail
