"""What features and events may be sent, as JSON schemas of the model that is being served.

The shapes of requests know features only as names with values. What is here fills that in, so that
a system that reads typed fields finds one for each feature and each column. The document is open to
everybody, so that no category of a company stands in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from ebbtide.contracts.tables import TABLES
from ebbtide.contracts.taken import MAX_ID_LENGTH

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ebbtide.contracts.feature import FeatureContract
    from ebbtide.contracts.tables import Column, ColumnKind, TableContract

MARK = "x-ebbtide-served"
"""Keyword of a schema that stands for features, changes or events until a model is known."""

Served = Literal["Features", "Changes", "Events", "RecordedEvents"]

_MAX_TEXT = 256
_TYPES: Mapping[ColumnKind, dict[str, Any]] = {
    "id": {"type": "string", "maxLength": _MAX_TEXT},
    "text": {"type": "string", "maxLength": _MAX_TEXT},
    "instant": {"type": "string", "format": "date-time"},
    "money": {"type": "number"},
    "number": {"type": "number"},
    "flag": {"type": "boolean"},
}


def marked(served: Served) -> dict[str, Any]:
    """Return what a shape's field says of its schema, to be filled in later."""
    return {MARK: served}


def served_schemas(features: Sequence[FeatureContract] | None) -> dict[str, dict[str, Any]]:
    """Return the component schemas that the marks stand for, by name.

    Parameters
    ----------
    features : of the served model, in its order; None if no model is served, and then they are
        objects of which nothing is known.

    Examples
    --------
    >>> schemas = served_schemas(None)
    >>> schemas["Features"]["type"], schemas["SurveysRow"]["required"]
    ('object', ['answered_at', 'metric', 'score'])
    """
    return {
        "Features": _features(features, "Values by feature name."),
        "Changes": _changes(features),
        **_events(),
        **_recorded_events(),
    }


def feature_schema(feature: FeatureContract) -> dict[str, Any]:
    """Return the schema of one feature's value: its type, range and meaning."""
    schema: dict[str, Any] = {"type": _type_of(feature)}
    if feature.is_nullable:
        schema["type"] = [schema["type"], "null"]
    if not feature.is_categorical:
        limits = {"minimum": feature.low, "maximum": feature.high}
        schema |= {name: limit for name, limit in limits.items() if limit is not None}
    return {**schema, "description": _said_of(feature)}


def _type_of(feature: FeatureContract) -> str:
    if feature.learned is None or feature.learned.kind == "number":
        return "number"
    return "boolean" if feature.learned.kind == "flag" else "string"


def _said_of(feature: FeatureContract) -> str:
    said = [_sentence(feature.meaning)]
    if feature.learned is not None and feature.learned.kind == "category":
        said.append("GET /v1/schema lists the categories that the model learned.")
    elif feature.learned is None:
        said.append(f"Unit: {feature.unit}.")
    if feature.when_null is not None:
        said.append(f"Missing means: {_sentence(feature.when_null.en)}")
    return " ".join(said)


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def _features(features: Sequence[FeatureContract] | None, said: str) -> dict[str, Any]:
    if features is None:
        return {"type": "object", "description": f"{said} No model is served yet."}
    schema: dict[str, Any] = {
        "type": "object",
        "description": f"{said} GET /v1/schema says more of each.",
        "properties": {feature.name: feature_schema(feature) for feature in features},
        "additionalProperties": False,
    }
    required = [feature.name for feature in features if not feature.is_nullable]
    return {**schema, "required": required} if required else schema


def _changes(features: Sequence[FeatureContract] | None) -> dict[str, Any]:
    schema = _features(features, "New values of one feature or more.")
    schema.pop("required", None)
    return schema


def _events() -> dict[str, dict[str, Any]]:
    rows = {_row_name(table): _row(table) for table in TABLES.values()}
    tables = {
        table.name: {
            "type": "array",
            "items": {"$ref": f"#/components/schemas/{_row_name(table)}"},
            "description": _sentence(table.meaning.capitalize()),
        }
        for table in TABLES.values()
    }
    events = {
        "type": "object",
        "description": "Raw rows by table; the same code as in training computes the features.",
        "properties": tables,
        "additionalProperties": False,
    }
    return {"Events": events, **rows}


def _recorded_events() -> dict[str, dict[str, Any]]:
    """Return the schemas of events of many customers: each row names its own."""
    text = {"type": "string", "minLength": 1, "maxLength": MAX_ID_LENGTH}
    named = {
        "customer_id": {**text, "description": "Id in your systems."},
        "event_id": {**text, "type": ["string", "null"], "description": "Your id of the event."},
    }
    rows = {
        f"Recorded{_row_name(table)}": {
            **row,
            "properties": {**named, **row["properties"]},
            "required": ["customer_id", *row["required"]],
        }
        for table in TABLES.values()
        for row in [_row(table)]
    }
    tables = {
        table.name: {
            "type": "array",
            "items": {"$ref": f"#/components/schemas/Recorded{_row_name(table)}"},
            "description": _sentence(table.meaning.capitalize()),
        }
        for table in TABLES.values()
    }
    events = {
        "type": "object",
        "description": "Rows by table, of any customers.",
        "properties": tables,
        "additionalProperties": False,
    }
    return {"RecordedEvents": events, **rows}


def _row_name(table: TableContract) -> str:
    return f"{table.name.capitalize()}Row"


def _row(table: TableContract) -> dict[str, Any]:
    return {
        "type": "object",
        "description": f"One row of the table {table.name}.",
        "properties": {column.name: _column(column) for column in _columns(table)},
        "required": [column.name for column in _columns(table) if column.is_required],
    }


def _columns(table: TableContract) -> list[Column]:
    """Return the columns of a row without the customer, who is named once for all rows."""
    return [column for column in table.columns if column.name != "customer_id"]


def _column(column: Column) -> dict[str, Any]:
    schema = dict(_TYPES[column.kind])
    if column.choices:
        schema = {"type": "string", "enum": list(column.choices)}
    limits = {"minimum": column.low, "maximum": column.high}
    schema |= {name: limit for name, limit in limits.items() if limit is not None}
    if not column.is_required:
        schema["type"] = [schema["type"], "null"]
    return {**schema, "description": _sentence(column.meaning[:1].upper() + column.meaning[1:])}
