"""What the OpenAPI document says of files that come and go."""

from __future__ import annotations

from typing import Any

from service.jobs.receiving import JSON, MEDIA_TYPES
from service.jobs.results import FORMATS
from service.jobs.shapes import JobRequest
from service.openapi import json_body

_FILE = {"schema": {"type": "string", "format": "binary"}}
_JSON = json_body(JobRequest, {"rows": "stored"})["requestBody"]["content"][JSON]

FILE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "A file, or the JSON object that asks for every stored snapshot.",
        "content": {JSON: _JSON, **dict.fromkeys(MEDIA_TYPES, _FILE)},
    }
}
"""The body of ``POST /v1/jobs``."""

RESULTS: dict[str, Any] = {
    "description": "A result for each row, in their order.",
    "content": dict.fromkeys(FORMATS.values(), _FILE),
}
"""The answer of ``GET /v1/jobs/{job_id}/results``."""
