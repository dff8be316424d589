"""Bodies that are no JSON, or too much of it; every route that takes JSON answers so."""

# fmt: off
from __future__ import annotations

import gzip
import zlib

from bad_requests.bad import refused
from bad_requests.bodies import JSON

JSON_TYPE = "Expected the header Content-Type: application/json, the body in UTF-8 and not compressed. Set the header, and send the body plainly."
NOT_FINITE = "Expected a JSON object in UTF-8 after RFC 8259, but NaN and Infinity are no JSON; write null for a missing value. Mend the body."
EMPTY = "Expected a JSON object in UTF-8 after RFC 8259, but it is empty. Mend the body."
NOT_UTF8 = "Expected a JSON object in UTF-8 after RFC 8259, but it is not UTF-8. Mend the body."
TOO_DEEP = "Expected a JSON object in UTF-8 after RFC 8259, but it is nested too deeply. Mend the body."

TABLE = [
    *refused(
        "*",
        ("empty", "", JSON, b"", "malformed-json", EMPTY),
        ("white space", "", JSON, b"  \n", "malformed-json", EMPTY),
        ("cut off", "", JSON, b'{"customer_id": "c-', "malformed-json", "Expected a JSON object in UTF-8 after RFC 8259, but it breaks off or goes wrong at line 1, column 17. Mend the body."),
        ("two values", "", JSON, b"{} {}", "malformed-json", "Expected a JSON object in UTF-8 after RFC 8259, but it breaks off or goes wrong at line 1, column 4. Mend the body."),
        ("single quotes", "", JSON, b"{'customer_id': 1}", "malformed-json", "Expected a JSON object in UTF-8 after RFC 8259, but it breaks off or goes wrong at line 1, column 2. Mend the body."),
        ("a comment", "", JSON, b"{} // fine", "malformed-json", "Expected a JSON object in UTF-8 after RFC 8259, but it breaks off or goes wrong at line 1, column 4. Mend the body."),
        ("a comma too many", "", JSON, b'{"customer_id": "c",}', "malformed-json", "Expected a JSON object in UTF-8 after RFC 8259, but it breaks off or goes wrong at line 1, column 21. Mend the body."),
        ("NaN", "", JSON, b'{"customer_id": "c", "value": NaN}', "malformed-json", NOT_FINITE),
        ("Infinity", "", JSON, b'{"customer_id": "c", "value": Infinity}', "malformed-json", NOT_FINITE),
        ("-Infinity", "", JSON, b'{"customer_id": "c", "value": -Infinity}', "malformed-json", NOT_FINITE),
        ("a name twice", "", JSON, b'{"customer_id": "a", "customer_id": "b"}', "malformed-json", "Expected a JSON object in UTF-8 after RFC 8259, but an object holds the same name twice. Mend the body."),
        ("a raw control character", "", JSON, b'{"customer_id": "a\0b"}', "malformed-json", "Expected a JSON object in UTF-8 after RFC 8259, but it breaks off or goes wrong at line 1, column 19. Mend the body."),
        ("not UTF-8", "", JSON, b'{"customer_id": "\xff"}', "malformed-json", NOT_UTF8),
        ("a raw surrogate", "", JSON, b'{"customer_id": "\xed\xa0\x80"}', "malformed-json", NOT_UTF8),
        ("UTF-16", "", JSON, '{"customer_id": "a"}'.encode("utf-16"), "malformed-json", NOT_UTF8),
        ("a byte order mark", "", JSON, b"\xef\xbb\xbf{}", "malformed-json", "Expected a JSON object in UTF-8 after RFC 8259, but it breaks off or goes wrong at line 1, column 1. Mend the body."),
        ("nested 100,000 deep", "", JSON, b"[" * 100_000, "malformed-json", TOO_DEEP),
        ("objects nested 10,000 deep", "", JSON, b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "malformed-json", TOO_DEEP),
        ("30,000 empty arrays", "", JSON, b"[" + b"[]," * 30_000 + b"[]]", "body-too-large", "Expected at most 25000 values in a body. Send fewer rows or events at once."),
        ("200,001 bytes", "", JSON, b" " * 200_001, "body-too-large", "Expected at most 200000 bytes. Send fewer rows or events at once."),
        ("an HTML form", "", {"Content-Type": "application/x-www-form-urlencoded"}, b"customer_id=c-1", "unsupported-media-type", JSON_TYPE),
        ("a multipart form", "", {"Content-Type": "multipart/form-data; boundary=x"}, b"--x--", "unsupported-media-type", JSON_TYPE),
        ("no Content-Type", "", {}, b"{}", "unsupported-media-type", JSON_TYPE),
        ("text/json", "", {"Content-Type": "text/json"}, b"{}", "unsupported-media-type", JSON_TYPE),
        ("Latin-1", "", {"Content-Type": "application/json; charset=latin-1"}, b"{}", "unsupported-media-type", JSON_TYPE),
        ("problem+json", "", {"Content-Type": "application/problem+json"}, b"{}", "unsupported-media-type", JSON_TYPE),
        ("gzip", "", JSON | {"Content-Encoding": "gzip"}, b"\x1f\x8b", "unsupported-media-type", JSON_TYPE),
        ("deflate", "", JSON | {"Content-Encoding": "deflate"}, zlib.compress(b" " * 10_000_000), "unsupported-media-type", JSON_TYPE),
        ("brotli", "", JSON | {"Content-Encoding": "br"}, b"{}", "unsupported-media-type", JSON_TYPE),
        ("gzip without saying so", "", JSON, gzip.compress(b"{}", mtime=0), "malformed-json", NOT_UTF8),
    ),
]
