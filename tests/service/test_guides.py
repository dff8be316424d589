"""Every request in the guides is answered, and as they show it.

``EBBTIDE_REFRESH_GUIDES=1`` writes the real values into the answers that are shown.
"""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from ebbtide.api_key import new_key
from ebbtide.store.keys import add_key
from guide_page import (
    File,
    Request,
    Shown,
    differences,
    parts,
    refreshed,
    variables,
    write_files,
    written,
)
from service.access.scopes import SCOPES

GUIDES = Path(__file__).parents[2] / "docs" / "guides"
PAGES = sorted(GUIDES.glob("*.md"))
CUSTOMERS = ("17850", "13047", "12583")
PATIENCE_SECONDS = 20.0
REFRESHES = bool(os.environ.get("EBBTIDE_REFRESH_GUIDES"))


@pytest.fixture
def key(store, settings):
    """A key that may do everything."""
    at = datetime(2026, 3, 1, tzinfo=UTC)
    made = new_key()
    store.database.write(
        partial(
            add_key,
            key=made,
            name="crm",
            scopes=frozenset(SCOPES),
            rate_limit=None,
            at=at,
            expires_at=at + timedelta(days=365),
            actor="test",
        )
    )
    return made.text


@pytest.fixture
def service(app, store, bundle, key):
    """The service with a key, whose stored snapshots are of three customers."""
    features = {
        "recency_days": [143.0, 12.0, 61.0],
        "spend_365d": [840.5, 2210.0, 390.0],
        "purchase_days_90d": [0.0, 9.0, 1.0],
        "discount_share_365d": [0.25, 0.0, 0.4],
        "complaints_90d": [2.0, 0.0, 1.0],
        "complaint_open_days": [9.5, float("nan"), 3.0],
        "payments_overdue": [0.0, 0.0, 0.0],
    }
    at = pd.Timestamp("2026-03-02", tz="UTC")
    frame = pd.DataFrame({"customer_id": CUSTOMERS, "as_of": at, **features})
    store.publish_snapshots(frame, basis=bundle.basis)
    with TestClient(app) as made:
        yield made


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_each_request_is_answered_as_it_is_shown(path, service, key, tmp_path):
    page = path.read_text(encoding="utf-8")
    write_files(page, tmp_path)
    known = {"EBBTIDE_KEY": key}
    answer, corrected = None, []
    for part in parts(page):
        if isinstance(part, Request):
            answer = sent(service, part.filled(known), tmp_path)
            known |= variables(content_of(answer))
        elif isinstance(part, Shown):
            corrected.append((part, checked(part, answer, path.stem)))
    assert answer is not None, "a guide without a request"
    if REFRESHES:
        for part, text in reversed(corrected):
            page = page[: part.start] + text + page[part.end :]
        path.write_text(page, encoding="utf-8")


def sent(service, request, folder):
    """Send a request, again while it is not what the guide waits for, and check its status."""
    body = request.body
    if request.body_file is not None:
        body = (folder / request.body_file).read_bytes()
    began = time.monotonic()
    while True:
        answer = service.request(
            request.method, request.path, content=body, headers=dict(request.headers)
        )
        good = range(200, 300) if request.expected_status is None else [request.expected_status]
        assert answer.status_code in good, (request.path, answer.text)
        if request.until is None or str(content_of(answer)[request.until[0]]) == request.until[1]:
            return answer
        assert time.monotonic() - began < PATIENCE_SECONDS, answer.text
        time.sleep(0.05)


def content_of(answer):
    is_json = "json" in answer.headers.get("content-type", "") and answer.content
    return answer.json() if is_json else None


def checked(shown, answer, page):
    """Check an answer that is shown; return it with the real values."""
    if shown.language == "csv":
        lines, real = shown.text.splitlines(), answer.text.splitlines()
        assert lines[0] == real[0], page
        return "\n".join(real[: len(lines)]) + "\n"
    content = json.loads(shown.text)
    found = differences(content, content_of(answer))
    if REFRESHES:
        found = [each for each in found if each.endswith("no such field")]
    assert found == [], (page, content_of(answer))
    return written(refreshed(content, content_of(answer)))


def test_a_wrong_answer_would_be_found():
    real = {"a": 1, "b": None, "c": [{"d": "x"}]}
    assert differences({"c": [{"d": "y"}], "a": 2.5}, real) == []
    assert differences({"a": "1"}, real) == ["/a: shown as string, but is number"]
    assert differences({"b": 1}, real) == ["/b: shown as number, but is null"]
    assert differences({"e": 1}, real) == ["/e: no such field"]
    assert differences({"c": [{"d": "x"}, {}]}, real) == ["/c: 2 are shown of 1"]
    assert refreshed({"c": [{"d": "y"}]}, real) == {"c": [{"d": "x"}]}


def test_requests_are_read_from_both_forms():
    page = """
```csv rows.csv
id
```
<!-- status: 422 -->
```bash
curl -s -X PATCH "$EBBTIDE_URL/v1/x/$JOB_ID" -H "X-Api-Key: $EBBTIDE_KEY" \\
  -d '{"a": "$JOB_ID"}'
```
```json
{"a": 1}
```
```json
{"not": "an answer"}
```
<!-- until: state=done -->
```http
GET /v1/x?cursor=$NEXT
Accept: text/csv
```
```bash
curl -s "$EBBTIDE_URL/v1/jobs" -H 'Content-Type: text/csv' --data-binary @rows.csv
```
"""
    file, patched, shown, got, posted = parts(page)
    assert file == File(name="rows.csv", text="id\n")
    filled = patched.filled({"JOB_ID": "j/1", "EBBTIDE_KEY": "k"})
    assert (filled.method, filled.path, filled.expected_status) == ("PATCH", "/v1/x/j%2F1", 422)
    assert (filled.headers, filled.body) == ({"X-Api-Key": "k"}, '{"a": "j/1"}')
    assert shown.text == '{"a": 1}\n'
    assert (got.until, got.headers) == (("state", "done"), {"Accept": "text/csv"})
    assert (posted.method, posted.body_file) == ("POST", "rows.csv")
