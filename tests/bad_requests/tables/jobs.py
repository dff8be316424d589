"""Bad files, and bad requests about jobs."""

# fmt: off
from __future__ import annotations

from bad_requests.bad import asked, faults, refused, sent_to
from bad_requests.bodies import (
    CELLS,
    CSV,
    JSON,
    LATER,
    LINES,
    PARQUET,
    features,
    lines,
    row,
    seeded,
    table,
)

FILE_TYPE = "Expected Content-Type to be one of text/csv, application/x-ndjson, application/jsonl, application/vnd.apache.parquet, application/json, text in UTF-8, and the file not compressed. Set the header, and send the file plainly."
NO_JOB = "Expected the id of a job of yours that is still kept, and there is none by this id. GET /v1/jobs lists them."
SEPARATOR = "Expected columns separated by commas, but the first line holds no comma and another separator. Save the file as CSV with commas."
NO_HEAD = "Expected a first line that names the columns, customer_id among them, but it is missing. Name the columns as POST /v1/score does."
DAYS = "a number of 0 or more (days)"

TABLE = [
    *refused(
        "POST /v1/jobs",
        ("no Content-Type", "", {}, table(), "unsupported-file-type", FILE_TYPE),
        ("Excel", "", {"Content-Type": "application/vnd.ms-excel"}, b"PK", "unsupported-file-type", FILE_TYPE),
        ("a form", "", {"Content-Type": "multipart/form-data; boundary=x"}, b"--x--", "unsupported-file-type", FILE_TYPE),
        ("another charset", "", {"Content-Type": "text/csv; charset=utf-16"}, table(), "unsupported-file-type", FILE_TYPE),
        ("gzip", "", CSV | {"Content-Encoding": "gzip"}, b"\x1f\x8b", "unsupported-file-type", FILE_TYPE),
        ("a file that is too large", "", CSV, b"x" * 300_001, "body-too-large", "Expected a file of at most 300000 bytes. Split it over several jobs."),
        ("a declared length that is too large", "", CSV | {"Content-Length": "50000000000"}, b"x", "body-too-large", "Expected a file of at most 300000 bytes. Split it over several jobs."),
        ("JSON that is none", "", JSON, b"{", "malformed-json", "Expected a JSON object in UTF-8 after RFC 8259, but it breaks off or goes wrong at line 1, column 2. Mend the body."),
        ("a JSON body that is too large", "", JSON, b" " * 200_001, "body-too-large", "Expected at most 200000 bytes. Send fewer rows or events at once."),
    ),
    *asked(
        "POST /v1/jobs",
        ("language unknown", "/v1/jobs?language=de", "/language", "'en' or 'zh'", "other text"),
        ("reasons a word", "/v1/jobs?reasons=maybe", "/reasons", "true or false", "other text"),
        ("another parameter", "/v1/jobs?lang=zh", "", "only language, reasons", "unknown parameter"),
    ),
    *faults(
        "POST /v1/jobs",
        ("rows of another kind", {"rows": []}, "", '{"rows": "stored"}', "something else"),
        ("rows of all", {"rows": "all"}, "", '{"rows": "stored"}', "something else"),
        ("an array", [], "", '{"rows": "stored"}', "something else"),
        ("null", None, "", '{"rows": "stored"}', "something else"),
    ),
    *sent_to(
        "POST /v1/jobs",
        ("an empty file", "", CSV, b"", "", "a file", "empty body"),
    ),
    *refused(
        "POST /v1/jobs",
        ("separated by semicolons", "", CSV, table(b"c-1;143").replace(b",", b";"), "file-unreadable", SEPARATOR),
        ("separated by tabs", "", CSV, table().replace(b",", b"\t"), "file-unreadable", SEPARATOR),
        ("no first line", "", CSV, b"c-1,143\n", "file-unreadable", NO_HEAD),
        ("a column unknown", "", CSV, b"customer_id,recency\nc-1,1\n", "file-unreadable", "Expected the columns customer_id, as_of, value, contact_opt_out, interval, reasons and the features that GET /v1/schema lists, each once, but column 2 is not known (did you mean 'recency_days'?). Rename or drop 1 column(s)."),
        ("a column twice", "", CSV, b"customer_id,value,value\nc-1,1,2\n", "file-unreadable", "Expected the columns customer_id, as_of, value, contact_opt_out, interval, reasons and the features that GET /v1/schema lists, each once, but column 3 repeats an earlier name. Rename or drop 1 column(s)."),
        ("a quote that is not closed", "", CSV, table(b'"c-1,143'), "file-unreadable", "Expected CSV after RFC 4180, but the quotes of the record that ends at byte 135 are broken. Close each quote, and double those within a cell."),
        ("UTF-16", "", CSV, "customer_id,value".encode("utf-16"), "file-unreadable", "Expected a CSV file, but it begins as a text in UTF-16; save it in UTF-8."),
        ("a first line in Latin-1", "", CSV, b"customer_id,\xe9\n", "file-unreadable", "Expected the columns customer_id, as_of, value, contact_opt_out, interval, reasons and the features that GET /v1/schema lists, each once, but column 2 is not known (see GET /v1/schema). Rename or drop 1 column(s)."),
        ("NUL bytes", "", CSV, b"\0" * 100, "file-unreadable", NO_HEAD),
        ("a Parquet file called CSV", "", CSV, b"PAR1" + seeded(100), "file-unreadable", "Expected a CSV file, but it begins as a Parquet file; send it as application/vnd.apache.parquet."),
        ("a gzip file called CSV", "", CSV, b"\x1f\x8b" + seeded(100), "file-unreadable", "Expected a CSV file, but it begins as a gzip archive; send it unpacked."),
        ("half a Parquet file", "", PARQUET, b"PAR1" + seeded(500), "file-unreadable", "Expected a whole Parquet file, but its end is missing. Write it to the end, then send it again."),
        ("a CSV file called Parquet", "", PARQUET, table(b"c-1,143,,,,,"), "file-unreadable", "Expected a Parquet file, but it does not begin as one. Send the file itself, or name its kind in Content-Type."),
        ("a Parquet file of noise", "", PARQUET, b"PAR1" + seeded(200) + b"\xff\xff\xff\x7fPAR1", "file-unreadable", "Expected a whole Parquet file, but it cannot be read: it is broken off, broken, encrypted or packed in a way that is not read. Write it again."),
        told_in="job",
    ),
    *refused(
        "POST /v1/jobs",
        ("a cell too few", "", CSV, table(b"c-1,143"), "invalid-request", "Expected 8 cells, as many as the first line has, but the record has 2. Quote cells that hold commas."),
        ("a cell in Latin-1", "", CSV, table(b"c-\xe9," + CELLS), "invalid-request", "Expected UTF-8, but a cell of the record is in another encoding. Save the file in UTF-8."),
        ("a line that is no JSON", "", LINES, b"{broken\n", "malformed-json", "Expected a JSON object in UTF-8 after RFC 8259, but it breaks off or goes wrong at line 1, column 2. Mend the body."),
        ("a line with NaN", "", LINES, b'{"customer_id": "c-1", "value": NaN}\n', "malformed-json", "Expected a JSON object in UTF-8 after RFC 8259, but NaN and Infinity are no JSON; write null for a missing value. Mend the body."),
        ("a line with a name twice", "", LINES, b'{"customer_id": "a", "customer_id": "b"}\n', "malformed-json", "Expected a JSON object in UTF-8 after RFC 8259, but an object holds the same name twice. Mend the body."),
        ("a line nested deeply", "", LINES, b'{"a":' * 50_000 + b"\n", "body-too-large", "Expected a line of at most 200000 bytes. Send fewer events in a row."),
        ("a customer unknown", "", LINES, lines({"customer_id": "nobody"}), "unknown-customer", "Expected a customer with a stored snapshot, and there is none at or before as_of. Send features or events in the request, or run: ebbtide score --publish."),
        told_in="row",
    ),
    *sent_to(
        "POST /v1/jobs",
        ("a number with a comma as decimal mark", "", CSV, table(b'c-1,143,"840,5",0,0.25,2,,0'), "/spend_365d", "a number of 0 or more (currency)", "string"),
        ("a word for a number", "", CSV, table(b"c-1,soon,840.5,0,0.25,2,,0"), "/recency_days", DAYS, "string"),
        ("a number out of range", "", CSV, table(b"c-1,143,840.5,91,0.25,2,,0"), "/purchase_days_90d", "a number from 0 to 90 (days)", "number out of range"),
        ("NaN for a number", "", CSV, table(b"c-1,NaN,840.5,0,0.25,2,,0"), "/recency_days", DAYS, "string"),
        ("an empty cell that is never missing", "", CSV, table(b"c-1,,840.5,0,0.25,2,,0"), "/recency_days", "a number (days); this feature is never missing", "null"),
        ("no customer", "", CSV, table(b"," + CELLS), "/customer_id", "a string of 1 to 128 printable characters", "null"),
        ("a line that is an array", "", LINES, lines(features(), [1]), "", "an object", "array"),
        ("a line about the future", "", LINES, lines(row(as_of=LATER)), "/as_of", "an instant that is not in the future", "instant in the future"),
        told_in="row",
    ),
    *asked(
        "GET /v1/jobs",
        ("limit 0", "/v1/jobs?limit=0", "/limit", "a number of 1 or more", "number out of range"),
        ("limit 101", "/v1/jobs?limit=101", "/limit", "a number of 100 or less", "number out of range"),
        ("a cursor that is none", "/v1/jobs?cursor=x", "/cursor", "next_cursor of the page before, of the same list", "another text"),
        ("limit twice", "/v1/jobs?limit=1&limit=2", "/limit", "each parameter once", "it twice"),
        ("another parameter", "/v1/jobs?page=2", "", "only limit, cursor", "unknown parameter"),
    ),
    *refused(
        "GET /v1/jobs/{job_id}",
        ("an unknown job", "/v1/jobs/" + "0" * 32, {}, None, "unknown-job", NO_JOB),
        ("no id of a job", "/v1/jobs/..%2F..%2Fetc", {}, None, "not-found", "Expected one of the addresses that /openapi.json lists. Check the path."),
    ),
    *refused(
        "POST /v1/jobs/{job_id}/cancel",
        ("an unknown job", "/v1/jobs/" + "0" * 32 + "/cancel", {}, None, "unknown-job", NO_JOB),
    ),
    *refused(
        "GET /v1/jobs/{job_id}/results",
        ("an unknown job", "/v1/jobs/" + "0" * 32 + "/results", {}, None, "unknown-job", NO_JOB),
        ("a job that is not done", "/v1/jobs/{job}/results", {}, None, "job-not-done", "Expected a job that is done, but the job is queued. Ask again when GET /v1/jobs/{job_id} says done."),
    ),
    *asked(
        "GET /v1/jobs/{job_id}/results",
        ("a format unknown", "/v1/jobs/{job}/results?format=xlsx", "/format", "'jsonl', 'csv' or 'parquet'", "other text"),
        ("another parameter", "/v1/jobs/{job}/results?as=csv", "", "only format", "unknown parameter"),
    ),
]
