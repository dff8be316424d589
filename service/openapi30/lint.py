"""Rules that CRM systems set for an OpenAPI 3.0 document, and what breaks them.

Each rule names where it comes from. The specification itself is checked elsewhere, by a validator.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from service.openapi30.schemas import IDENTIFIER, REF

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SALESFORCE_SCHEMA = "Salesforce Help, External Services, Schema Definitions"
SALESFORCE_MEDIA = "Salesforce Help, External Services, OpenAPI 2.0 and 3.0 Support"
SALESFORCE_NAMES = "Salesforce Help, External Services, Naming and Description Conventions"
POWER_STRINGS = "Microsoft Learn, custom connectors, Connector String Guidance"
POWER_DEFINITION = "Microsoft Learn, Create a custom connector: 2.0 only (no unions), below 1 MB"
POWER_WADL = "MicrosoftDocs/BusinessApplicationPlatform-Connectors-public, issue 344"
POWER_SCHEMAS = "microsoft/PowerPlatformConnectors, issue 1088"
OPENAPI = "OpenAPI Specification 3.0.3"
OURS = "ours: what cannot be read as typed fields is of no use in a flow"

MAX_BYTES = 1_000_000
MAX_SCHEMAS = 512
MAX_OPERATION_ID = 40
"""Ours: half of the 80 characters that Salesforce long allowed for a name derived from it."""
MAX_DESCRIPTION = 1_333
MAX_SUMMARY = 80
MAX_TITLE = 30

_METHODS = ("get", "put", "post", "delete", "patch")
_TYPES = frozenset({"string", "number", "integer", "boolean", "array", "object"})
_JSON = "application/json"
_INNER = ("items", "additionalProperties", "not")

Document = dict[str, Any]
Schema = dict[str, Any]
Place = tuple[str, Any]
"""A JSON pointer and what is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One place where a document breaks a rule."""

    rule: str
    where: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule with its source; ``check`` yields the place and the kind of each violation."""

    name: str
    source: str
    check: Callable[[Document], Iterator[tuple[str, str]]]


def lint(document: Document) -> list[Finding]:
    """Return every violation of every rule.

    Examples
    --------
    >>> info = {"title": "Shop", "description": "A shop.", "version": "1"}
    >>> lint({"openapi": "3.0.3", "info": info, "paths": {}})
    []
    >>> [finding.rule for finding in lint({"openapi": "3.1.0", "info": info, "paths": {}})]
    ['version']
    """
    return [
        Finding(rule=rule.name, where=where, what=what)
        for rule in RULES
        for where, what in rule.check(document)
    ]


def _version(document: Document) -> Iterator[tuple[str, str]]:
    if not re.fullmatch(r"3\.0\.\d+", document["openapi"]):
        yield "/openapi", f"version {document['openapi']} is not 3.0"


def _size(document: Document) -> Iterator[tuple[str, str]]:
    size = len(json.dumps(document, ensure_ascii=False).encode())
    if size > MAX_BYTES:
        yield "", f"{size} bytes are more than {MAX_BYTES}"


def _title(document: Document) -> Iterator[tuple[str, str]]:
    title = document["info"]["title"]
    if len(title) > MAX_TITLE or re.search(r"\bapi\b", title, re.IGNORECASE):
        yield "/info/title", f"longer than {MAX_TITLE} characters, or says API"
    if not document["info"].get("description"):
        yield "/info", "no description"


def _only_json(document: Document) -> Iterator[tuple[str, str]]:
    for where, operation in _operations(document):
        bodies = {"requestBody": operation.get("requestBody", {}), **operation["responses"]}
        for name, body in bodies.items():
            for media_type in body.get("content", {}):
                if media_type != _JSON:
                    yield f"{where}/{name}", media_type


def _operation_ids(document: Document) -> Iterator[tuple[str, str]]:
    named = [(where, each.get("operationId", "")) for where, each in _operations(document)]
    counts = Counter(name for _, name in named)
    for where, name in named:
        if not IDENTIFIER.fullmatch(name):
            yield where, "no operationId that is an identifier"
        if len(name) > MAX_OPERATION_ID:
            yield where, f"operationId of {len(name)} characters, at most {MAX_OPERATION_ID}"
        if counts[name] > 1:
            yield where, "operationId that another operation has"


def _names(document: Document) -> Iterator[tuple[str, str]]:
    for name in document.get("components", {}).get("schemas", {}):
        if not IDENTIFIER.fullmatch(name):
            yield f"/components/schemas/{name}", "no identifier"
    for where, schema in _schemas(document):
        for name in schema.get("properties", {}):
            if not IDENTIFIER.fullmatch(name):
                yield f"{where}/properties/{name}", "no identifier"


def _summaries(document: Document) -> Iterator[tuple[str, str]]:
    for where, operation in _operations(document):
        summary = operation.get("summary", "")
        if not summary or len(summary) > MAX_SUMMARY:
            yield where, f"no summary of 1 to {MAX_SUMMARY} characters"
        elif "/" in summary or not summary[-1].isalnum():
            yield where, "summary with a slash, or that ends in punctuation"


def _descriptions(document: Document) -> Iterator[tuple[str, str]]:
    for where, operation in _operations(document):
        described = [(where, operation)]
        described += [
            (f"{where}/parameters/{place}", each)
            for place, each in enumerate(operation.get("parameters", []))
        ]
        for place, each in described:
            if not 1 <= len(each.get("description", "")) <= MAX_DESCRIPTION:
                yield place, f"no description of 1 to {MAX_DESCRIPTION} characters"


def _field_descriptions(document: Document) -> Iterator[tuple[str, str]]:
    for where, schema in _schemas(document):
        for name, field in schema.get("properties", {}).items():
            if "$ref" not in field and not field.get("description"):
                yield f"{where}/properties/{name}", "no description"


def _unions(document: Document) -> Iterator[tuple[str, str]]:
    for where, schema in _schemas(document):
        for keyword in ("anyOf", "oneOf", "allOf", "not"):
            if keyword in schema:
                yield where, keyword


def _newer_words(document: Document) -> Iterator[tuple[str, str]]:
    newer = ("const", "examples", "$defs", "prefixItems", "patternProperties", "propertyNames")
    for where, schema in _schemas(document):
        for keyword in newer:
            if keyword in schema:
                yield where, keyword
        for keyword in ("exclusiveMinimum", "exclusiveMaximum"):
            if not isinstance(schema.get(keyword, True), bool):
                yield where, f"{keyword} as a number"
        if None in schema.get("enum", ()):
            yield where, "null among the choices"


def _types(document: Document) -> Iterator[tuple[str, str]]:
    for where, schema in _schemas(document):
        if "$ref" in schema:
            continue
        if isinstance(schema.get("type"), list):
            yield where, "several types"
        elif schema.get("type") not in _TYPES:
            yield where, "no type" if "type" not in schema else "null or unknown type"
        elif schema["type"] == "array" and "items" not in schema:
            yield where, "array without items"
        elif schema["type"] == "array" and schema["items"].get("type") == "array":
            yield where, "array of arrays"
        elif schema["type"] == "object" and not schema.get("properties"):
            yield where, "object without properties"


def _maps(document: Document) -> Iterator[tuple[str, str]]:
    for where, schema in _schemas(document):
        if schema.get("additionalProperties", False) is not False:
            yield where, "map of unknown names"


def _references(document: Document) -> Iterator[tuple[str, str]]:
    known = document.get("components", {}).get("schemas", {})
    for where, schema in _schemas(document):
        if "$ref" not in schema:
            continue
        if len(schema) > 1:
            yield where, "words beside a reference, which 3.0 passes over"
        if schema["$ref"].removeprefix(REF) not in known:
            yield where, "reference to nothing"


def _path_parameters(document: Document) -> Iterator[tuple[str, str]]:
    for path, item in document["paths"].items():
        wanted = set(re.findall(r"{([^}]+)}", path))
        for method in _METHODS:
            declared = {
                each["name"]
                for each in item.get(method, {}).get("parameters", [])
                if each["in"] == "path" and each.get("required")
            }
            if method in item and declared != wanted:
                yield f"/paths{path}/{method}", "path parameters that are not those of the path"


def _parameter_types(document: Document) -> Iterator[tuple[str, str]]:
    for where, operation in _operations(document):
        for each in operation.get("parameters", []):
            if each.get("schema", {}).get("type") not in _TYPES - {"array", "object"}:
                yield f"{where}/parameters", "parameter that is no single value"


def _answers(document: Document) -> Iterator[tuple[str, str]]:
    for where, operation in _operations(document):
        good = {s: each for s, each in operation["responses"].items() if s.startswith("2")}
        if not good:
            yield where, "no answer with a status of 2xx"
        for status, response in good.items():
            for content in response.get("content", {}).values():
                if _resolved(content.get("schema", {}), document).get("type") != "object":
                    yield f"{where}/{status}", "answer that is no object"


def _get_bodies(document: Document) -> Iterator[tuple[str, str]]:
    for where, operation in _operations(document):
        if where.endswith(("/get", "/delete")) and "requestBody" in operation:
            yield where, "body in a request that has none"


def _counts(document: Document) -> Iterator[tuple[str, str]]:
    for name, schema in document.get("components", {}).get("schemas", {}).items():
        count = sum(1 for _ in _within("", schema))
        if count > MAX_SCHEMAS:
            yield f"/components/schemas/{name}", f"{count} schemas, at most {MAX_SCHEMAS}"


RULES: tuple[Rule, ...] = (
    Rule(name="version", source=SALESFORCE_MEDIA, check=_version),
    Rule(name="size", source=POWER_DEFINITION, check=_size),
    Rule(name="title", source=POWER_STRINGS, check=_title),
    Rule(name="only-json", source=SALESFORCE_MEDIA, check=_only_json),
    Rule(name="operation-id", source=SALESFORCE_NAMES, check=_operation_ids),
    Rule(name="names", source=SALESFORCE_NAMES, check=_names),
    Rule(name="summary", source=POWER_STRINGS, check=_summaries),
    Rule(name="description", source=SALESFORCE_NAMES, check=_descriptions),
    Rule(name="field-description", source=POWER_STRINGS, check=_field_descriptions),
    Rule(name="no-unions", source=POWER_DEFINITION, check=_unions),
    Rule(name="no-newer-words", source=OPENAPI, check=_newer_words),
    Rule(name="one-type", source=SALESFORCE_SCHEMA, check=_types),
    Rule(name="no-maps", source=OURS, check=_maps),
    Rule(name="bare-references", source=OPENAPI, check=_references),
    Rule(name="path-parameters", source=OPENAPI, check=_path_parameters),
    Rule(name="single-parameters", source=POWER_WADL, check=_parameter_types),
    Rule(name="object-answers", source=OURS, check=_answers),
    Rule(name="no-get-bodies", source=SALESFORCE_SCHEMA, check=_get_bodies),
    Rule(name="few-schemas", source=POWER_SCHEMAS, check=_counts),
)
"""Every rule; the answer to why a limit stands is its source."""


def _operations(document: Document) -> Iterator[Place]:
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                yield f"/paths{path}/{method}", item[method]


def _schemas(document: Document) -> Iterator[Place]:
    for name, schema in document.get("components", {}).get("schemas", {}).items():
        yield from _within(f"/components/schemas/{name}", schema)
    for where, operation in _operations(document):
        bodies = {"requestBody": operation.get("requestBody", {}), **operation["responses"]}
        for name, body in bodies.items():
            for content in body.get("content", {}).values():
                yield from _within(f"{where}/{name}", content.get("schema", {}))


def _within(where: str, schema: Schema) -> Iterator[Place]:
    yield where, schema
    for name, inner in schema.get("properties", {}).items():
        yield from _within(f"{where}/properties/{name}", inner)
    for keyword in _INNER:
        if isinstance(schema.get(keyword), dict):
            yield from _within(f"{where}/{keyword}", schema[keyword])
    for keyword in ("anyOf", "oneOf", "allOf"):
        for place, inner in enumerate(schema.get(keyword, ())):
            yield from _within(f"{where}/{keyword}/{place}", inner)


def _resolved(schema: Schema, document: Document) -> Schema:
    name = schema.get("$ref", "").removeprefix(REF)
    found: Schema = document.get("components", {}).get("schemas", {}).get(name, schema)
    return found
