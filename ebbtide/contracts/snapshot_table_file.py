"""The contract of a snapshot table as a TOML file that a person reads and edits."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ebbtide.causes import CAUSES, Cause
from ebbtide.contracts.snapshot_table import KINDS, ColumnContract, ColumnKind, TableContract
from ebbtide.errors import SettingsError, did_you_mean
from ebbtide.schema_wording import fault_in_words
from ebbtide.toml_file import TomlFile, toml_keys, toml_text

if TYPE_CHECKING:
    from pathlib import Path

_HEAD = """\
# What each column of the snapshot table holds, inferred from {rows} rows. Later data are checked
# against it. Edit it where it is wrong, and train again:
#   kind   number, category, flag (a category of no and yes) or ignored
#   low, high, categories (with rows), null_share   what may occur; beyond it there is a warning
#   unit   of a number, for the texts of reasons
#   cause  what the column is evidence of: {causes}

rows = {rows}
"""


class _Column(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    kind: ColumnKind
    null_share: float = Field(default=0.0, ge=0, le=1)
    low: float | None = None
    high: float | None = None
    categories: dict[str, Annotated[int, Field(ge=0)]] = {}
    unit: str = Field(default="", max_length=40)
    cause: Cause = "rival_or_unknown"
    why: str = ""

    @field_validator("categories")
    @classmethod
    def _are_texts(cls, categories: dict[str, int]) -> dict[str, int]:
        if any(text != text.strip() or not text for text in categories):
            raise ValueError("expected categories without blanks around them")
        return categories


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    rows: int = Field(ge=1)
    columns: dict[str, _Column] = Field(min_length=1)


def contract_text(contract: TableContract) -> str:
    """Write a contract as TOML; :func:`read_contract` reads it back."""
    causes = ", ".join(CAUSES)
    parts = [_HEAD.format(rows=contract.rows, causes=causes)]
    for column in contract.columns:
        lines = [f"[columns.{_key(column.name)}]", f"kind = {_quoted(column.kind)}"]
        if column.why:
            lines.append(f"why = {_quoted(column.why)}")
        if column.kind != "ignored":
            if column.unit:
                lines.append(f"unit = {_quoted(column.unit)}")
            if column.cause != "rival_or_unknown":
                lines.append(f"cause = {_quoted(column.cause)}")
            lines += [
                f"{name} = {value!r}"
                for name, value in (("low", column.low), ("high", column.high))
                if value is not None
            ]
        lines.append(f"null_share = {column.null_share!r}")
        if column.categories:
            lines.append(f"[columns.{_key(column.name)}.categories]")
            lines += [f"{_key(text)} = {count}" for text, count in column.categories.items()]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def read_contract(path: Path) -> TableContract:
    """Read a contract.

    Raises
    ------
    SettingsError
        If the file cannot be read or breaks its schema; every problem is named at once.
    """
    infer = "delete it and run: ebbtide contract"
    source = TomlFile(
        path=path,
        title="The contract of the snapshot table",
        if_absent=f"Expected the contract of the snapshot table at {str(path)!r}, found none. Make "
        f"it with: ebbtide contract",
        if_folder="Name the file in it: snapshot_table.contract in the project file.",
        if_refused=f"Mend that, or {infer}",
    )
    read = toml_keys(toml_text(source), name=source.name, advice=f"Correct it, or {infer}")
    try:
        file = _File.model_validate(read)
    except ValidationError as err:
        lines = [_problem(found) for found in err.errors(include_url=False)]
        raise SettingsError(_problems(path, lines)) from err
    lines = [line for name, column in file.columns.items() for line in _wrong(name, column)]
    if not any(column.kind != "ignored" for column in file.columns.values()):
        lines.append("columns: every column is ignored, so that there is nothing to learn from")
    if lines:
        raise SettingsError(_problems(path, lines))
    return TableContract(
        rows=file.rows,
        columns=tuple(
            ColumnContract(name=name, **dict(column)) for name, column in file.columns.items()
        ),
    )


def _wrong(name: str, column: _Column) -> list[str]:
    """Name what does not fit the kind of a column."""
    where, found = f"columns.{name}", []
    if column.kind in ("category", "flag") and not column.categories:
        found.append(f"{where}: a {column.kind} needs its categories, each with a number of rows")
    if column.kind == "flag" and len(column.categories) != 2:
        found.append(f"{where}: a flag has two categories, no before yes")
    if column.kind == "number" and column.categories:
        found.append(f"{where}: a number has no categories; take them out, or make it a category")
    if column.low is not None and column.high is not None and column.low > column.high:
        found.append(f"{where}: low is above high")
    return found


def _problems(path: Path, lines: list[str]) -> str:
    headline = f"The contract of the snapshot table {str(path)!r} has {len(lines)} problem(s):"
    return "\n".join([headline, *(f"  {line}" for line in lines)])


def _problem(problem: Any) -> str:
    keys = [str(key) for key in problem["loc"]]
    where = ".".join(keys) or "the file"
    if problem["type"] == "extra_forbidden":
        known = _File.model_fields if len(keys) == 1 else _Column.model_fields
        return f"{where}: unknown key; {did_you_mean(keys[-1], known)}"
    if problem["type"] == "literal_error":
        known_words = KINDS if keys[-1] == "kind" else tuple(CAUSES)
        return f"{where}: {did_you_mean(str(problem['input']), known_words)}"
    return f"{where}: {fault_in_words(where, problem)}"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _quoted(name)


def _quoted(text: str) -> str:
    """Write a text as a basic string of TOML, which is one of JSON but for the delete character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
